"""The cause of what is wrong with a response, in words that are the same at every operation and in every check."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, unquote_plus

import httpx

from harness.core.cutting import cut
from harness.core.pointers import leaves, pointer_of
from harness.core.stable_text import stable
from harness.http.crash_log import CRASHED_IN
from harness.http.message import is_json, media_type
from harness.model.cause import (
    BROKEN_SCHEMA,
    CONTENT_TYPE,
    MISSING_HEADER,
    REFUSED_VALID,
    SERVER_ERROR,
    STATUS,
    WITHOUT_ALLOW,
    WRONG_ALLOW,
    crash_of,
)

_ANSWER_CHARS = 160
_PLACE = re.compile(r"Schema at (/(?:components|definitions)/\S+?):?\s")
_QUOTED = re.compile(r"'([^'\n]{1,200})'|\"([^\"\n]{1,200})\"|`([^`\n]{1,200})`")
_NUMBER = re.compile(r"(?<![A-Za-z_])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_LEAST_CHARS = 4
"""Characters of a value of the request that is looked for in an answer; shorter ones are parts of other words."""
_REPEATED = re.compile(r"#(?:[\s,;.:/-]*#)+")
_SAYS_NOTHING = re.compile(
    r"(?i)(?:<[^>]*>|[\s#.:\[\]!]|https?|internal|unexpected|unknown|unhandled|server|service|error|exception|"
    r"occurred|something|went|wrong|an|the|bad|request|invalid|input)*"
)
"""What any error has."""
_DATA = re.compile(r"[{\[]")
"""Begins the data that a server puts into the text of a crash, such as what a library found wrong with an input."""
_TEXTS = ("detail", "message", "title", "error", "msg", "error_description", "type", "code")
"""Members of a body in which servers word an error, the most precise first (RFC 9457 section 3.1, and its like)."""
_SPECIFIC = frozenset({"required", "additionalProperties", "unevaluatedProperties"})
"""Keywords of an object that speak of one of its members, which only the message names."""


def cause_of(failure: Any, response: httpx.Response) -> str:
    """Return the cause of one failure that Schemathesis, or a check of ours like it, raised; empty where it has none.

    What has none is a finding of its own.
    """
    if hasattr(failure, "schema_path"):
        return _broken_schema(failure)
    if hasattr(failure, "missing_headers"):
        return MISSING_HEADER.of(", ".join(failure.missing_headers))
    if hasattr(failure, "defined_content_types"):
        return content_type_cause(failure.content_type, failure.defined_content_types)
    if getattr(failure, "failure_reason", "") == "missing_allow_header":
        return WITHOUT_ALLOW.of()
    if hasattr(failure, "missing_methods"):
        wrong = "leaves out methods" if failure.missing_methods else "names methods beyond those"
        return WRONG_ALLOW.of(f"{wrong} that the spec has at the path")
    of_check = _BY_CHECK.get(next(iter(type(failure).checks), ""))
    return of_check(failure, response) if of_check else ""


def content_type_cause(sent: str, documented: Sequence[str]) -> str:
    """Return the cause of a content type that the documented response does not have."""
    return CONTENT_TYPE.of(f"{media_type(sent) or 'missing'} instead of {', '.join(map(media_type, documented))}")


def server_error_cause(response: httpx.Response) -> str:
    """Return the cause of a 5xx, by where it crashed, else the text of its body; empty where any error has that."""
    place = response.extensions.get(CRASHED_IN)
    return SERVER_ERROR.of(f"{response.status_code}: {place}") if place else text_cause(response)


def text_cause(response: httpx.Response) -> str:
    """Return the cause of a 5xx by the text of its body alone, without data in it; empty where any error has that."""
    text = answer_text(response)
    before = _DATA.split(text, maxsplit=1)[0].strip()
    return _worded_crash(response, text if _SAYS_NOTHING.fullmatch(before) else before)


def whole_text_cause(response: httpx.Response) -> str:
    """Return what `text_cause` returned before it left data out, whose ids stay valid."""
    return _worded_crash(response, answer_text(response))


def _worded_crash(response: httpx.Response, text: str) -> str:
    return SERVER_ERROR.of(f"{response.status_code}: {text}") if text else ""


def own_server_error_cause(response: httpx.Response, operation: str, place: str = "") -> str:
    """Return the cause of a 5xx, with operation and place in the request where nothing else distinguishes crashes."""
    return server_error_cause(response) or crash_of(response.status_code, operation, place)


def _refused_valid(response: httpx.Response) -> str:
    text = answer_text(response)
    return REFUSED_VALID.of(f"with {response.status_code}: {text}") if text else ""


_BY_CHECK: dict[str, Callable[[Any, httpx.Response], str]] = {
    "status_code_conformance": lambda _, response: STATUS.of(str(response.status_code)),
    "not_a_server_error": lambda failure, response: own_server_error_cause(response, failure.operation),
    "positive_data_acceptance": lambda _, response: _refused_valid(response),
}


def answer_text(response: httpx.Response) -> str:
    """Return the text of an error, with ``#`` for numbers, ids, and what it repeats of the request.

    It is empty where the answer is what any error has.
    """
    text, request = " ".join(worded(response).split()), response.request
    url = request.url.raw_path.decode(errors="replace")
    body = request.content.decode(errors="replace")
    asked = "\n".join((url, unquote_plus(url), *request.headers, *request.headers.values(), body))

    def without_request(match: re.Match[str]) -> str:
        word = next(group for group in match.groups() if group)
        return f"{match[0][0]}#{match[0][-1]}" if word in asked else match[0]

    text = _QUOTED.sub(without_request, text)
    for value in sorted(_values(request, body), key=len, reverse=True):
        text = text.replace(value, "#")
    text = _REPEATED.sub("#", _NUMBER.sub("#", stable(text)))
    text = cut(text, _ANSWER_CHARS + 1)
    return "" if _SAYS_NOTHING.fullmatch(text) else text


def _values(request: httpx.Request, body: str) -> set[str]:
    """Return the values of a request that an answer may repeat: method, segments of the path, query, and body."""
    found = {request.method, unquote(request.url.path), *unquote(request.url.path).split("/")}
    found |= {value for _, value in request.url.params.multi_items()}
    with suppress(ValueError, RecursionError):
        found |= {str(value) for _, value in leaves(json.loads(body))}
    return {" ".join(value.split()) for value in found if len(value) >= _LEAST_CHARS}


def worded(response: httpx.Response) -> str:
    """Return the text of an error; of a JSON body the members that word it, else the body as it is."""
    if not is_json(response.headers.get("content-type", "")):
        return response.text
    try:
        document = json.loads(response.content)
    except (ValueError, RecursionError):
        return response.text
    return _words_in(document) or response.text


def _words_in(document: Any) -> str:
    """Return the first text that words an error, at the top of a document or below ``error`` or ``errors``."""
    if isinstance(document, list):
        return next(filter(None, map(_words_in, document[:1])), "")
    if not isinstance(document, dict):
        return ""
    for name in _TEXTS:
        value = document.get(name)
        if isinstance(value, str) and value.strip() and value != "about:blank":
            code = document.get("code") if name != "code" else None
            return f"{value} [{code}]" if isinstance(code, str) else value
        if isinstance(value, dict | list) and (words := _words_in(value)):
            return words
    return next(filter(None, (_words_in(document.get(name)) for name in ("errors", "exception"))), "")


def _broken_schema(failure: Any) -> str:
    """Return the cause of a value that breaks its schema: the place of that schema, or where it has none, its text."""
    steps = [str(step) for step in failure.schema_path]
    keyword = steps[-1] if steps else ""
    place = _PLACE.search(f"{failure.message}\n")
    member = str(failure.message).partition("\n")[0] if keyword in _SPECIFIC else ""
    detail = f"{keyword}: {stable(member)}" if member else keyword
    if place:
        return BROKEN_SCHEMA.of(f"#{place[1]} ({detail})")
    schema = getattr(failure, "schema", None)
    where = pointer_of(*("*" if isinstance(step, int) else step for step in failure.instance_path)) or "/"
    if not isinstance(schema, dict) or not schema:
        return BROKEN_SCHEMA.of(f"the schema of {failure.operation} at {where} ({detail})")
    text = json.dumps(schema, sort_keys=True, ensure_ascii=False, default=str)
    shown = cut(text, _ANSWER_CHARS + 1)
    what = "the schema of a header" if "header" in str(failure.title).lower() else f"its schema at {where}"
    return BROKEN_SCHEMA.of(f"{what} ({detail}): {shown}")
