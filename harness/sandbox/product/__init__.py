"""The reference Product API."""
