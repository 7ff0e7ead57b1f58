"""The client of the provider: authenticated, patient with rate limits, and never silent about a missing answer."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Self

import httpx
import msgspec

from harness.core.cutting import cut
from harness.core.dates import retry_after_s
from harness.errors import NotPermittedError
from harness.http.client import TIMEOUT_S, WHOLE_WITHIN_S, Network
from harness.http.crash_log import CrashLog, traced
from harness.http.credential_state import CredentialState
from harness.http.guard import Guard
from harness.http.message import header_bytes
from harness.http.request_credential import Choice, Headers, RequestCredentials

LIMITED = frozenset({429, 503})
"""Statuses that ask to come again later (RFC 6585 section 4, RFC 9110 section 15.6.4)."""
DEFAULT_WAIT_S = 1.0
"""Seconds to wait where ``Retry-After`` cannot be read."""
LONGEST_WAIT_S = 30.0
WAITS_IN_ALL_S = 120.0
"""Seconds that one client waits for rate limits in total, before it reports that the limit is exhausted."""
MOST_WAITS = 10
"""Waits for one request."""
UNSENDABLE = (
    httpx.LocalProtocolError,
    httpx.InvalidURL,
    httpx.UnsupportedProtocol,
    UnicodeError,
    TypeError,
    ValueError,
)
"""What is raised for a header, URL or body that no client can put on the wire."""


class NoAnswer(enum.StrEnum):
    """Why a request got no answer."""

    TIMEOUT = "timeout"
    CLOSED = "closed"
    """The connection ended before the answer was whole."""
    GARBAGE = "garbage"
    """What came is not HTTP."""
    UNREACHABLE = "unreachable"
    RATE_LIMIT = "rate limit"
    """The provider asked to wait for longer than there is time."""


UNHEARD = frozenset({NoAnswer.UNREACHABLE, NoAnswer.RATE_LIMIT})
"""Reasons that prove nothing about the operation: it never received the request."""


class SendResult(msgspec.Struct, frozen=True, kw_only=True):
    """Result of one request: a response, or why there is none."""

    request: httpx.Request
    response: httpx.Response | None = None
    reason: NoAnswer | None = None
    """Why there is no response."""
    detail: str = ""
    """The client's own words for the reason."""
    limited: tuple[httpx.Response, ...] = ()
    """The answers that asked to wait, in order; the last of them may be the reason."""

    @property
    def last(self) -> httpx.Response | None:
        """The response, else the last answer that asked to wait; None where nothing came."""
        return self.response if self.response is not None else next(reversed(self.limited), None)


