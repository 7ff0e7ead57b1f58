"""One request under way while the answer to the one before is judged and the next one is generated."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from harness.fuzzing.sending import request_of, sent
from harness.fuzzing.session import FuzzSession
from harness.http.provider_client import SendResult

_TURN_S = 0.0005
"""How long the thread that generates may go on where the one that sends could: by default ten times as long, which is
longer than many a provider takes for an answer."""


class SendingAhead:
    """Sends the cases of one session in their order, one at a time, and judges each answer a little later.

    What is sent, and in which order, is the same as without it; only the provider's time is no longer waited for.
    """

    def __init__(self, session: FuzzSession, sender: ThreadPoolExecutor) -> None:
        """``sender`` has one thread."""
        self._session, self._sender = session, sender
        self._under_way: tuple[Any, Future[SendResult | None]] | None = None

    def attempt(self, case: Any) -> None:
        """Send one case, and judge the answer to the one before; raises `Stop` when no more is to be sent."""
        before = self._heard()
        try:
            self._session.check_time()
            request = request_of(case, self._session.client)
            if request is not None:
                self._under_way = case, self._sender.submit(sent, request, self._session.client)
        finally:
            if before is not None:
                self._session.judged(*before)

    def finish(self) -> None:
        """Judge the answer to the last case; raises `Stop` when no more is to be sent."""
        if (before := self._heard()) is not None:
            self._session.judged(*before)

    def _heard(self) -> tuple[SendResult, Any] | None:
        """Wait for the answer to the case under way; None for none, which is judged at once: it may be the last."""
        if self._under_way is None:
            return None
        (case, pending), self._under_way = self._under_way, None
        answer = self._session.heard(pending.result())
        if answer is None or answer.response is not None:
            return None if answer is None else (answer, case)
        self._session.judged(answer, case)
        return None


@contextmanager
def sending_ahead(session: FuzzSession) -> Iterator[SendingAhead]:
    """Send ahead for the block; at its end nothing is under way."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _TURN_S))
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="generated requests") as sender:
            yield SendingAhead(session, sender)
    finally:
        sys.setswitchinterval(before)
