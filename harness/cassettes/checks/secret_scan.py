"""Secrets in a cassette: it was recorded by another tool, or edited by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from vcr.request import Request as VcrRequest

from harness.cassettes.checks.recording_checks import SECRET_FREE
from harness.cassettes.store.vcr_messages import VcrResponse, request_of, response_of
from harness.errors import CassetteError
from harness.http.content import coding_of
from harness.http.message import Request, Response
from harness.model import Finding, Outcome
from harness.secrets.redaction.redactor import Redactor

MAX_SHOWN = 10
_WHY = ": "
"""Comes between a place that could not be searched and the reason."""

Pair = tuple[VcrRequest, VcrResponse]


def judge_exposure(
    pairs: Iterable[Pair], place: str, *, known: Callable[[str], str], again: str = ""
) -> Iterator[Finding]:
    """Yield a finding for a cassette that still contains secrets, or cannot be searched; it names places, not values.

    ``known`` replaces known values by their names, ``place`` is the file, ``again`` the command that records it again.
    """
    found = list(exposures(pairs, known=known))
    if found:
        known_places = [where for where in found if _WHY not in where]
        outcome = Outcome.FAIL if known_places else Outcome.ERROR
        title = SECRET_FREE.failed if known_places else "The cassette could not be searched for secrets"
        more = [f"and {len(found) - MAX_SHOWN} more"] if len(found) > MAX_SHOWN else []
        observed = "\n".join([*found[:MAX_SHOWN], *more])
        summary = f"{title}: {place}, {(known_places or found)[0]}"
        cause = "\n".join(found)  # one more is another finding, which no waiver covers
        yield SECRET_FREE.finding(
            outcome, observed, summary=summary, reproduce=again, case="", subject=place, cause=cause
        )


def exposures(pairs: Iterable[Pair], *, known: Callable[[str], str]) -> Iterator[str]:
    """Yield every place of a cassette that holds a secret, or cannot be searched for one."""
    redactor = Redactor(known)
    for number, (request, response) in enumerate(pairs):
        where = f"interactions[{number}]"
        if redactor.uri(request.uri) != request.uri:
            yield f"{where}.request.uri"
        yield from _exposed(redactor, request_of(request), f"{where}.request", received=False)
        yield from _exposed(redactor, response_of(response), f"{where}.response", received=True)


def _exposed(redactor: Redactor, message: Request | Response, where: str, *, received: bool) -> Iterator[str]:
    exposed = (n for n, value in message.headers if redactor.headers({n: value}, received=received) != {n: value})
    for name in dict.fromkeys(exposed):
        yield f"{where}.headers.{name}"
    media_type, coding = message.header("content-type"), coding_of(message.headers)
    try:
        if redactor.finds(message.body, media_type=media_type, coding=coding, received=received):
            yield f"{where}.body"
    except CassetteError as exc:
        yield f"{where}.body{_WHY}{exc}"
