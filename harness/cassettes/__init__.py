"""Cassettes: interactions recorded once and played back offline, in vcrpy's format."""
