"""Resilience: the client is judged by what a faulty server sees, whatever language it is written in."""
