"""The same answer in another spelling, which every parser of JSON, dates and media types takes for the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from harness.resilience.answer_changes import ChangeableAnswer, put

_UTC = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|\+00:00)")
_OTHER_UTC = {"Z": "+00:00", "+00:00": "Z"}


def spelled(answered: ChangeableAnswer) -> ChangeableAnswer:
    """Return the answer with line breaks and escapes in its JSON, a charset, and its times written otherwise."""
    content = answered.content
    for path, value, schema in answered.described():
        if schema.get("format") == "date-time" and "pattern" not in schema and isinstance(value, str):
            content = put(content, path, _other_time(value))
    body = msgspec.json.format(msgspec.json.encode(content), indent=4).replace(b"/", rb"\/")
    other = answered.with_content(content)
    response = msgspec.structs.replace(other.response, headers=tuple(_headers(other.response.headers)), body=body)
    return msgspec.structs.replace(other, response=response)


def _other_time(text: str) -> str:
    found = _UTC.fullmatch(text)
    return f"{found[1]}{found[2] or '.000'}{_OTHER_UTC[found[3]]}" if found else text


def _headers(headers: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    """Yield each header with its name in the other case, and that of the content with a parameter."""
    for name, value in headers:
        bare = name.lower() == "content-type" and ";" not in value
        yield name.swapcase(), f"{value};charset=UTF-8" if bare else value
