"""Cassette files: read, parsed once, written whole, with what belongs beside them."""
