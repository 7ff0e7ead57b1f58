"""Texts without what differs from one event to the next: ids, numbers, times; a status or a level remains.

Two lines that differ only in what is masked have one template. Fields with a name (of a JSON line or of logfmt, the
attributes of a span, the labels of a series) are also masked by their names.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

MAX_CHARS = 2000
"""Of a text that is masked; what is longer is cut."""
MAX_FIELDS = 100
"""Of a line or span; further fields are ignored."""
MASK = "<*>"
_DEPTH = 5
_CACHED = 4096


class _Kind(enum.Enum):
    """What a field holds, by a pattern of its name's words."""

    OPAQUE = r".+_body|(?!text_payload|json_payload).*(?<![^_])(?:payload|headers)"
    """What was sent, whatever became of it; ``body`` alone is the message of OpenTelemetry's logs."""
    STATUS = r"(?:.*_)?(?:status|code|level|severity|lvl|levelname)"
    """A number that distinguishes: a status, an error's code, Pino's level."""
    IDENTIFYING = (
        r"(?:.*_)?(?:ids?|uuid|guid|time|timestamp|ts|date|asctime|pid|tid|process|thread|thread_name|host|hostname|instance|"
        r"pod|container|version|revision|duration|elapsed|latency|took|ms|s|seconds|at|ip|addr|address|port|peer|remote|"
        r"user_agent|user_agent_original|nonce|signature|digest|sha256|event_type|topic|traceparent|tracestate|query|url|uri|"
        r"full)"
    )
    """What differs from one event to the next or names its sender, and is no sign of a fault."""
    PLAIN = ".*"


_CODE = re.compile(r"\d{1,5}|[A-Z][A-Z\d_.-]{0,30}")
"""A status, or the code of an error such as 23505 or ECONNRESET."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_TIMES = (
    r"\d{4}[-/]\d\d[-/]\d\d(?:[T ,]+\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?)?(?:\s?(?:Z\b|UTC|[+-]\d\d:?\d\d))?",
    r"\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?",
    r"(?:\d{1,2} [A-Z][a-z]{2}|[A-Z][a-z]{2} [ \d]\d)(?: \d{4})? \d\d:\d\d:\d\d(?:[.,]\d+)?(?: GMT)?",
    r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b",
)
_DAY = r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?=\d|[A-Z])"
_QUOTED = (r'(?<![\w\\])"[^"]*"(?!\w)', r"(?<!\w)'[^']*'(?!\w)", "`[^`]*`")
_UUID = r"\b[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\b"
_ADDRESSES = (r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?", r"\[[0-9a-fA-F:]{2,}\](?::\d+)?", r"(?<=[a-z]):\d{2,5}\b")
_VARYING = re.compile("|".join((rf"(?:{_DAY})?(?:{'|'.join(_TIMES)})", *_QUOTED, _UUID, *_ADDRESSES)))
_UNITS = r"(?:[mun\N{MICRO SIGN}]?s|secs?|seconds?|[kKMG]?i?[bB]|bytes?|%|events?|items?|rows?|messages?|requests?)"
_STATUS = re.compile(
    r"(?i)(\b(?:status(?:[ _]?code)?|code|http(?:/\d(?:\.\d)?)?|error|response|returned|returns|responded(?: with)?|"
    r"answer(?:ed|s)?(?: with)?|replied(?: with)?|got|received|failed with)[\"']?\s?[:=(\[]?\s?[\"']?)([1-5]\d\d)\b"
    rf"(?!\s?{_UNITS}\b|\.\d)"
    r"|\b([45]\d\d)(?=:? (?:Bad Request|Unauthorized|Forbidden|Not Found|Conflict|Gone|Unprocessable|Too Many|"
    r"Internal Server|Bad Gateway|Service Unavailable|Gateway Time|Client Error|Server Error))"
    r"|(?:(?<=\s-\s)|(?<=\|\s))([1-5]\d\d)(?=\s(?:\d|\|))"
)
"""A status in free text: after a word that announces one, before its reason phrase, or as ASP.NET and Gin write it."""
_HEX = re.compile(r"\b(?:0x)?[0-9a-fA-F]{8,}\b")
_TOKEN = re.compile(r"(?<![\w-])(?:(?:[^\W\d]|-)*+\d[\w-]*+(?:\.\d\w*+)*+|[\w-]{10,}+)")
_CLASS = re.compile(r"[1-5](?:xx|XX)")
"""A class of statuses, such as 5xx."""
_HUMP = re.compile(r"[a-z][A-Z]")
_LIST = re.compile(r"<\*>(?:,? <\*>)+")


def masked(text: str) -> str:
    """Return the template of free text, such as the message of a log line."""
    return _masked(text[:MAX_CHARS])


@lru_cache(_CACHED)  # levels, messages and names recur in most lines
def _masked(text: str) -> str:
    text = _VARYING.sub(MASK, _ANSI.sub("", text))
    parts: list[str] = []
    end = 0
    for status in _STATUS.finditer(text):
        parts += (_without_ids(text[end : status.start()]), status[1] or "", status[2] or status[3] or status[4])
        end = status.end()
    whole = "".join((*parts, _without_ids(text[end:])))
    return _LIST.sub(MASK, " ".join(whole.split()))


def _without_ids(text: str) -> str:
    return _TOKEN.sub(_token_mask, _HEX.sub(MASK, text))


def _token_mask(token: re.Match[str]) -> str:
    """Mask a word with a digit but no class of statuses, and one of so many capitals that its letters are random."""
    word = token[0]
    if _CLASS.fullmatch(word):
        return word
    varies = any(c.isdigit() for c in word) or len(_HUMP.findall(word)) * 5 > len(word)
    return MASK if varies else word


class Field(NamedTuple):
    """One named value, of however many levels."""

    name: str
    """Dotted, its ids masked."""
    template: str
    value: str
    """As it was written; JSON where it is not a text."""


def masked_fields(fields: Mapping[str, object]) -> str:
    """Return the template of named values: every name in order, and the values that distinguish."""
    return " ".join(f"{field.name}={field.template}" for field in flattened(fields))


def flattened(fields: Mapping[str, object]) -> list[Field]:
    """Return the values of named values and of those inside them, in the order of their names, at most `MAX_FIELDS`."""
    return sorted(_leaves(fields, "", _DEPTH))[:MAX_FIELDS]


def _leaves(fields: Mapping[str, object], prefix: str, depth: int) -> Iterator[Field]:
    for name, value in fields.items():
        at, kind = _named(f"{prefix}{name}"[:MAX_CHARS])
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        if kind is not _Kind.OPAQUE and isinstance(value, Mapping) and value and depth:
            yield from _leaves(value, f"{at}.", depth - 1)
        elif kind is _Kind.STATUS and _CODE.fullmatch(text):
            yield Field(at, text, text)
        elif kind in (_Kind.OPAQUE, _Kind.IDENTIFYING):
            yield Field(at, MASK, text)
        else:
            yield Field(at, masked(text), text)


@lru_cache(_CACHED)
def _named(name: str) -> tuple[str, _Kind]:
    """Return a field's name without ids, and what kind of value has such a name."""
    at = _without_ids(name)
    words = _CAMEL.sub("_", at).replace(".", "_").replace("-", "_").lower()
    return at, next((kind for kind in _Kind if re.fullmatch(kind.value, words)), _Kind.PLAIN)
