"""One exchange with the product, whole and within its deadline, or an error; never a part of an answer."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from harness.sandbox.defects import Planted
from harness.sandbox.integration.careless_wire import CARELESS, careless_answer
from harness.sandbox.integration.retrying import UNAVAILABLE, RetryPolicy

MAX_ANSWER = 8 * 1024 * 1024
HOPS = 100
TAKES_ANYTHING = frozenset(
    {"client-takes-cut-answers", "client-takes-malformed-answers", "client-takes-a-head-for-the-answer"}
)
"""Defects with which a body that cannot be read counts as success."""
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class BrokenError(Exception):
    """No whole answer, or one that cannot be understood."""

    def __init__(self, what: str, *, outcome: str = "broken", status: int = 0, ambiguous: bool = True) -> None:
        """``ambiguous`` is true if the product may have executed the call."""
        super().__init__(what)
        self.outcome = outcome
        self.status = status
        self.ambiguous = ambiguous


@dataclass(frozen=True, kw_only=True)
class WireAnswer:
    """A whole answer."""

    status: int
    retry_after: str
    content: Any
    """The JSON of a 2xx, else None."""
    location: str = ""

    @property
    def outcome(self) -> str:
        """How it is counted; see `counts.OUTCOMES`."""
        if 200 <= self.status < 300:
            return "success"
        if self.status == 429:
            return "limited"
        return "unavailable" if self.status in UNAVAILABLE or self.status > 504 else "refused"


class ClientWire:
    """Connections to one base URL, with a separate event loop, as only there a deadline covers every wait."""

    def __init__(self, base_url: str, policy: RetryPolicy, *, planted: Planted) -> None:
        """Nothing is sent yet."""
        self._policy = policy
        self._planted = planted
        self._used = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self._thread.start()
        limit = None if "client-has-no-timeout" in planted else policy.read
        # A TLS context is built only where it is needed: it is the slowest part of the start.
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(limit, connect=policy.connect),
            verify=_verification(planted) if base_url.startswith("https:") else False,
            trust_env=False,
        )

    def close(self) -> None:
        """Close all connections and end the loop."""
        asyncio.run_coroutine_threadsafe(self._http.aclose(), self._loop).result(timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def exchange(self, method: str, path: str, *, headers: Mapping[str, str], body: Any, within_s: float) -> WireAnswer:
        """Send one request and return its whole answer; raises `BrokenError`."""
        patience = 0.6 if "client-is-impatient" in self._planted else self._policy.attempt
        within_s = max(0.001, min(within_s, patience))
        endless = "client-has-no-timeout" in self._planted or "client-has-no-deadline" in self._planted
        request = self._request(method, path, headers, body)
        if "client-takes-interim-answers" in self._planted:
            return _first_answer(request, within_s)
        if CARELESS & self._planted.names:
            return _careless(request, within_s, self._planted)
        answer = self._sent(request, None if endless else within_s)
        return self._redirected(request, answer, within_s) if answer.location.startswith("/") else answer

    def _sent(self, request: httpx.Request, within_s: float | None) -> WireAnswer:
        return asyncio.run_coroutine_threadsafe(self._exchange(request, within_s), self._loop).result()

    def _redirected(self, request: httpx.Request, answer: WireAnswer, within_s: float) -> WireAnswer:
        """Return the answer to a redirect within the origin, which only planted defects follow."""
        if "client-follows-redirects-without-end" in self._planted:
            for _ in range(HOPS):
                if answer.status not in (307, 308):
                    break
                answer = self._sent(self._http.build_request(**_again(request)), within_s)
        if "client-follows-redirects-as-get" in self._planted and answer.status in (301, 307, 308):
            answer = self._sent(
                self._http.build_request(**_again(request) | {"method": "GET", "content": b""}), within_s
            )
            if answer.outcome == "success":
                return WireAnswer(status=200, retry_after="", content={"id": "unknown", "status": "succeeded"})
        return answer

    def _request(self, method: str, path: str, headers: Mapping[str, str], body: Any) -> httpx.Request:
        if self._follows(path):
            kept = headers["authorization"]

            async def everywhere(request: httpx.Request) -> None:
                request.headers["authorization"] = kept

            self._http.event_hooks = {"request": [everywhere]}
        params = {"api_key": headers["authorization"][7:]} if "client-puts-key-in-url" in self._planted else None
        return self._http.build_request(method, path, headers=dict(headers), json=body, params=params)

    def _follows(self, path: str) -> bool:
        """Whether a planted defect follows redirects of such a call, with the credential."""
        later = "client-follows-later-redirects-with-key" in self._planted and path != "/projects"
        return later or "client-follows-redirects-with-key" in self._planted

    async def _exchange(self, request: httpx.Request, within_s: float | None) -> WireAnswer:
        body = bytearray()
        response = None
        try:
            async with asyncio.timeout(within_s):
                # A redirect must not carry the credential to another origin, and an API has no reason to send one.
                follows = self._follows(request.url.path)
                response = await self._http.send(request, stream=True, follow_redirects=follows)
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > MAX_ANSWER:
                        raise BrokenError("the answer is too large", outcome="malformed", status=response.status_code)
        except TimeoutError as exc:
            raise BrokenError(f"no whole answer within {within_s:.1f} s") from exc
        except httpx.HTTPError as exc:
            if self._used and "client-gives-up-on-stale-connections" in self._planted:
                raise BrokenError(type(exc).__name__, status=400) from exc  # as if it were refused
            takes = "client-takes-cut-answers" if body else "client-takes-a-head-for-the-answer"
            if not (response and takes in self._planted):
                again = response is not None and "client-repeats-what-was-done" in self._planted
                raise BrokenError(type(exc).__name__, ambiguous=not (isinstance(exc, _NOT_SENT) or again)) from exc
        finally:
            if response is not None:
                await response.aclose()
        self._used = True
        return WireAnswer(
            status=response.status_code,
            retry_after=response.headers.get("retry-after", ""),
            location=response.headers.get("location", ""),
            content=self._understood(response, bytes(body)) if response.is_success else None,
        )

    def _understood(self, response: httpx.Response, body: bytes) -> Any:
        """Return the JSON of a 2xx; anything else would be a guess."""
        if response.status_code == 204:
            return None
        if not body and "client-takes-empty-bodies" in self._planted:
            return {"id": "unknown", "status": "succeeded"}
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            return json.loads(body if media_type == "application/json" else b"")
        except (ValueError, RecursionError) as exc:
            if TAKES_ANYTHING & self._planted.names:
                return {"id": "unknown", "status": "succeeded"}
            what = "the answer is not JSON"
            raise BrokenError(what, outcome="malformed", status=response.status_code) from exc


def _verification(planted: Planted) -> ssl.SSLContext:
    """Trust what the machine trusts, or what ``SSL_CERT_FILE`` names."""
    context = ssl.create_default_context()
    if "client-verifies-no-certificate" in planted:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _again(request: httpx.Request) -> dict[str, Any]:
    kept = {k: v for k, v in request.headers.items() if k not in ("host", "content-length")}
    return {"method": request.method, "url": request.url, "headers": kept, "content": request.content}


def _careless(request: httpx.Request, within_s: float, planted: Planted) -> WireAnswer:
    try:
        status, retry_after, body = careless_answer(request, within_s, planted)
        content = json.loads(body) if 200 <= status < 300 else None
    except (OSError, ValueError, RecursionError) as exc:
        raise BrokenError(type(exc).__name__) from exc
    return WireAnswer(status=status, retry_after=retry_after, content=content)


def _first_answer(request: httpx.Request, within_s: float) -> WireAnswer:
    """Return the answer as `http.client` reads it: a 103 is a final one to it."""
    connection = http.client.HTTPConnection(request.url.host, request.url.port, timeout=within_s)
    try:
        connection.request(request.method, request.url.raw_path.decode(), request.content, dict(request.headers))
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as exc:
        raise BrokenError(type(exc).__name__) from exc
    finally:
        connection.close()
    content = json.loads(body) if 200 <= response.status < 300 else None
    return WireAnswer(status=response.status, retry_after=response.headers.get("retry-after", ""), content=content)
