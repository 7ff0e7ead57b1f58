"""Logs: one JSON object a line on standard output, with no secret in it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

Event = MutableMapping[str, Any]


class Redactor:
    """Takes known secrets out of every string of a log line."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """``secrets`` are values, not names."""
        self._secrets = [s for s in secrets if s]

    def __call__(self, _logger: object, _method: str, event: Event) -> Event:
        """Act as a structlog processor."""
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            for secret in self._secrets:
                value = value.replace(secret, "[redacted]")
        elif isinstance(value, dict):
            return {k: self._clean(v) for k, v in value.items()}
        elif isinstance(value, (list, tuple)):
            return [self._clean(v) for v in value]
        return value


def configure(service: str, *, secrets: Iterable[str]) -> None:
    """Log as JSON lines that name ``service``; ``secrets`` never appear in them."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            Redactor(secrets),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
