"""Texts that source code and JSON write in pieces: ``"abc" + "def"``, and lists of single characters."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator

_SIGN_OF = {**dict.fromkeys(string.ascii_letters + string.digits, "a"), **dict.fromkeys("\"'`", "q")}
_SIGN_OF |= dict.fromkeys("+.&\n", "j")
_SIGNS = bytes(ord(_SIGN_OF.get(chr(c), "\0")) for c in range(256))
_UNSEEN = b" \t\r\\"
_ALONE, _JOINED = b"qaq", (b"qjq", b"qjjq")
"""What a text in pieces has: a letter alone between quotation marks, or what joins two literals."""
_QUOTE, _SPACE = rb"(?:\\\\{0,6}+[\"'`]|\"|'|`)", rb"[\s\\]{0,40}+"  # found faster than `\\{0,7}+["'`]`
_JOINT = re.compile(rb"%b[ \t\r\\]{0,40}+[+.&\n][\s\\+.&]{0,40}+[\"'`]" % _QUOTE)
"""Between two literals, as languages join them. A comma parts two texts, and is only within lists of characters."""
_CHARACTER = rb"%b(\\.|[^\\])%b" % (_QUOTE, _QUOTE)
_LIST = re.compile(rb"%b(?:%b[,+.&]?%b%b){3,}" % (_CHARACTER, _SPACE, _SPACE, _CHARACTER), re.DOTALL)
_ELEMENT = re.compile(_CHARACTER, re.DOTALL)


def joints(data: bytes, within: Callable[[bytes, int, int], bool]) -> Iterator[tuple[int, int, bytes]]:
    """Yield start and end of what is between two pieces of one text, in order, and what it stands for.

    ``within`` returns whether what is on both sides of a part of a text may be one value that it parts.
    """
    dense, found = data.translate(_SIGNS, _UNSEEN), list[tuple[int, int, bytes]]()
    if any(sign in dense for sign in _JOINED):
        found += ((*joint.span(), b"") for joint in _JOINT.finditer(data) if within(data, *joint.span()))
    if _ALONE in dense:
        for characters in _LIST.finditer(data):
            end = characters.start()
            for element in _ELEMENT.finditer(data, *characters.span()):
                found.append((end, element.end(1), element[1]))
                end = element.end(1)
    until = -1
    for start, end, plain in sorted(found):
        if start >= until:
            yield start, end, plain
            until = end
