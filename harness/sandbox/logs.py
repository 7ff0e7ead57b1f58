"""Logs: one JSON object a line on standard output, with the trace it belongs to, and with no secret in it."""

from __future__ import annotations

import base64
import functools
import json
import logging
import sys
import urllib.parse
from collections.abc import Callable, Collection, MutableMapping
from functools import partial
from typing import Any

import structlog
from opentelemetry import trace

Event = MutableMapping[str, Any]
REDACTED = "[redacted]"


class LogRedactor:
    """Takes known secrets out of a log line, in the encodings in which they tend to leak."""

    def __init__(self, secrets: Callable[[], Collection[str]]) -> None:
        """``secrets`` is asked at each line: values, not names, and they may be rotated."""
        self._secrets = secrets

    def __call__(self, _logger: object, _method: str, line: Any) -> str:
        """Act as the last structlog processor, on the line as it will be written."""
        redacted = str(line)
        for secret in self._secrets():
            for form in forms(secret):
                redacted = redacted.replace(form, REDACTED)
        return redacted


@functools.cache
def forms(secret: str) -> tuple[str, ...]:
    """Return a secret in plain form and encoded as JSON, URL, hexadecimal and base64, the longest first.

    Base64 depends on the position of the secret, so there are three forms, without the characters at the edges.
    """
    raw = secret.encode()
    found = {secret, urllib.parse.quote(secret, safe=""), raw.hex(), raw.hex().upper()}
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        found |= {escaped, json.dumps(escaped)[1:-1]}  # JSON, and JSON in JSON
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + raw).decode().rstrip("=")
        whole = encoded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
        found |= {whole, whole.replace("+", "-").replace("/", "_")}
    return tuple(sorted((f for f in found if len(f) >= 4), key=len, reverse=True))


def configure(service: str, *, secrets: Callable[[], Collection[str]] | Collection[str]) -> None:
    """Log as JSON lines that name ``service``; ``secrets`` (or what they return at the time) never appear in them."""
    known = secrets if callable(secrets) else lambda: secrets
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            partial(_with_service, service),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
            LogRedactor(known),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Through()], level=logging.WARNING, force=True)


def _with_service(service: str, _logger: object, _method: str, event: Event) -> Event:
    event["service"] = service
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event.update(trace_id=f"{context.trace_id:032x}", span_id=f"{context.span_id:016x}")
    return event


class _Through(logging.Handler):
    """What libraries log takes the same way out: one JSON line, redacted."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger()
        logger.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
