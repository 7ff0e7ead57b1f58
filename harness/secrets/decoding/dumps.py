"""Dumps in hexadecimal, as hexdump, xxd and ``curl --trace`` write them: an address, some bytes, and their letters."""

from __future__ import annotations

import re

from harness.secrets.decoding.decoded import Decoded

_SECOND = re.compile(rb"\n[ \t]{0,8}[0-9A-Fa-f]{0,12}0010:?[ \t]{1,4}[0-9A-Fa-f]{2}")
"""Begins the second line of most."""
_LINE = re.compile(
    rb"(?:\A|(?<=\n))[ \t]{0,8}[0-9A-Fa-f]{4,16}:?[ \t]{1,4}"
    rb"((?:[0-9A-Fa-f]{2}[ ]{0,2}){1,16})(?=[ \t\r\n|]|\Z|(?<=[ ])).*"
)


def may_be_dump(data: bytes) -> bool:
    """Whether a text may hold a dump of more than one line."""
    return bool(_SECOND.search(data))


def dumped(data: bytes) -> Decoded | None:
    """Return the bytes of each dump in a text; None where there is none. Each line stands for all that it shows."""
    decoded, end = Decoded(), -1
    for found in _LINE.finditer(data):
        if found.start() != end + 1:
            decoded.separate(found.start())
        digits = found[1].replace(b" ", b"")
        decoded.put(bytes.fromhex(digits.decode()), found.start(1), found.end(), "hex dump")
        end = found.end()
    return decoded if decoded.size else None
