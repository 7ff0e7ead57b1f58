"""The indexed cassette beside stock vcrpy on random requests: each must answer as the other, step by step."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import vcr
from _table import Row, show
from vcr.cassette import Cassette
from vcr.record_mode import RecordMode
from vcr.request import Request

from harness.cassettes.play.indexed_cassette import IndexedCassette

EPISODES = 4000
STEPS = 20
MATCHERS = (
    ("method", "uri"),
    ("method", "scheme", "host", "port", "path", "query"),
    ("method", "uri", "body"),
    ("method", "path", "query", "raw_body"),
    ("uri", "headers"),
    ("method", "custom"),
    ("method", "uri", "body", "custom"),
)
MODES = (RecordMode.NONE, RecordMode.ONCE, RecordMode.NEW_EPISODES, RecordMode.ALL)
URIS = (
    "http://h",
    "http://h/",
    "http://h/a",
    "http://h:80/a",
    "https://h/a?x=1&y=2",
    "https://h/a?y=2&x=1",
    "http://H/a",
    "http://h/a?x=",
)
JSON_BODIES = (b'{"a":1}', b'{"a":1.0}', b'{"a":true}', b'{"a": 1, "b":[]}', b'{"b":[],"a":1}', b'{"b":{},"a":1}')
ODD_BODIES = (b"", None, b"a=1&b=2", b"b=2&a=1", b"{bad", b"\xff\x00", b"[1,2]", b"null", b"NaN", b'["NaN"]', b"[NaN]")
CHUNKED_BODIES = (b'7\r\n{"a":1}\r\n0\r\n\r\n', b"7\r\n{", bytearray(b'{"a":1}'))
BODIES = (*JSON_BODIES, *ODD_BODIES, *CHUNKED_BODIES)
TYPES = (None, "application/json", "application/x-www-form-urlencoded")


@dataclass
class Tally:
    """What a comparison came to."""

    steps: int = 0
    played: int = 0
    differences: list[str] = field(default_factory=list)


def compare(episodes: int, seed: int) -> Tally:
    """Put both cassettes through ``episodes`` of random requests, and note every step on which they disagree."""
    rnd, tally = random.Random(seed), Tally()
    for _ in range(episodes):
        episode(rnd, tally)
    return tally


def episode(rnd: random.Random, tally: Tally) -> None:
    """Compare both on one recording, with one set of matchers, in one mode."""
    match_on, mode, repeats = rnd.choice(MATCHERS), rnd.choice(MODES), rnd.random() < 0.3
    recorded = [any_request(rnd) for _ in range(rnd.randrange(12))]
    both = [loaded(kind, recorded, match_on, mode, repeats) for kind in (Cassette, IndexedCassette)]
    where = f"{match_on} {mode} repeats={repeats}"
    for step in range(STEPS):
        asked = rnd.choice(recorded) if recorded and rnd.random() < 0.6 else any_request(rnd)
        answers = [answer(cassette, same(asked)) for cassette in both]
        tally.steps += 1
        tally.played += answers[0][0] == "played"
        if answers[0] != answers[1]:
            tally.differences.append(f"{where}: {asked} {asked._body!r} {dict(asked.headers)}: {answers}")  # noqa: SLF001
        if mode == RecordMode.NEW_EPISODES and rnd.random() < 0.1:
            new = any_request(rnd)
            for cassette in both:
                cassette.append(same(new), {"n": 1000 + step, "body": {"string": b""}})
        if rnd.random() < 0.02:
            for cassette in both:
                cassette.rewind()
    states = [state(cassette) for cassette in both]
    if states[0] != states[1]:
        tally.differences.append(f"{where}: {states}")


def any_request(rnd: random.Random) -> Request:
    """Return a request of which others are equal, alike, or equal in one respect only."""
    headers = {"Content-Type": kind} if (kind := rnd.choice(TYPES)) else {}
    if rnd.random() < 0.3:
        headers["x"] = rnd.choice("ab")
    if rnd.random() < 0.1:
        headers["Transfer-Encoding"] = "chunked"
    return Request(rnd.choice(["GET", "POST"]), rnd.choice(URIS), rnd.choice(BODIES), headers)


def same(request: Request) -> Request:
    """Return an equal request that shares nothing with it."""
    return Request(request.method, request.uri, request._body, dict(request.headers))  # noqa: SLF001


def loaded(kind: Any, recorded: list[Request], match_on: tuple[str, ...], mode: Any, repeats: bool) -> Any:  # noqa: FBT001
    """Return a cassette of ``kind`` that holds ``recorded``, each with a response that bears its number."""
    recorder = vcr.VCR()
    recorder.register_matcher("custom", custom)
    cassette = kind(
        "memory",
        record_mode=mode,
        match_on=recorder._get_matchers(match_on),  # noqa: SLF001
        allow_playback_repeats=repeats,
        before_record_request=lambda r: None if r.method == "GET" and r.uri.endswith("x=") else r,
        persister=Memory(recorded),
    )
    cassette._load()  # noqa: SLF001
    return cassette


class Memory:
    """A persister that keeps nothing on disk."""

    def __init__(self, recorded: list[Request]) -> None:
        self._recorded = recorded

    def load_cassette(self, _path: str, serializer: Any) -> Any:  # noqa: ARG002
        """Return what was recorded."""
        responses = [{"n": number, "body": {"string": b""}} for number in range(len(self._recorded))]
        return [same(request) for request in self._recorded], responses


def custom(one: Request, other: Request) -> None:
    """Match on a header of the user's own."""
    assert one.headers.get("x") == other.headers.get("x")


def answer(cassette: Any, request: Request) -> tuple[Any, ...]:
    """Ask a cassette as vcrpy's patches do."""
    return attempt(
        lambda: (
            ("played", cassette.play_response(request)["n"])
            if cassette.can_play_response_for(request)
            else ("refused",)
        )
    )


def attempt(ask: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return an answer, or the kind of error it ended in."""
    try:
        return ask()
    except Exception as exc:  # noqa: BLE001 - an error is an answer too, and must be the same one
        return ("error", type(exc).__name__)


def state(cassette: Any) -> tuple[Any, ...]:
    """Return what a cassette counted, and what it would save."""
    numbers = attempt(lambda: tuple(r["n"] for _, r in cassette._new_interactions()))  # noqa: SLF001
    kept = attempt(lambda: tuple(r["n"] for _, r in cassette._rerecorded_interactions()))  # noqa: SLF001
    played = tuple(r["n"] for _, r in cassette._played_interactions)  # noqa: SLF001
    return cassette.all_played, cassette.play_count, played, numbers, kept, len(cassette)


def main() -> None:
    """Compare at length."""
    seeds = itertools.islice(itertools.count(1), 2)
    tallies = [compare(EPISODES // 2, seed) for seed in seeds]
    differences = [text for tally in tallies for text in tally.differences]
    show(
        "The indexed cassette beside stock vcrpy, on random requests",
        [
            Row(work="steps compared", value=sum(t.steps for t in tallies), unit="", bar=">= 80000"),
            Row(work="of them played", value=sum(t.played for t in tallies), unit=""),
            Row(work="differences", value=len(differences), unit="", bar="<= 0"),
        ],
    )
    for text in differences[:5]:
        print(text)


if __name__ == "__main__":
    main()
