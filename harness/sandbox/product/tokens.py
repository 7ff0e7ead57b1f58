"""Access tokens for clients that have an id and a secret (RFC 6749 section 4.4)."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from urllib.parse import parse_qs, unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLIENT_ID = "sandbox"
MOST_TOKENS = 200


class Tokens:
    """Issues tokens that are valid for a while, and knows those that still are."""

    def __init__(self, *, client_secret: str, lifetime_s: float) -> None:
        """Without a ``client_secret`` there are no tokens."""
        self._client_secret = client_secret
        self._lifetime_s = lifetime_s
        self._ends: dict[str, float] = {}

    def accepts(self, token: str) -> bool:
        """Whether a token was issued and has not expired."""
        return time.monotonic() < self._ends.get(token, 0.0)

    @property
    def issued(self) -> tuple[str, ...]:
        """Every token that is remembered."""
        return tuple(self._ends)

    def routes(self) -> list[Route]:
        """Return the routes; none without a client secret."""
        return [Route("/oauth/token", self.issue, methods=["POST"])] if self._client_secret else []

    async def issue(self, request: Request) -> Response:
        """POST /oauth/token, with the secret in a header or in the form."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode("latin-1")).items()}
        given = _in_header(request.headers.get("authorization", "")) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        if given[0] != CLIENT_ID or not hmac.compare_digest(given[1].encode(), self._client_secret.encode()):
            headers = {"WWW-Authenticate": 'Basic realm="product"'}
            return JSONResponse({"error": "invalid_client"}, 401, headers=headers)
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        token = secrets.token_urlsafe(24)
        self._ends[token] = time.monotonic() + self._lifetime_s
        if len(self._ends) > MOST_TOKENS:
            del self._ends[next(iter(self._ends))]
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": round(self._lifetime_s)}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _in_header(value: str) -> tuple[str, str] | None:
    scheme, _, encoded = value.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return unquote_plus(client_id), unquote_plus(secret)
