"""Generated requests on the wire: authenticated, patient with rate limits, and never silent about a missing answer."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec

from harness.fuzzing.defects import StoredRequest

LONGEST_WAIT_S = 30.0
WAITS_IN_ALL_S = 120.0
"""How long one run waits for a rate limit in all, before it says that the limit leaves no room."""
UNSENDABLE = (
    httpx.LocalProtocolError,
    httpx.InvalidURL,
    httpx.UnsupportedProtocol,
    UnicodeError,
    TypeError,
    ValueError,
)
"""What is raised for a header or URL that no client can put on the wire."""

UNSEEN = ("unreachable", "rate limit")
"""Silences that say nothing of the operation."""


class SendResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one request: a response, or why there is none."""

    request: httpx.Request
    response: httpx.Response | None = None
    silence: str = ""
    """Why no response came: ``timeout``, ``closed``, ``garbage``, ``unreachable`` or ``rate limit``."""
    said: str = ""
    """What the client says of the silence."""


class FuzzSender:
    """Sends requests to one provider."""

    def __init__(
        self,
        client: httpx.Client,
        headers: Mapping[str, str],
        *,
        observe: Callable[[Any, httpx.Response], None] = lambda _case, _response: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``headers`` authenticate; ``observe`` is shown every case with its response."""
        self._client = client
        self.headers = dict(headers)
        self._observe = observe
        self._sleep = sleep
        self.waited_s = 0.0
        self.sent = 0
        self.answered = 0

    def send(self, case: Any) -> SendResult | None:
        """Send one generated case; None when HTTP cannot carry it."""
        try:
            request = self._request(case)
            answer = self.deliver(request)
            if answer.silence == "closed":  # perhaps an idle connection that ended just then (RFC 9112 section 9.5)
                again = self.deliver(request)
                # Where nobody listens any more, this is the request that has ended the provider.
                answer = answer if again.silence == "unreachable" else again
        except UNSENDABLE:
            return None
        if answer.response is not None:
            self._observe(case, answer.response)
        return answer

    def deliver(self, request: httpx.Request) -> SendResult:
        """Send a request as it is; wait and send again while the provider names a time with 429 (RFC 6585)."""
        while True:
            answer = self._once(request)
            wait = retry_after_s(answer.response) if answer.response is not None else None
            if wait is None:
                return answer
            if wait > LONGEST_WAIT_S or self.waited_s + wait > WAITS_IN_ALL_S:
                said = f"asked to wait {wait:.0f} s after {self.waited_s:.0f} s of waiting"
                return SendResult(request=request, silence="rate limit", said=said)
            self.waited_s += wait
            self._sleep(wait)

    @property
    def base_url(self) -> str:
        """Where the provider answers."""
        return str(self._client.base_url)

    def build(self, kept: StoredRequest) -> httpx.Request:
        """Return a request that was kept, authenticated if it was."""
        known = {name.lower(): value for name, value in self.headers.items()}
        headers = [*kept.headers, *((name, known[name.lower()]) for name in kept.secret if name.lower() in known)]
        url = self.base_url.rstrip("/") + kept.path
        return self._client.build_request(kept.method, url, headers=headers, content=kept.body)

    def _once(self, request: httpx.Request) -> SendResult:
        self.sent += 1
        try:
            response = self._client.send(request)
            self.answered += 1
            return SendResult(request=request, response=response)
        except UNSENDABLE:
            raise
        except httpx.RequestError as exc:
            return SendResult(request=request, silence=_silence(exc), said=f"{type(exc).__name__}: {exc}"[:300])
        finally:
            self._client.cookies.clear()  # a session cookie would authenticate a request that must go without

    def _request(self, case: Any) -> httpx.Request:
        base_url = str(self._client.base_url).rstrip("/")
        # A case whose credential was taken away or spoilt is no longer invalid once it is put back.
        spoilt = case.operation.schema.is_security_param_negated(case)
        kwargs = case.as_transport_kwargs(base_url=base_url, headers={} if spoilt else dict(self.headers))
        headers = dict(kwargs.get("headers") or {})
        if cookies := kwargs.get("cookies"):
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in cookies.items())
        for name in [n for n in headers if n.lower() == "idempotency-key" and case.meta.generation.mode.is_positive]:
            headers[name] = str(uuid.uuid4())  # a generator repeats simple values; a repeated key is a repeated call
        body = {k: v for k in ("json", "files", "params") if (v := kwargs.get(k)) is not None}
        data = kwargs.get("data")
        if data is not None:
            body["data" if isinstance(data, Mapping) else "content"] = data
        headers.pop("X-Schemathesis-TestCaseId", None)
        request = self._client.build_request(kwargs["method"], kwargs["url"], headers=headers, **body)
        request.read()  # a body of several parts is made while it is sent; what is told of it needs it whole
        return request


def retry_after_s(response: httpx.Response) -> float | None:
    """Return how long a 429 asks to wait, in seconds (RFC 9110 section 10.2.3); None without a readable time."""
    value = response.headers.get("retry-after", "").strip()
    if response.status_code != 429 or not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - dt.datetime.now(tz=dt.UTC)).total_seconds())


def _silence(exc: httpx.RequestError) -> str:
    """Return the kind of silence behind what httpx raised."""
    if isinstance(exc, httpx.RemoteProtocolError):
        gone = "disconnected" in str(exc) or "closed connection" in str(exc)
        return "closed" if gone else "garbage"
    kinds = (
        (httpx.ConnectTimeout, "unreachable"),
        (httpx.TimeoutException, "timeout"),
        ((httpx.ReadError, httpx.WriteError, httpx.CloseError), "closed"),
        (httpx.DecodingError, "garbage"),
    )
    return next((name for kind, name in kinds if isinstance(exc, kind)), "unreachable")
