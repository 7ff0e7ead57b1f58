"""Secrets that stand in a cassette although none may: it was recorded by something else, or edited by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from vcr.request import Request

from harness.errors import CassetteError
from harness.model import Finding, Outcome
from harness.secrets.redaction.redactor import Redactor

ITEM = "secrets.never-logged"
MAX_SHOWN = 10
EXPECTED = (
    "no secret in a recording; if it is real, rotate it; then record anew, or harness convert FILE FILE --rewrite"
)

Pair = tuple[Request, dict[str, Any]]


def judge_exposure(
    pairs: Iterable[Pair], place: str, *, known: Callable[[str], str], again: str = ""
) -> Iterator[Finding]:
    """Yield a finding for a cassette in which a redaction would still find something; it names places, not values.

    ``known`` replaces known values by their names, ``place`` is the file, ``again`` the command that records it anew.
    """
    found = list(exposures(pairs, known=known))
    if found:
        more = [f"and {len(found) - MAX_SHOWN} more"] if len(found) > MAX_SHOWN else []
        yield Finding(
            item=ITEM,
            outcome=Outcome.FAIL,
            summary=f"{place}: a secret stands in {found[0]}",
            expected=EXPECTED,
            observed="\n".join([*found[:MAX_SHOWN], *more]),
            reproduce=again,
            source="CWE-540",
        )


def exposures(pairs: Iterable[Pair], *, known: Callable[[str], str]) -> Iterator[str]:
    """Yield every place of a cassette that holds a secret, or cannot be searched for one."""
    redactor = Redactor(known)
    for number, (request, response) in enumerate(pairs):
        where = f"interactions[{number}]"
        if redactor.uri(request.uri) != request.uri:
            yield f"{where}.request.uri"
        yield from _message(redactor, request.headers, request.body_bytes, f"{where}.request", received=False)
        body = response["body"]["string"]
        yield from _message(redactor, response["headers"], body, f"{where}.response", received=True)


def _message(redactor: Redactor, headers: Any, body: Any, where: str, *, received: bool) -> Iterator[str]:
    for name, value in headers.items():
        if redactor.headers({name: value}, received=received) != {name: value}:
            yield f"{where}.headers.{name}"
    content = body.encode() if isinstance(body, str) else body
    if not isinstance(content, bytes):
        return
    kinds = {name.lower(): value[0] if isinstance(value, list) else value for name, value in headers.items()}
    media_type, coding = (str(kinds.get(name, "")) for name in ("content-type", "content-encoding"))
    try:
        if redactor.finds(content, media_type=media_type, coding=coding, received=received):
            yield f"{where}.body"
    except CassetteError as exc:
        yield f"{where}.body: {exc}"
