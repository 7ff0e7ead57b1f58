"""Playing a recording: to the scenario itself, and to clients in any language."""
