"""Values of headers beyond ASCII, as they come over the wire."""

from __future__ import annotations

from collections.abc import Mapping

VALUES: Mapping[str, bytes] = {
    "iso-8859-1": "Zürich".encode("latin-1"),
    "utf-8": "Zürich".encode(),
    "beyond-iso-8859-1": "北京".encode(),
    "koi8-r": "Ж".encode("koi8-r"),
    "neither": b"\x80 \xff\xa0x",
    "both": "ü".encode() + b"\xfc",
}
