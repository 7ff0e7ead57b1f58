"""Writes that are safe to repeat (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from harness.sandbox.defects import Planted
from harness.sandbox.product.problems import ProblemError

MAX_ANSWERS = 10_000
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_PER_ANSWER = ("content-length", "ratelimit", "ratelimit-policy")

Answer = Callable[[Request, bytes], Awaitable[Response]]


class Answers:
    """The answers given to writes, by key: the same call gets the same answer, and does nothing twice."""

    def __init__(self, *, planted: Planted) -> None:
        """Start empty."""
        self._planted = planted
        self._answers: dict[str, tuple[str, Response | None]] = {}
        self._slots: dict[str, str] = {}
        """By key, where it was used first; only where keys are shared, which is a planted defect."""
        self._not_stored: set[str] = set()
        """Calls whose key is no longer checked: a planted defect, as is the next."""
        self._stuck: set[str] = set()
        """Calls that are in progress for ever."""

    async def once(self, request: Request, body: bytes, answer: Answer) -> Response:
        """Answer a call, or repeat the answer that its key was given; raises 400, 409 or 422."""
        key = request.headers.get("idempotency-key")
        if key is None or request.method == "GET":
            return await answer(request, body)
        if not _KEY.fullmatch(key):
            raise ProblemError(400, "Idempotency-Key: 8 to 64 letters, digits, _ or -.")
        if "provider-forgets-idempotency-keys" in self._planted:
            return await answer(request, body)
        own = f"{request.method} {request.url.path} {key}"
        slot = self._slots.setdefault(key, own) if "provider-shares-keys-across-operations" in self._planted else own
        digest = hashlib.sha256(body).hexdigest()
        if slot in self._not_stored:
            return await answer(request, body)
        if slot in self._answers:
            return self._repeated(slot, digest if slot == own else self._answers[slot][0])
        if "provider-races-on-idempotency-keys" in self._planted:
            await asyncio.sleep(0.05)
        return await self._first(slot, digest, request, body, answer)

    async def _first(self, slot: str, digest: str, request: Request, body: bytes, answer: Answer) -> Response:
        self._answers[slot] = (digest, None)
        try:
            if "provider-keeps-keys-in-progress" in self._planted:
                await asyncio.sleep(0.05)
            response = await answer(request, body)
        except ProblemError as problem:
            if problem.status == 429 or problem.status >= 500:  # said of the moment, not of the call
                self._answers.pop(slot, None)
                raise
            if "provider-locks-keys-of-refused-calls" in self._planted:
                raise
            if "provider-forgets-keys-of-refused-calls" in self._planted:
                self._not_stored.add(slot)
                raise
            response = problem.response()
        except BaseException:
            self._answers.pop(slot, None)
            raise
        self._answers[slot] = (digest, response)
        if len(self._answers) > MAX_ANSWERS:
            del self._answers[next(iter(self._answers))]
        return _copy(response)

    def _repeated(self, slot: str, digest: str) -> Response:
        before, kept = self._answers[slot]
        if digest != before and "provider-ignores-another-body" not in self._planted:
            raise ProblemError(422, "This Idempotency-Key was used for another body.")
        if kept is None and "provider-keeps-keys-in-progress" in self._planted:
            self._stuck.add(slot)
        if kept is None or slot in self._stuck:
            raise ProblemError(409, "A call with this Idempotency-Key is still being answered.")
        return _copy(kept)


def _copy(response: Response) -> Response:
    headers = {k: v for k, v in response.headers.items() if k not in _PER_ANSWER}
    return Response(response.body, response.status_code, headers=headers)
