"""Errors as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

_RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}
"""What RFC 9110 calls otherwise than the RFCs before it, and Python since 3.13."""


def reason_phrase(status: int) -> str:
    """Return the name of a status, the same under every Python."""
    return _RENAMED.get(status) or HTTPStatus(status).phrase


class ProblemError(Exception):
    """An answer other than success, raised where the trouble is seen."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """``errors`` are objects with ``pointer`` and ``detail``, one for each field that does not fit."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers

    def response(self) -> JSONResponse:
        """Return the problem document."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": reason_phrase(self.status),
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = list(self.errors)
        return JSONResponse(body, self.status, headers=self.headers, media_type="application/problem+json")
