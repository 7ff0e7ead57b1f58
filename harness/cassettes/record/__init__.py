"""Recording: through the scenario itself, and through a reverse proxy."""
