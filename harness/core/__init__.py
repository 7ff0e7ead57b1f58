"""What every room needs: pointers, YAML, dates, files."""
