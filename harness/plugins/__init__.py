"""The pytest side: each plugin translates pytest's events into calls on the rooms, and nothing more."""
