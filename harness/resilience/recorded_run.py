"""One run of the workflow against the provider, which answers all later runs in its place."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable

from harness.http.message import Request, Response

MAX_KEPT = 64 << 20
"""The most bytes of bodies that are stored of the run; later answers are missing from it."""


class RecordedRun:
    """The answers of the provider to one run, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[tuple[str, str], list[Response]] = defaultdict(list)
        self._kept = 0

    def add(self, request: Request, response: Response) -> None:
        """Keep what the provider answered."""
        with self._lock:
            self._kept += len(response.body)
            if self._kept <= MAX_KEPT:
                self._answers[request.method, request.target].append(response)

    def exchanges(self) -> list[tuple[Request, Response]]:
        """Return each answer with the method and target of its request, those of one target together."""
        with self._lock:
            called = [(Request(method=method, url=url), found) for (method, url), found in self._answers.items()]
            return [(request, response) for request, found in called for response in found]

    def answers(self, label_of: Callable[[str, str], str]) -> RecordedAnswers:
        """Return the answers for one more run, whose paths may have other identifiers that the client makes."""
        with self._lock:
            by_target = {target: tuple(found) for target, found in self._answers.items()}
        by_label: dict[str, tuple[Response, ...]] = defaultdict(tuple)
        for (method, target), found in by_target.items():
            by_label[label_of(method, target)] += found
        return RecordedAnswers(by_target, by_label, label_of)


class RecordedAnswers:
    """Answers one run as the recorded one was: to each call of a target the next answer, in the end the last again."""

    def __init__(
        self,
        by_target: dict[tuple[str, str], tuple[Response, ...]],
        by_label: dict[str, tuple[Response, ...]],
        label_of: Callable[[str, str], str],
    ) -> None:
        """``by_label`` is for targets that the recorded run did not call, by their operation."""
        self._by_target = by_target
        self._by_label = by_label
        self._label_of = label_of
        self._lock = threading.Lock()
        self._given: Counter[object] = Counter()
        self._of_key: dict[tuple[str, str], Response] = {}

    def find(self, request: Request, key: str) -> Response | None:
        """Return the answer to a request, None for one that the recorded run did not make.

        A request under an idempotency key that was answered gets that answer again.
        """
        with self._lock:
            known = self._of_key.get((request.method, key)) if key else None
            if known is not None:
                return known
            place: object = (request.method, request.target)
            found = self._by_target.get((request.method, request.target), ())
            if not found:
                place = self._label_of(request.method, request.target)
                found = self._by_label.get(place, ())
            if not found:
                return None
            answer = found[min(self._given[place], len(found) - 1)]
            self._given[place] += 1
            if key:
                self._of_key[request.method, key] = answer
            return answer
