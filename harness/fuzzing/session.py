"""What one operation was sent and what it answered: its defects, each with the smallest request that shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import msgspec

from harness.fuzzing.budget import Budget
from harness.fuzzing.crash_places import CrashPlaces
from harness.fuzzing.defects import Defect, StoredRequest, as_one, as_request, of_missing_answer, smaller
from harness.fuzzing.reproduction import bindings
from harness.fuzzing.response_defects import defects_of
from harness.fuzzing.sending import send_case
from harness.fuzzing.unserved import UnservedWatch
from harness.http.provider_client import UNHEARD, ProviderClient, SendResult
from harness.openapi.generation import Stop
from harness.openapi.spec_document import Spec

MOST_MISSING = 3
"""Requests without an answer after which an operation is let be: each costs a whole timeout."""
MOST_CRASHES = 6
"""Crashes of one operation and status that are distinguished; more are one whose answers differ each time."""


class FuzzSession:
    """One operation, or the links between several, under test."""

    def __init__(
        self, spec: Spec, client: ProviderClient, budget: Budget, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """The clock of the budget starts now; time spent waiting for a rate limit does not count."""
        self.spec = spec
        self.client = client
        self.defects: dict[str, Defect] = {}
        self.answered = 0
        self.missing: list[str] = []
        self.unreachable = ""
        self.out_of_time = False
        self.left_out: list[str] = []
        """What the budget leaves no requests for, in words."""
        self.watch: UnservedWatch | None = None
        """Judges whether the server has the one operation that is under test; None for several."""
        self._clock = clock
        self._waited_before = client.waited_s
        self._ends = clock() + budget.seconds
        self.places = CrashPlaces(client, requests=budget.requests, is_over=self._is_over)

    @property
    def unheard(self) -> str:
        """Why there was no answer to anything, or from some moment on; empty while there is one now and then."""
        return self.unreachable or ("" if self.answered else "; ".join(dict.fromkeys(self.missing)))

    @property
    def not_sent(self) -> str:
        """What of the planned requests was not sent, each part after a semicolon; empty where all were."""
        out_of_time = ["the time of the budget ran out"] if self.out_of_time else []
        return "".join(f"; {part}" for part in (*self.left_out, *out_of_time))

    @property
    def shown(self) -> list[Defect]:
        """The defects, by operation and check; where nothing was answered, silence is no defect of one operation."""
        real = [d for d in self.defects.values() if self.answered or d.status is not None]
        alike = [[d for d in real if d.of_all == name] for name in dict.fromkeys(d.of_all for d in real)]
        told = (d for group in alike for d in ([as_one(group)] if len(group) > MOST_CRASHES else group))
        return sorted(told, key=lambda d: (d.operation, d.check, d.cause, d.crash))

    def attempt(self, case: Any) -> list[Defect]:
        """Send one case and return the defects that it shows; raises `Stop` when no more is to be sent."""
        answer = self.send(case)
        return self.judge(answer, case, [self.request(answer)]) if answer else []

    def send(self, case: Any) -> SendResult | None:
        """Send one case, None when HTTP cannot carry it; raises `Stop` when time or the provider's patience is out."""
        if self._is_over():
            self.out_of_time = True
            raise Stop
        answer = send_case(case, self.client)
        if answer is None and self.client.lost:
            raise Stop
        if answer is not None and answer.reason in UNHEARD:
            self.unreachable = f"{answer.reason}: {answer.detail}"
            raise Stop
        return answer

    def judge(
        self,
        answer: SendResult,
        case: Any,
        steps: Sequence[StoredRequest],
        recorder: Any = None,
        documents: Sequence[Any] = (),
    ) -> list[Defect]:
        """Return the defects that an answer shows; raises `Stop` after too many requests without one.

        ``recorder`` and ``documents`` are what Schemathesis and we know of the answers to the earlier ``steps``.
        """
        operation = self.spec.as_seen(case.operation)
        if answer.response is None:
            assert answer.reason is not None
            self.missing.append(answer.detail)
            return self.note([of_missing_answer(answer.reason, answer.detail, operation, self.spec, steps=steps)])
        self.answered += 1
        if self.watch is not None:
            self.watch.observe(answer.response)
        headers = self.client.headers_for(answer.request.method, str(answer.request.url))
        found = defects_of(answer.response, case, operation, self.spec, steps=steps, headers=headers, recorder=recorder)
        bound = bindings(documents, steps) if found and documents else ()
        if answer.response.is_success:
            self.places.accepted(operation, steps[-1])
        found = [msgspec.structs.replace(defect, bindings=bound) for defect in found]
        return self.note([self.places.placed(defect, operation) for defect in found])

    def note(self, found: list[Defect]) -> list[Defect]:
        """Store the smallest example of each defect; raises `Stop` after too many requests without an answer."""
        for defect in found:
            known = self.defects.get(defect.id)
            self.defects[defect.id] = defect if known is None else smaller(known, defect)
        if len(self.missing) >= MOST_MISSING:
            raise Stop
        return found

    def settle(self) -> list[Defect]:
        """Replace the examples that do not prove their place (see `CrashPlaces.settle`); return what was dropped."""
        return self.places.settle(self.defects, self.spec.operation)

    def _is_over(self) -> bool:
        return self._clock() >= self._ends + self.client.waited_s - self._waited_before

    def request(self, answer: SendResult) -> StoredRequest:
        """Return what is stored of a request that was sent."""
        return self.stored(answer.request)

    def stored(self, request: httpx.Request) -> StoredRequest:
        """Return what is stored of a request."""
        return as_request(request, self.client.base_url, self.client.carried_by(request))
