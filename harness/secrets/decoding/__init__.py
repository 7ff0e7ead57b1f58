"""Encoded texts decoded layer by layer; every byte of a layer knows where it is in the text."""
