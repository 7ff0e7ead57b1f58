"""What rows of planted defects are made of: finished answers, rewritten."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from harness.sandbox.product.problems import ProblemError

Spoil = Callable[[Request, Response], Response]


class Flaw(NamedTuple):
    """One row."""

    operation: str
    """``METHOD /path``, ``*`` for all."""
    spoil: Spoil


def json_in(response: Response) -> Any:
    """Return the document in a response."""
    return json.loads(bytes(response.body))


def rewritten(response: Response, document: Any = None, *, status: int | None = None) -> Response:
    """Return the response with another body or status."""
    headers = {k: v for k, v in response.headers.items() if k != "content-length"}
    if (status or response.status_code) < 400:
        headers["content-type"] = "application/json"
    body = bytes(response.body) if document is None else json.dumps(document).encode()
    return Response(body, status or response.status_code, headers=headers)


def problem_in(response: Response, problem: ProblemError) -> Response:
    """Answer a problem, with the rate limit's headers as any answer has them."""
    answer = problem.response()
    answer.headers.update({k: v for k, v in response.headers.items() if k.startswith("ratelimit")})
    if problem.status == 401:
        answer.headers["www-authenticate"] = "Bearer"
    return answer
