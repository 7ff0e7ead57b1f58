"""What in the headers of a delivery may be a signature, a timestamp or an id."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.core.pointers import leaves
from harness.http.message import Headers, Request
from harness.openapi.event_bodies import event_document
from harness.webhooks.signature_check import WORD_BREAKS

DIGESTS = {20: "sha1", 32: "sha256", 64: "sha512"}
"""Hash functions of the scheme ``hmac``, by the length of their signatures in bytes."""
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_STAMP = re.compile(r"\d{10}|\d{13}")
_STAMP_WORD = re.compile(rf"(?<!\d)(?:{_STAMP.pattern})(?!\d)")
_NAMED_ID = re.compile(r"(?:^|[._-]|(?<=[a-z]))(?:id|Id|ID|uuid|delivery|key)$")
_NAMED_TIME = re.compile(r"time|stamp|date|(?:^|[-_])(?:ts|at)$")
_MOST_IDS, _MOST_STEPS = 12, 3
_ID_CHARS = range(4, 129)
_NEVER_IDS = frozenset(
    {"accept", "accept-encoding", "accept-language", "cache-control", "connection", "content-encoding", "date", "host"}
    | {"content-length", "content-type", "origin", "te", "transfer-encoding", "user-agent", "via"}
)
_PROXY = re.compile(r"x-forwarded-.*|forwarded|x-real-ip|cf-.*|cdn-.*|x-amzn-.*")


class SignatureWord(NamedTuple):
    """One word of a header that has the form of a signature."""

    header: str
    before: str
    """What the header has before the word."""
    after: str
    text: str
    encoding: str
    """Key of `ENCODINGS`."""
    raw: bytes

    @property
    def digest(self) -> str:
        """The hash function that makes signatures of this length."""
        return DIGESTS[len(self.raw)]


class Ingredient(NamedTuple):
    """A value that may be part of what is signed."""

    text: str
    headers: tuple[str, ...] = ()
    """Names of the headers that have exactly this value, in lower case."""
    key: str = ""
    """Dotted key of the body that has it."""


def signature_words(headers: Headers) -> Iterator[SignatureWord]:
    """Yield every word that has the form of an HMAC."""
    for name, value in headers:
        at = 0
        for word in WORD_BREAKS.split(value):
            at = value.index(word, at)
            for encoding, raw in _decoded(word):
                yield SignatureWord(name.lower(), value[:at], value[at + len(word) :], word, encoding, raw)
            at += len(word)


def _decoded(word: str) -> Iterator[tuple[str, bytes]]:
    if _HEX.fullmatch(word) and len(word) % 2 == 0:
        if word == word.lower() and len(word) // 2 in DIGESTS:
            yield "hex", bytes.fromhex(word)
        return
    try:
        raw = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        return
    if len(raw) in DIGESTS:
        yield "base64", raw


def stamps_of(headers: Headers) -> list[Ingredient]:
    """Return every timestamp in seconds or milliseconds: of a header alone, or within the value of one."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        if _STAMP.fullmatch(value.strip()) and not _NAMED_ID.search(name):
            found.setdefault(value.strip(), []).append(name.lower())
        else:
            for text in _STAMP_WORD.findall(value):
                found.setdefault(text, [])
    return [Ingredient(text, tuple(dict.fromkeys(names))) for text, names in found.items()]


def ids_of(request: Request, words: Sequence[SignatureWord]) -> list[Ingredient]:
    """Return what may be the event's id, the likeliest first: values of headers, and of keys of the body named so."""
    signing = {word.header for word in words}
    found: dict[str, list[str]] = {}
    for name, value in request.headers:
        key, text = name.lower(), value.strip()
        if _may_be_id(key, text) and key not in signing:
            found.setdefault(text, []).append(key)
    keys = _ids_of_body(request)
    ids = [Ingredient(text, tuple(names), keys.pop(text, "")) for text, names in found.items()]
    ids += [Ingredient(text, (), key) for text, key in keys.items()]
    return sorted(ids, key=lambda each: not any(map(_NAMED_ID.search, each.headers or (each.key,))))[:_MOST_IDS]


def _may_be_id(name: str, text: str) -> bool:
    if name in _NEVER_IDS or _PROXY.fullmatch(name) or len(text) not in _ID_CHARS:
        return False
    return not (_NAMED_TIME.search(name) and _STAMP.fullmatch(text))


def _ids_of_body(request: Request) -> dict[str, str]:
    try:
        document = event_document(request.headers, request.body)
    except (ValueError, RecursionError):
        return {}
    found: dict[str, str] = {}
    for steps, value in leaves(document) if isinstance(document, dict | list) else ():
        named = steps and len(steps) <= _MOST_STEPS and _NAMED_ID.search(steps[-1])
        if named and isinstance(value, str | int) and not isinstance(value, bool):
            text = value if isinstance(value, str) else json.dumps(value)
            if len(text) in _ID_CHARS:
                found.setdefault(text, ".".join(steps))
    return found
