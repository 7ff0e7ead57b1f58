"""The forms in which a value can appear in a file: raw, and encoded."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

MIN_CHARS = 8
"""Values shorter than this are not searched for: chance would find them everywhere."""


LEAST_ANY_CASE = 12
"""Characters of a value, with a digit, that is also found in another case: chance writes no such one, words it may."""


def in_any_case(value: str) -> bool:
    """Whether a value is also searched for in capitals and in small letters, as names of headers and variables are."""
    mixed = value.isascii() and any(c.isdigit() for c in value) and value.upper() != value.lower()
    return mixed and len(value) >= LEAST_ANY_CASE


def forms(value: str) -> dict[str, str]:
    """Return form name → text for every distinct form of ``value``; empty for a value that is too short."""
    if len(value) < MIN_CHARS:
        return {}
    quoted = quote(value, safe="")
    as_json = json.dumps(value)[1:-1]
    slashed = as_json.replace("/", "\\/")
    found = {
        "raw": value,
        "url": quoted,
        "url, lower case": re.sub("%[0-9A-F]{2}", lambda m: m[0].lower(), quoted),
        "url, plus": quote_plus(value),
        "url, twice": quote(quoted, safe=""),
        "json": as_json,
        "json, slashes": slashed,
        "json, twice": json.dumps(as_json)[1:-1],
        "json, twice, slashes": json.dumps(slashed)[1:-1],
        "html": html.escape(value),
        "repr": repr(value)[1:-1],
        "hex": value.encode().hex(),
        "hex, upper case": value.encode().hex().upper(),
    }
    if in_any_case(value):
        found |= {"upper case": value.upper(), "lower case": value.lower(), "title": value.title()}
    for offset in range(3):
        found[f"base64, offset {offset}"] = _base64(value, offset, url_safe=False)
        found[f"base64url, offset {offset}"] = _base64(value, offset, url_safe=True)
    distinct: dict[str, str] = {}
    for name, text in found.items():
        if text not in distinct.values():
            distinct[name] = text
    return distinct


def forms_to_redact(value: str) -> tuple[str, ...]:
    """Return every form to take out of a text, the longest first.

    Base64 of the secret alone, such as the credentials of HTTP Basic, includes its padding.
    """
    found = tuple(forms(value).values())
    whole = (
        [encode(value.encode()).decode() for encode in (base64.b64encode, base64.urlsafe_b64encode)] if found else []
    )
    return tuple(sorted({*found, *whole}, key=len, reverse=True))


def _base64(value: str, offset: int, *, url_safe: bool) -> str:
    """Return the base64 of ``value`` at that offset of a group, without characters that depend on its surroundings."""
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    raw = value.encode()
    text = encode(b"\0" * offset + raw).decode()
    # The first and last characters also carry bits of unknown neighbours.
    return text[(offset * 8 + 5) // 6 : (offset + len(raw)) * 8 // 6]
