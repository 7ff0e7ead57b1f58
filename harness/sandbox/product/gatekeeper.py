"""What every call passes through: credential, rate limit, body limit, and the idempotency of writes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import time
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from harness.sandbox.defects import Planted
from harness.sandbox.product.problems import ProblemError

MAX_BODY = 64 * 1024
WINDOW_S = 10
MAX_ANSWERS = 10_000
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")

Answer = Callable[[Request, bytes], Awaitable[Response]]


class Gatekeeper:
    """Lets a call through, or raises the problem that stops it."""

    def __init__(self, *, api_key: str, rate_limit: int, planted: Planted) -> None:
        """``rate_limit`` is in requests per ten seconds."""
        self._api_key = api_key
        self._limit = rate_limit
        self._planted = planted
        self._window = 0.0
        self._used = 0
        self._answers: dict[str, tuple[str, Response | None]] = {}

    async def admit(self, request: Request, answer: Answer) -> Response:
        """Answer ``request`` through ``answer``, which gets its body."""
        self._authenticate(request.headers.get("authorization", ""))
        limits = self._count()
        try:
            body = await _body(request)
            response = await self._once(request, body, answer)
        except ProblemError as problem:
            response = problem.response()
        response.headers.update(limits)
        return response

    def _authenticate(self, header: str) -> None:
        scheme, _, token = header.partition(" ")
        right = hmac.compare_digest(token.strip().encode(), self._api_key.encode())
        if "provider-accepts-wrong-key" in self._planted:
            right = bool(token)
        if "provider-accepts-truncated-key" in self._planted:
            right = bool(token) and self._api_key.startswith(token)
        if scheme.lower() != "bearer" or not right:
            # RFC 9110 section 11.6.1
            headers = {"WWW-Authenticate": 'Bearer realm="product"'}
            raise ProblemError(401, "Send a valid key as Authorization: Bearer.", headers=headers)

    def _count(self) -> dict[str, str]:
        """Count one call; return the RateLimit headers (draft-ietf-httpapi-ratelimit-headers), or raise 429."""
        now = time.monotonic()
        if now - self._window >= WINDOW_S:
            self._window, self._used = now, 0
        self._used += 1
        resets = max(1, round(self._window + WINDOW_S - now))
        left = max(0, self._limit - self._used)
        headers = {
            "RateLimit-Policy": f'"default";q={self._limit};w={WINDOW_S}',
            "RateLimit": f'"default";r={left};t={resets}',
        }
        if self._used > self._limit:
            raise ProblemError(429, "Too many requests.", headers={**headers, "Retry-After": str(resets)})
        return headers

    async def _once(self, request: Request, body: bytes, answer: Answer) -> Response:
        """Give the same answer to the same write (draft-ietf-httpapi-idempotency-key-header)."""
        key = request.headers.get("idempotency-key")
        if key is None or request.method == "GET":
            return await answer(request, body)
        if not _KEY.fullmatch(key):
            raise ProblemError(400, "Idempotency-Key: 8 to 64 letters, digits, _ or -.")
        slot = f"{request.method} {request.url.path} {key}"
        digest = hashlib.sha256(body).hexdigest()
        if slot in self._answers:
            return _repeated(*self._answers[slot], digest)
        self._answers[slot] = (digest, None)
        try:
            response = await answer(request, body)
        except ProblemError as problem:
            response = problem.response()
        except BaseException:
            del self._answers[slot]
            raise
        self._answers[slot] = (digest, response)
        if len(self._answers) > MAX_ANSWERS:
            del self._answers[next(iter(self._answers))]
        return _copy(response)


def _repeated(digest: str, kept: Response | None, now: str) -> Response:
    if kept is None:
        raise ProblemError(409, "A call with this Idempotency-Key is still being answered.")
    if digest != now:
        raise ProblemError(422, "This Idempotency-Key was used for another body.")
    return _copy(kept)


def _copy(response: Response) -> Response:
    headers = {
        k: v for k, v in response.headers.items() if k not in ("content-length", "ratelimit", "ratelimit-policy")
    }
    return Response(response.body, response.status_code, headers=headers)


async def _body(request: Request) -> bytes:
    body = b""
    async with asyncio.timeout(10):
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY:
                raise ProblemError(413, f"The body is larger than {MAX_BODY} bytes.")
    return body
