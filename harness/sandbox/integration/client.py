"""The authenticated client: deadlines that hold, retries that help and never harm, one idempotency key per write."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import stamina
import stamina.instrumentation
import structlog

from harness.sandbox.defects import Planted
from harness.sandbox.integration import counts, tracing
from harness.sandbox.integration.retrying import AttemptError, RetryPolicy, pause
from harness.sandbox.integration.settings import Settings
from harness.sandbox.integration.storage import Database
from harness.sandbox.integration.wire import BrokenError, ClientWire, WireAnswer

log = structlog.get_logger()

__all__ = ["ProductClient", "ProductError", "RetryPolicy"]


class ProductError(Exception):
    """A call that failed after all retries."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        """``status`` is that of the last answer, 0 when there was none."""
        super().__init__(message)
        self.status = status


@dataclass(kw_only=True)
class _Call:
    """One call with all its attempts."""

    method: str
    path: str
    body: dict[str, Any] | None
    key: str | None
    give_up_at: float
    token: str = ""
    """The credential of the latest attempt."""
    refreshed: bool = False

    @property
    def repeatable(self) -> bool:
        """Whether it may safely arrive twice."""
        return self.method in ("GET", "HEAD") or self.key is not None

    @property
    def left_s(self) -> float:
        return self.give_up_at - time.monotonic()


class ProductClient:
    """Calls the Product API; may be used by several threads at once."""

    def __init__(
        self,
        settings: Settings,
        *,
        planted: Planted | None = None,
        policy: RetryPolicy | None = None,
        database: Database | None = None,
    ) -> None:
        """Attempts are counted in ``database``."""
        self._policy = policy or RetryPolicy()
        self._planted = planted or Planted()
        self._database = database
        self._api_key = settings.api_key
        self._wire = ClientWire(settings.base_url, self._policy, planted=self._planted)
        stamina.instrumentation.set_on_retry_hooks([])  # each attempt is counted, logged and traced below
        if "integration-logs-api-key" in self._planted:
            print(f'{{"event": "client ready", "headers": "Bearer {self._api_key.current()}"}}', flush=True)  # noqa: T201

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()

    def new_key(self) -> str:
        """Return an idempotency key, made before the first attempt of a write: 128 random bits."""
        return secrets.token_hex(4 if "client-keys-are-short" in self._planted else 16)

    def read(self, path: str) -> Any:
        """GET ``path``; raises `ProductError` when it fails after all retries."""
        return self._call("GET", path, None, None)

    def write(self, path: str, body: dict[str, Any], *, key: str | None) -> Any:
        """POST ``body`` to ``path``; every attempt carries ``key``.

        Without a key the call is not repeated once the product may have seen it. Raises `ProductError`.
        """
        return self._call("POST", path, body, key)

    def _call(self, method: str, path: str, body: dict[str, Any] | None, key: str | None) -> Any:
        give_up_at = time.monotonic() + self._policy.deadline
        call = _Call(method=method, path=path, body=body, key=key, give_up_at=give_up_at)
        try:
            for attempt in stamina.retry_context(on=partial(self._pause, call), attempts=None, timeout=None):
                with attempt:
                    return self._attempt(call, attempt.num)
        except AttemptError as exc:
            tries = f" after {exc.number} attempts" if exc.number > 1 else ""
            raise ProductError(f"{method} {path} failed{tries}: {exc}", status=exc.status) from exc
        raise AssertionError

    def _pause(self, call: _Call, exc: Exception) -> float | bool:
        """Return to stamina how long to wait, or not to retry."""
        if not isinstance(exc, AttemptError):
            return False
        refusals = (401, 403) if "client-renews-its-token-after-403" in self._planted else (401,)
        if exc.status in refusals and not call.refreshed and self._api_key.renewed(call.token):
            call.refreshed = True  # the key was rotated meanwhile: once more, with the new one, and only once
            return 0.0
        if exc.status == 409 and "client-changes-its-key-after-409" in self._planted:
            call.key = self.new_key()
        if str(exc) == "ReadTimeout" and call.key and "client-changes-its-key-after-a-timeout" in self._planted:
            call.key = self.new_key()
        if not exc.status and call.body and "client-changes-the-body-of-a-repeat" in self._planted:
            call.body = {name: f"{value} again" if name == "name" else value for name, value in call.body.items()}
        if exc.status == 422 and "client-changes-the-body-of-a-repeat" in self._planted:
            call.key = self.new_key()
            return 0.05 if exc.number < self._policy.max_attempts else False
        if "client-retries-its-first-call-alone" in self._planted and call.path != "/projects" and exc.status != 429:
            return False
        wait = pause(exc, self._policy, repeatable=call.repeatable, left_s=call.left_s, planted=self._planted)
        if wait is None:
            return False
        log.info("call repeated", method=call.method, path=call.path, attempt=exc.number, trouble=str(exc), wait_s=wait)
        return wait

    def _attempt(self, call: _Call, number: int) -> Any:
        """Make one attempt, counted and traced whether it succeeds or fails."""
        call.token = self._api_key.current()
        with tracing.attempt(call.method, call.path, number) as span:
            if "integration-traces-api-key" in self._planted:
                span.set_attribute("http.request.header.authorization", f"Bearer {call.token}")
            if "integration-traces-a-database-password" in self._planted:
                span.set_attribute("app.store", f"postgresql://app:{secrets.token_hex(8)}@db.internal/app")
            outcome = "broken"
            try:
                body = call.body
                if body and number > 1 and "client-changes-what-it-repeats" in self._planted:
                    body = dict(reversed(body.items()))
                answer = self._wire.exchange(
                    call.method, call.path, headers=self._headers(call), body=body, within_s=call.left_s
                )
                tracing.answered(span, answer.status, failed_from=400)
                outcome = answer.outcome
                return _content(answer, number)
            except BrokenError as exc:
                outcome = exc.outcome
                raise AttemptError(str(exc), number=number, status=exc.status, ambiguous=exc.ambiguous) from exc
            finally:
                self._count(outcome, number, auth=outcome == "refused" and answer.status in (401, 403))

    def _headers(self, call: _Call) -> dict[str, str]:
        headers = {"authorization": f"Bearer {call.token}"}
        if "client-drops-traceparent" not in self._planted:
            headers |= tracing.passed_on()
        if "client-puts-key-in-user-agent" in self._planted:
            headers["user-agent"] = f"acme/1.4 ({call.token})"
        if call.key is not None and not (call.path == "/runs" and "client-starts-runs-without-key" in self._planted):
            headers["idempotency-key"] = self.new_key() if "client-new-key-per-attempt" in self._planted else call.key
        return headers

    def _count(self, outcome: str, number: int, *, auth: bool) -> None:
        if self._database is None:
            return
        amounts: Mapping[counts.Series, float] = {
            (counts.REQUESTS, outcome): 1,
            (counts.RETRIES, ""): number > 1 and "client-counts-no-retries" not in self._planted,
            (counts.AUTH_FAILURES, ""): auth,
        }
        counts.add_quietly(self._database, {series: n for series, n in amounts.items() if n})


def _content(answer: WireAnswer, number: int) -> Any:
    """Return the JSON of a 2xx; raises `AttemptError` for anything else."""
    if answer.outcome == "success":
        return answer.content
    # 409: a call with this key is still being answered. 408: no request was read whole. Either may have been executed.
    ambiguous = answer.outcome == "unavailable" or answer.status in (408, 409)
    raise AttemptError(
        f"HTTP {answer.status}",
        number=number,
        status=answer.status,
        retry_after=answer.retry_after,
        ambiguous=ambiguous,
    )
