"""Compares live responses with the recorded ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import msgspec
from vcr.request import Request

from harness.cassettes.checks.recording_checks import CHANGED
from harness.cassettes.play.difference import Difference, Grade, Volatile, body_differences, shown
from harness.cassettes.play.mismatch import called
from harness.cassettes.play.scenario import CassetteMode, ScenarioCassette
from harness.cassettes.store.vcr_messages import VcrResponse, body_bytes, received
from harness.core.pointers import mapped
from harness.core.stable_text import stable
from harness.http.message import Response, media_type
from harness.model import Finding, Outcome

_BREAKING = (Grade.REMOVED, Grade.TYPE, Grade.VALUE)
"""Differences that may break a scenario written against the recording; additions do not."""


def judge_verify(cassette: ScenarioCassette, *, rules: Sequence[str], again: str) -> Iterator[Finding]:
    """Yield how the live answers differ from the recording, or that they do not.

    ``rules`` name the values that change with every call (see `Volatile`). A value of an earlier answer that is
    another one now, such as an id, is expected in the requests that follow in place of the recorded one.
    """
    if cassette.mode is not CassetteMode.VERIFY or not cassette.exchanges:
        return
    comparison = Comparison(cassette, Volatile(rules))
    added = 0
    for request, response in cassette.exchanges:
        name, found = comparison.hold(request, response)
        breaking = [d for d in found if d.grade in _BREAKING]
        added += len(found) - len(breaking)
        if breaking:
            summary = f"{name}: the live response differs from the recording: {breaking[0]}"
            cause = f"{stable(name)}: {' '.join(d.path for d in breaking)}"
            changed = _finding(Outcome.FAIL, summary, found, again)
            yield msgspec.structs.replace(changed, subject=cassette.place, cause=cause)
    for name in comparison.never_asked():
        yield _finding(Outcome.FAIL, f"{name} is recorded but was not requested live", [], again)
    if not comparison.failed:
        news = f"; {added} values are new" if added else ""
        summary = f"{cassette.place}: {len(cassette.exchanges)} live responses match the recording{news}"
        yield _finding(Outcome.PASS, summary, [], again)


class Comparison:
    """One live run of a scenario beside its recording."""

    def __init__(self, cassette: ScenarioCassette, volatile: Volatile) -> None:
        self._cassette = cassette
        self._volatile = volatile
        self._then: dict[str, Any] = {}
        """Values of live answers, as text, with the value in their place in the recording."""
        self.failed = False

    def hold(self, request: Request, response: VcrResponse) -> tuple[str, list[Difference]]:
        """Return what was called, and how its answer differs from the closest one recorded for that call."""
        same = self._cassette.recordings_of(request)
        request, response = self._cassette.cleaned(request, response)
        candidates = same or self._cassette.recordings_of(self._as_recorded(request))
        if not candidates:
            self.failed = True
            return called(request), [Difference("request", Grade.VALUE, "no such request", called(request))]
        played = self._cassette.play_counts
        live, recorded = received(response), self._cassette.data
        answers = {i: list(response_differences(received(recorded[i][1]), live)) for i in candidates}
        left = {i: [d for d in found if not self._volatile.ignores(d)] for i, found in answers.items()}
        chosen = min(candidates, key=lambda i: (sum(d.grade in _BREAKING for d in left[i]), played[i], i))
        played[chosen] += 1
        for difference in answers[chosen]:
            if difference.grade is Grade.VALUE:
                self._then.setdefault(str(difference.seen), difference.recorded)
        self.failed |= any(d.grade in _BREAKING for d in left[chosen])
        return called(request), left[chosen]

    def never_asked(self) -> list[str]:
        """Return the recorded calls of which none was made; how often something is polled is not recorded."""
        played = self._cassette.play_counts
        never = []
        for i, (request, _) in enumerate(self._cassette.data):
            if not any(played[j] for j in self._cassette.recordings_of(request) or [i]):
                never.append(called(request))
        self.failed |= bool(never)
        return list(dict.fromkeys(never))

    def _as_recorded(self, request: Request) -> Request:
        """Return the request with the values of this run's answers replaced by those of the recording."""
        parts = urlsplit(request.uri)
        path = "/".join(quote(str(self._then.get(unquote(s), unquote(s))), safe="") for s in parts.path.split("/"))
        query = urlencode([(name, self._then.get(value, value)) for name, value in parse_qsl(parts.query, True)])  # noqa: FBT003
        uri = urlunsplit(parts._replace(path=path, query=query))
        return Request(request.method, uri, self._body_as_recorded(body_bytes(request)), request.headers)

    def _body_as_recorded(self, body: bytes) -> bytes:
        try:
            return json.dumps(mapped(json.loads(body), lambda v: self._then.get(str(v), v))).encode()
        except (ValueError, TypeError, RecursionError):
            return body


def response_differences(recorded: Response, live: Response) -> Iterator[Difference]:
    """Yield how two responses differ: status, media type, body."""
    if recorded.status != live.status:
        yield Difference("status", Grade.VALUE, recorded.status, live.status)
    kinds = [media_type(response.header("content-type")) for response in (recorded, live)]
    if kinds[0] != kinds[1]:
        yield Difference("header.content-type", Grade.VALUE, *kinds)
    yield from body_differences(recorded.body, live.body)


def _finding(outcome: Outcome, summary: str, found: Sequence[Difference], again: str) -> Finding:
    return CHANGED.finding(outcome, "\n".join(shown(found)), summary=summary, reproduce=again, case="")
