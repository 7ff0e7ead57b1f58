"""Inputs whose values only the provider can give: cursors of pages, and identifiers of what it has.

A schema describes their form. Whether there is such a thing is a matter of state.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import httpx

from harness.core.plain_names import plain, singular
from harness.openapi.operation import Operation
from harness.openapi.response_causes import worded
from harness.openapi.spec_document import Spec

CURSORS = (
    *("cursor", "page_token", "pageToken", "next_token", "nextToken", "after", "starting_after", "continuation"),
    *("next_cursor", "nextCursor", "page_cursor", "pageCursor", "continuation_token", "continuationToken", "marker"),
)
"""Names of query parameters that hold what a page before named."""
_IDS = ("id", "uuid", "key", "slug", "code")
_UNKNOWN = frozenset({400, 404, 409, 410, 422})
"""Statuses with which APIs refuse what names nothing that they have."""
_WORD = re.compile(r"\w+")


def names_nothing(spec: Spec, operation: Operation, response: httpx.Response) -> bool:
    """Whether a refusal is about a name that the request makes up: a cursor, or the identifier of a resource.

    The answer about an identifier names its member, or what that refers to.
    """
    if response.status_code not in _UNKNOWN or not operation.key_of(response.status_code):
        return False
    query = dict(response.request.url.params)
    if not query.keys().isdisjoint(CURSORS):
        return True
    words = {plain(word) for word in _WORD.findall(response.text)} | {plain(w) for w in _WORD.findall(worded(response))}
    identifiers = _identifiers(spec)
    given = {plain(name) for name in (*query, *_members(response.request))} & identifiers.keys()
    return any({name, identifiers[name]} & words for name in given)


def _identifiers(spec: Spec) -> dict[str, str]:
    """Return the plain names by which an input may refer to a resource, each with the word for the resource."""
    found = {}
    for operation in spec.operations:
        steps = operation.path.strip("/").split("/")
        for above, step in pairwise(steps):
            if step.startswith("{") and not above.startswith("{"):
                thing, name = singular(plain(above)), plain(step)
                found[name if name not in _IDS else thing + name] = thing
    return found


def _members(request: httpx.Request) -> Iterator[str]:
    """Yield the names of the members of a JSON body."""
    document: Any = None
    with suppress(ValueError, RecursionError, httpx.RequestNotRead):
        document = json.loads(request.content)
    if isinstance(document, dict):
        yield from document
