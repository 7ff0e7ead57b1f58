"""The sandbox' own switches, below ``/_sandbox``: no part of the Product API, and served only with an admin key.

POST /_sandbox/rotations {"apiKey": "…", "overlap": 5}          a new API key; the old one is valid for 5 s more
POST /_sandbox/rotations {"webhookSecret": "…", "overlap": 5}   events are signed with both secrets for 5 s
PUT  /_sandbox/faults    [{"operation": "POST /runs", "status": 503, "retryAfter": 2, "delay": 0.5, "times": 2}]
GET  /_sandbox/faults    those still in wait
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

import jsonschema_rs
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.sandbox.product.faults import Faults, ScriptedFault
from harness.sandbox.product.keys import Rotating
from harness.sandbox.product.problems import ProblemError

log = structlog.get_logger()

_SECRET = {"type": "string", "minLength": 16, "maxLength": 256, "pattern": "^[!-~]+$"}
_ROTATION = jsonschema_rs.Draft202012Validator(
    {
        "type": "object",
        "properties": {
            "apiKey": _SECRET,
            "webhookSecret": _SECRET,
            "overlap": {"type": "number", "minimum": 0, "maximum": 86400},
        },
        "anyOf": [{"required": ["apiKey"]}, {"required": ["webhookSecret"]}],
        "additionalProperties": False,
    }
)
_FAULTS = jsonschema_rs.Draft202012Validator(
    {
        "type": "array",
        "maxItems": 100,
        "items": {
            "type": "object",
            "properties": {
                "operation": {"type": "string", "maxLength": 100},
                "status": {"enum": [400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504]},
                "retryAfter": {"type": "integer", "minimum": 1, "maximum": 86400},
                "delay": {"type": "number", "minimum": 0, "maximum": 60},
                "times": {"type": "integer", "minimum": 1, "maximum": 10000},
            },
            "additionalProperties": False,
        },
    }
)


class Admin:
    """Answers the switches."""

    def __init__(
        self, *, admin_key: str, api_key: Rotating, webhook_secret: Rotating, faults: Faults, operations: set[str]
    ) -> None:
        """``operations`` are the names a fault may concern."""
        self._admin_key = admin_key
        self._secrets = {"apiKey": api_key, "webhookSecret": webhook_secret}
        self._faults = faults
        self._operations = operations

    def routes(self) -> list[Route]:
        """Return the routes; none without an admin key."""
        if not self._admin_key:
            return []
        return [
            Route("/_sandbox/rotations", self._guarded(self._rotate), methods=["POST"]),
            Route("/_sandbox/faults", self._guarded(self._set_faults), methods=["PUT"]),
            Route("/_sandbox/faults", self._guarded(self._show_faults), methods=["GET"]),
        ]

    def _guarded(self, answer: Callable[[bytes], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {self._admin_key}".encode()):
                raise ProblemError(401, "Send the admin key as Authorization: Bearer.")
            return answer(await request.body())

        return guarded

    def _rotate(self, raw: bytes) -> Response:
        given = _checked(_ROTATION, raw)
        rotated = [name for name in self._secrets if name in given]
        for name in rotated:
            self._secrets[name].rotate(given[name], overlap_s=given.get("overlap", 0))
        log.info("rotated", secrets=rotated, overlap_s=given.get("overlap", 0))
        return JSONResponse({"rotated": rotated})

    def _set_faults(self, raw: bytes) -> Response:
        faults = [ScriptedFault(**row) for row in _checked(_FAULTS, raw)]
        unknown = {f.operation for f in faults} - self._operations - {"*"}
        if unknown:
            raise ProblemError(422, f"There is no operation {min(unknown)!r}. Known: {sorted(self._operations)}.")
        self._faults.set(faults)
        log.info("faults set", faults=self._faults.as_json())
        return self._show_faults(raw)

    def _show_faults(self, _raw: bytes) -> Response:
        return JSONResponse(self._faults.as_json())


def _checked(validator: Any, raw: bytes) -> Any:
    """Return the JSON document; the problem names the place of a mistake, never its value, which may be a secret."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise ProblemError(400, "The body is not JSON.") from None
    places = ["/" + "/".join(map(str, e.instance_path)) for e in validator.iter_errors(document)]
    if places:
        raise ProblemError(422, f"The body does not fit at {', '.join(places)}.")
    return document
