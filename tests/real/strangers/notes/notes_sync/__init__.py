"""Keeps notes in Kinto."""
