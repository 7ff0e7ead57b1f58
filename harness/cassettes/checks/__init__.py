"""Checks of recordings: their age, their use, secrets in them, the current provider."""
