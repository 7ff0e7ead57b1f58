"""What every call passes through: credential, rate limit, body limit, and the idempotency of writes."""

from __future__ import annotations

import asyncio
import time

from starlette.requests import Request
from starlette.responses import Response

from harness.sandbox.defects import Planted
from harness.sandbox.product.idempotency import Answer, Answers
from harness.sandbox.product.keys import Rotating
from harness.sandbox.product.problems import ProblemError
from harness.sandbox.product.tokens import Tokens

MAX_BODY = 64 * 1024
BODY_WITHIN_S = 10
WINDOW_S = 10
EXPIRED = ', error="invalid_token", error_description="The token expired."'
"""RFC 6750 section 3.1."""
LOCKED_AFTER = 3
"""Uses of the key, where the provider is to lock it."""


class Gatekeeper:
    """Lets a call through, or raises the problem that stops it."""

    def __init__(self, *, api_key: Rotating, rate_limit: int, planted: Planted, tokens: Tokens) -> None:
        """``rate_limit`` is in requests per ten seconds; valid ``tokens`` let a call through as the key does."""
        self._tokens = tokens
        self._api_key = api_key
        self._limit = rate_limit
        self._planted = planted
        self._window = 0.0
        self._used = 0
        self._uses = 0
        self._answers = Answers(planted=planted)

    async def admit(self, request: Request, answer: Answer) -> Response:
        """Answer ``request`` through ``answer``, which gets its body."""
        self._authenticate(request.headers.get("authorization", ""))
        limits = self._count()
        try:
            # Content in a GET means nothing (RFC 9110 section 9.3.1), so it is not waited for.
            body = b"" if request.method == "GET" else await _body(request)
            response = await self._answers.once(request, body, answer)
        except ProblemError as problem:
            response = problem.response()
        response.headers.update(limits)
        return response

    def _authenticate(self, header: str) -> None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not (self._accepts(token.strip()) or self._accepts_wrongly(token)):
            if "provider-logs-refused-keys" in self._planted and token not in self._api_key.known:
                print(f"refused: {header}", flush=True)  # noqa: T201
            # RFC 9110 section 11.6.1
            known = token in self._tokens.issued
            headers = {"WWW-Authenticate": f'Bearer realm="product"{EXPIRED if known else ""}'}
            raise ProblemError(401, "Send a valid key as Authorization: Bearer.", headers=headers)
        self._uses += 1
        if "provider-locks-the-key" in self._planted and self._uses > LOCKED_AFTER:
            raise ProblemError(401, "The account is locked.", headers={"WWW-Authenticate": 'Bearer realm="product"'})

    def _accepts(self, token: str) -> bool:
        return self._api_key.accepts(token) or self._tokens.accepts(token)

    def _accepts_wrongly(self, token: str) -> bool:
        known = self._api_key.known
        return bool(token) and (
            "provider-accepts-wrong-key" in self._planted
            or ("provider-accepts-truncated-key" in self._planted and known[0].startswith(token))
            or ("provider-accepts-old-key" in self._planted and token in known)
        )

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


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for piece in request.stream():
                body += piece
                if len(body) > MAX_BODY:
                    raise ProblemError(413, f"The body is larger than {MAX_BODY} bytes.")
    except TimeoutError:
        raise ProblemError(408, f"The body did not arrive within {BODY_WITHIN_S} seconds.") from None
    return bytes(body)