class ProviderClient:
    """Sends requests to one provider, from any number of threads. It follows no redirect and forgets every cookie."""

    crash_log: CrashLog | None = None
    """Finds where the provider's process crashed, which the answer bears as `CRASHED_IN`; None looks for nothing."""

    def __init__(
        self,
        network: Network,
        base_url: str,
        headers: Headers = None,
        *,
        choose: Choice | None = None,
        guard: Guard | None = None,
        credential: CredentialState | None = None,
        answer_within_s: float = TIMEOUT_S,
        whole_within_s: float = WHOLE_WITHIN_S,
        wait_unasked_s: float | None = DEFAULT_WAIT_S,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``headers`` authenticate, or return what does as of now; ``guard`` is asked before each request.

        ``choose`` returns what some operations take in their place; ``credential`` stops all when one fails.
        A part of an answer may take ``answer_within_s``, a whole one ``whole_within_s``.
        ``wait_unasked_s`` is the wait after 429 or 503 without ``Retry-After``; None takes that as the answer.
        ``clock`` gives seconds since the epoch, which dates are held against.
        """
        self.base_url = base_url
        self._authentication = RequestCredentials(headers, choose)
        self.guard = guard
        self._credential = credential
        self.sent = self.answered = 0
        self.waited_s = 0.0
        """Seconds spent waiting for rate limits."""
        made = partial(network.client, base_url=base_url, transport=transport)
        opened = partial(made, timeout_s=answer_within_s, whole_within_s=whole_within_s)
        self._client, self._unconnected = opened(), opened(keep_alive=False)
        for client in (self._client, self._unconnected):
            # A session cookie would authenticate a request that must go without.
            client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self._wait_unasked_s = wait_unasked_s
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._client.close()
        self._unconnected.close()

    def headers_for(self, method: str, path: str) -> dict[str, str]:
        """Return the headers that authenticate a request, as of now; for ``path`` see `build`."""
        return self._authentication.of(method, self._url(path)).now()

    def carried_by(self, request: httpx.Request) -> dict[str, str]:
        """Return the headers of a request that are a credential; see `RequestCredentials.carried_by`."""
        return self._authentication.carried_by(request)

    def authenticates(self, request: httpx.Request) -> bool:
        """Whether a request carries the credential that it needs; see `RequestCredential.stands_in`."""
        return self._authentication.stands_in(request)

    def _url(self, path: str) -> str:
        return path if "://" in path else self.base_url.rstrip("/") + "/" + path.lstrip("/")

    def build(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        *,
        authenticated: bool = True,
        **content: Any,
    ) -> httpx.Request:
        """Return a request for a path below the base URL, or for a whole URL; raises one of `UNSENDABLE`.

        ``headers`` take the place of those that authenticate under the same name; ``content`` is httpx's ``json``,
        ``content``, ``data``, ``files`` or ``params``.
        """
        given = list(headers.items() if isinstance(headers, Mapping) else headers)
        own = {name.lower() for name, _ in given}
        needed = self.headers_for(method, path) if authenticated else {}
        credential = [(k, v) for k, v in needed.items() if k.lower() not in own]
        return self._client.build_request(
            method, self._url(path), headers=header_bytes([*credential, *given]), **content
        )

    def send(self, request: httpx.Request) -> SendResult:
        """Send a request as it is, and again after each wait that 429 or 503 asks for.

        A connection that ends without an answer may have been an idle one that ended just then, so the request is
        sent once more, on a new one (RFC 9112 section 9.5). Raises one of `UNSENDABLE`, `NotPermittedError` and
        `NetworkError`, and `CredentialLostError` in place of an answer that is one to the loss of the credential.
        """
        authenticated = self.authenticates(request)
        if self._credential is not None:
            self._credential.check()
        if self.guard is not None:
            if refused := self.guard.refusal(request.method, request.url, authenticated=authenticated):
                raise NotPermittedError(f"Refused to send {request.method} {request.url.path}: {refused}.")
            if not authenticated and self.guard.spares_credentials:
                return self._once(request, ())
        result = self._answered(request)
        if self._credential is not None and authenticated and result.response is not None:
            self._credential.observe(result.response, lambda known: self._once(known, ()).response)
        return result

    @property
    def lost(self) -> str:
        """Why the credential no longer works, and nothing is sent any more; empty while it does."""
        return self._credential.lost if self._credential is not None else ""

    def _answered(self, request: httpx.Request) -> SendResult:
        result = self._patiently(request)
        if result.reason is not NoAnswer.CLOSED:
            return result
        again = self._patiently(request, self._unconnected)
        # Where nobody listens any more, this is the request that has ended the provider.
        return result if again.reason is NoAnswer.UNREACHABLE else again

    def _patiently(self, request: httpx.Request, client: httpx.Client | None = None) -> SendResult:
        limited: list[httpx.Response] = []
        while True:
            result = self._once(request, tuple(limited), client)
            wait = self._wait_asked(result.response)
            if result.response is None or wait is None:
                return result
            limited.append(result.response)
            if refused := self._reserved(wait, len(limited)):
                return _out_of_patience(result, tuple(limited), refused)
            self._sleep(wait)

    def _wait_asked(self, response: httpx.Response | None) -> float | None:
        if response is None or response.status_code not in LIMITED:
            return None
        value = response.headers.get("retry-after")
        if value is None:
            return self._wait_unasked_s
        wait = retry_after_s(value, now=self._clock())
        return DEFAULT_WAIT_S if wait is None else wait

    def _reserved(self, wait: float, number: int) -> str:
        """Take the wait of that number out of what one client waits; return why it is too long, empty when not."""
        with self._lock:
            if number > MOST_WAITS:
                return f"asked to wait again after {MOST_WAITS} waits"
            if wait > LONGEST_WAIT_S or self.waited_s + wait > WAITS_IN_ALL_S:
                return f"asked to wait {wait:.0f} s after {self.waited_s:.0f} s of waiting"
            self.waited_s += wait
            return ""

    def _once(
        self, request: httpx.Request, limited: tuple[httpx.Response, ...], client: httpx.Client | None = None
    ) -> SendResult:
        with self._lock:
            self.sent += 1
        self.authenticates(request)  # it may have been built while another token was valid
        try:
            response = traced(self.crash_log, partial((client or self._client).send, request, follow_redirects=False))
        except UNSENDABLE:
            raise
        except httpx.RequestError as exc:
            return SendResult(request=request, reason=_reason(exc), detail=_in_words(exc), limited=limited)
        with self._lock:
            self.answered += 1
        if self.guard is not None:
            self.guard.observe(response)
        return SendResult(request=request, response=response, limited=limited)


def json_of(response: httpx.Response | None) -> Any:
    """Return the JSON of an answer, None where it has none."""
    try:
        return None if response is None else response.json()
    except (ValueError, RecursionError):
        return None


def _out_of_patience(result: SendResult, limited: tuple[httpx.Response, ...], detail: str) -> SendResult:
    """Return the result when waiting did not help: 503 is an answer, and 429 proves nothing about the request."""
    if limited[-1].status_code != 429:
        return result
    return SendResult(request=result.request, reason=NoAnswer.RATE_LIMIT, detail=detail, limited=limited)


def _in_words(exc: httpx.RequestError) -> str:
    return cut(f"{type(exc).__name__}: {exc}".removesuffix(": "), 300)


def _reason(exc: httpx.RequestError) -> NoAnswer:
    """Return the cause of an httpx exception."""
    if isinstance(exc, httpx.RemoteProtocolError):
        gone = "disconnected" in str(exc) or "closed connection" in str(exc)
        return NoAnswer.CLOSED if gone else NoAnswer.GARBAGE
    kinds = (
        (httpx.ConnectTimeout, NoAnswer.UNREACHABLE),
        (httpx.TimeoutException, NoAnswer.TIMEOUT),
        ((httpx.ReadError, httpx.WriteError, httpx.CloseError), NoAnswer.CLOSED),
        (httpx.DecodingError, NoAnswer.GARBAGE),
    )
    return next((reason for kind, reason in kinds if isinstance(exc, kind)), NoAnswer.UNREACHABLE)
