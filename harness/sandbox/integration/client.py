"""The authenticated client: deadlines, retries that help and never harm, one idempotency key per write."""

from __future__ import annotations

import email.utils
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import structlog

from harness.sandbox.defects import Planted
from harness.sandbox.integration.settings import Settings

log = structlog.get_logger()


class ProductError(Exception):
    """A call that failed for good."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How calls are repeated; all times in seconds."""

    max_attempts: int = 5
    first_delay: float = 0.1
    max_delay: float = 2.0
    retry_after_cap: float = 30.0
    deadline: float = 45.0


class ProductClient:
    """Calls the Product API."""

    def __init__(
        self,
        settings: Settings,
        *,
        planted: Planted,
        policy: Policy | None = None,
        on_retry: Callable[[], None] = lambda: None,
    ) -> None:
        """``on_retry`` is told of every repeated attempt."""
        self._policy = policy or Policy()
        self._planted = planted
        self._on_retry = on_retry
        # A TLS context is built only where it is needed: it is the slowest part of the start.
        self._http = httpx.Client(
            base_url=settings.base_url,
            headers={"authorization": f"Bearer {settings.api_key}"},
            timeout=httpx.Timeout(10.0, connect=3.0),
            verify=settings.base_url.startswith("https:"),
            follow_redirects=False,  # a redirect must not carry the key elsewhere
            trust_env=False,
        )
        if "integration-logs-api-key" in planted:
            print(f'{{"event": "client ready", "headers": "Bearer {settings.api_key}"}}', flush=True)  # noqa: T201

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def read(self, path: str) -> Any:
        """GET ``path``; raises `ProductError` when it fails for good."""
        return self._call("GET", path, None, {})

    def write(self, path: str, body: dict[str, Any]) -> Any:
        """POST ``body`` to ``path``; every attempt carries the same idempotency key."""
        return self._call("POST", path, body, {"idempotency-key": str(uuid.uuid4())})

    def _call(self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]) -> Any:
        policy = self._policy
        give_up = time.monotonic() + policy.deadline
        most = 40 if "client-retries-without-end" in self._planted else policy.max_attempts
        trouble = ""
        for attempt in range(1, most + 1):
            wait = None
            try:
                response = self._http.request(method, path, json=body, headers=headers)
                if response.is_success:
                    return response.json()
                trouble = f"HTTP {response.status_code}"
                wait = self._wait_after(response, attempt)
            except (httpx.TransportError, ValueError) as exc:  # a cut or malformed answer is no success
                trouble = type(exc).__name__
                wait = self._backoff(attempt)
            if wait is None or attempt == most or time.monotonic() + wait > give_up:
                break
            log.info("call repeated", method=method, path=path, attempt=attempt, trouble=trouble, wait=round(wait, 3))
            self._on_retry()
            time.sleep(wait)
        raise ProductError(f"{method} {path} failed: {trouble}")

    def _wait_after(self, response: httpx.Response, attempt: int) -> float | None:
        """Return the seconds to wait before the next attempt, None when another is pointless."""
        status = response.status_code
        if status == 429:
            told = self._retry_after(response)
            return self._backoff(attempt, always=True) if told is None else told
        if status >= 500 or status in (408, 409):
            waits = [self._backoff(attempt), self._retry_after(response)]
            return None if waits[0] is None else max(w for w in waits if w is not None)
        return None

    def _retry_after(self, response: httpx.Response) -> float | None:
        """Read Retry-After in seconds or as a date (RFC 9110 section 10.2.3), capped; None when it is of no use."""
        text = response.headers.get("retry-after", "")
        if "client-ignores-retry-after" in self._planted or not text:
            return None
        if text.isdecimal() and text.isascii():
            seconds = float(text)
        else:
            try:
                seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
            except (TypeError, ValueError):
                return None
        return min(max(seconds, 0.0), self._policy.retry_after_cap)

    def _backoff(self, attempt: int, *, always: bool = False) -> float | None:
        """Return a capped exponential delay with jitter in its upper half, so that no delay is near zero."""
        if "client-never-retries" in self._planted and not always:
            return None
        if "client-retries-without-end" in self._planted:
            return 0.01
        longest = min(self._policy.max_delay, self._policy.first_delay * 2**attempt)
        return random.uniform(longest / 2, longest)  # noqa: S311 - jitter is no secret
