"""The messages of HTTP as plain data, used by every room."""

from __future__ import annotations

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order in which they stand, repeated ones apart."""
