"""Secrets that nobody declared, found by their structure: keys of vendors, tokens, fields whose names mean secrets.

Redaction takes out too much rather than too little. Here a false alarm does harm, so a value must look like a secret
where it stands: `stand_ins` has what does not. The time is linear: cheap searches for fixed texts find the places, and
at each a bounded part is examined.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from harness.secrets.detection.key_shapes import JWT, KEY_SHAPES, PRIVATE_KEY, KeyShape
from harness.secrets.detection.secret_names import names_secret
from harness.secrets.detection.stand_ins import is_plain, stands_in

MOST_CHARS = 4096
"""Of one secret that are examined; a private key of RSA with 4096 bits has 3,300."""
_NAME_CHARS = 60
_LEAST_PASSWORD, _LEAST_TOKEN = 6, 12
_SHAPES = tuple((re.compile(shape.pattern, re.ASCII), shape) for shape in KEY_SHAPES)

_SCHEMES = ("bearer ", "basic ", "bearer%20", "basic%20")
_CREDENTIAL = re.compile(r"(?i)(bearer|basic)(?: {1,4}|%20)([\w+/=.~-]{16,2000})", re.ASCII)
_USERINFO = re.compile(r"://([^/\s:@\"'<>]{0,200}):([^/\s@\"'<>]{1,200})@[\w\[]")
_TYPED = ("password", "passwd", "pass", "pwd", "pw", "secret", "token", "key")
"""What stands for a password in documentation."""
_COOKIE = re.compile(r"(?i)(?:set-)?cookie\\{0,3}[\"']?\s{0,4}[:=,]\s{0,4}\[?\\{0,3}[\"']?([^\r\n\"']{1,2000})")
_SESSION = re.compile(r"(?i)sess|sid$|auth|token|jwt|remember|identity|login")
_COOKIE_VALUE = 16
_KEY_TEXT = re.compile(r"[A-Za-z0-9+/=]{32}")

_WORDS = (
    *("passw", "passphrase", "passcode", "pwd", "secret", "token", "key", "credential", "jwt", "authorization"),
    *("assertion", "code_verifier"),
)
_QUOTE = r"\\{0,7}[\"'`]"
_TO_VALUE = re.compile(
    rf"([\w\]-]{{0,24}})((?:{_QUOTE})?)(?:\s{{0,4}},\s{{0,4}}{_QUOTE}value{_QUOTE}\s{{0,4}}:|[ \t]{{0,8}}(?:=>|[:=>,]))"
    rf"[ \t]{{0,8}}(\[?(?:b?{_QUOTE})?)",
    re.ASCII,
)
_BARE = re.compile(r"[^\s\"'&,;<>(){}\[\]\\|`]{1,2000}")
_OF_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-["
_PASSWORD = re.compile(r"(?i)passw|pwd|passphrase|passcode")
_HARMLESS = re.compile(r"(?i)[cx]srf|authenticity|verification|public|device|push|type$|_id$|name$|hash|digest")
"""Names of what is no credential by itself, where redaction need not care."""


class Sighting(NamedTuple):
    """One place that holds something with the structure of a secret."""

    kind: str
    """Id of the shape, or ``field NAME``."""
    what: str
    """In words."""
    at: int
    """Where it begins."""
    value: str
    """The secret itself."""

    def __repr__(self) -> str:
        return f"<{self.kind} at {self.at}>"


def sightings(text: str) -> Iterator[Sighting]:
    """Yield what has the structure of a secret, the most specific first; one value may be seen in several ways."""
    yield from _keys(text)
    lower = text.lower()
    if len(lower) != len(text):  # some letters have two in lower case
        lower = text
    yield from _credentials(text, lower)
    yield from _in_urls(text)
    yield from _cookies(text, lower)
    yield from _fields(text, lower)


def _places(text: str, sought: str) -> Iterator[int]:
    at = text.find(sought)
    while at >= 0:
        yield at
        at = text.find(sought, at + len(sought))


def _keys(text: str) -> Iterator[Sighting]:
    for pattern, shape in _SHAPES:
        for begin in shape.begins:
            for at in _places(text, begin):
                start = at - shape.lead
                found = pattern.match(text, start, start + MOST_CHARS) if start >= 0 else None
                if found and _is_key(shape, found[0]):
                    yield Sighting(shape.id, shape.what, start, found[0])


def _is_key(shape: KeyShape, value: str) -> bool:
    if shape.id == PRIVATE_KEY:
        return bool(_KEY_TEXT.search(value.partition("KEY-----")[2])) and not stands_in(value[40:60])
    if shape.id == JWT:
        return _is_jwt(value) and not stands_in(value)
    return not stands_in(value) and (not shape.digits or any(c.isdigit() for c in value))


def _is_jwt(value: str) -> bool:
    """Return whether the first part is a JOSE header (RFC 7515 section 4.1.1), and there is a signature."""
    head, _, rest = value.partition(".")
    try:
        header = json.loads(_decoded(head))
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header and bool(rest.partition(".")[2])


def _decoded(text: str) -> bytes:
    """Return what base64 of either alphabet holds; raises ValueError."""
    plain = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def _credentials(text: str, lower: str) -> Iterator[Sighting]:
    for scheme in _SCHEMES:
        for at in _places(lower, scheme):
            found = _CREDENTIAL.match(text, at, at + MOST_CHARS)
            if found is None or stands_in(found[2]):
                continue
            if found[1].lower() == "basic":
                if _is_basic(found[2]):
                    yield Sighting("basic", "credentials of HTTP Basic", found.start(2), found[2])
            elif not is_plain(found[2]) and any(c.isdigit() for c in found[2]):
                yield Sighting("bearer", "a bearer token", found.start(2), found[2])


def _is_basic(value: str) -> bool:
    """Return whether it is a user with a password (RFC 7617 section 2)."""
    try:
        user, colon, password = _decoded(value).decode().partition(":")
    except (binascii.Error, ValueError):
        return False
    if not (colon and (user + password).isprintable()):
        return False
    return _tells("password", password) if password else _tells("token", user)


def _in_urls(text: str) -> Iterator[Sighting]:
    for at in _places(text, "://"):
        found = _USERINFO.match(text, at, at + MOST_CHARS)
        if found and not stands_in(found[2]) and found[2].lower() not in {found[1].lower(), *_TYPED}:
            yield Sighting("url", "a password in a URL", found.start(2), found[2])


def _cookies(text: str, lower: str) -> Iterator[Sighting]:
    for at in _places(lower, "cookie"):
        start = at - 4 if lower.startswith("set-", at - 4) and at >= 4 else at
        found = _COOKIE.match(text, start, start + MOST_CHARS)
        for pair in found[1].split(";") if found else ():
            name, _, value = pair.strip().partition("=")
            if len(value) < _COOKIE_VALUE or not _SESSION.search(name) or _HARMLESS.search(name):
                continue
            if not (stands_in(value) or is_plain(value)):
                yield Sighting("cookie", "the cookie of a session", text.find(value, start), value)


def _fields(text: str, lower: str) -> Iterator[Sighting]:
    seen = set[int]()
    for word in _WORDS:
        for at in _places(lower, word):
            found = _TO_VALUE.match(text, at + len(word))
            if found is None or found.end() in seen:
                continue
            seen.add(found.end())
            before = text[max(0, at - _NAME_CHARS) : at]
            first = before[len(before.rstrip(_OF_NAME)) :].lstrip(".-[")
            name, value = first + text[at : found.end(1)], _value(text, at - len(first), found)
            if word == "authorization":
                value = value.rpartition(" ")[2]
            in_query = text[max(0, at - len(first) - 1) : at - len(first)] in {"?", "&"}
            if names_secret(name, query=in_query) and not _HARMLESS.search(name) and _tells(name, value):
                shown = re.sub(r"\W+", "_", name.lower()).strip("_")
                yield Sighting(f"field {shown}", f"the value of a field {shown!r}", found.end(), value)


def _value(text: str, begin: int, found: re.Match[str]) -> str:
    """Return the value of a field, as far as it goes; empty where no value belongs to the name."""
    mark = found[3].lstrip("[b")
    separator = text[found.end(2) : found.start(3)].strip()
    if separator[:1] == "," and not (found[2] and mark):
        return ""  # names in a list, in prose
    if separator == ">" and text[begin - 1 : begin] != "<":
        return ""
    if mark:
        end = text.find(mark, found.end(), found.end() + MOST_CHARS)
        value = text[found.end() : end] if end >= 0 else ""
        return "" if separator == "," and len(value) < _LEAST_TOKEN else value
    bare = _BARE.match(text, found.end())
    value = bare[0] if bare else ""
    return value if value.endswith("..") else value.rstrip(".:")  # the end of a sentence, but not of what was cut


def _tells(name: str, value: str) -> bool:
    """Return whether a field's value looks like a secret."""
    if " " in value or stands_in(value):
        return False
    if _PASSWORD.search(name):
        return len(value) >= _LEAST_PASSWORD and not is_plain(value)
    mixed = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return len(value) >= _LEAST_TOKEN and mixed and not is_plain(value)
