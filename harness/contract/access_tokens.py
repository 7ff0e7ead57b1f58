"""Access tokens of the client credentials grant (RFC 6749 section 4.4): asked for, stored, and renewed in time."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import quote_plus

import httpx
import msgspec

from harness.contract.credentials import REPLACED, ROTATED
from harness.errors import TokenError
from harness.http.address import public_url
from harness.http.provider_client import json_of
from harness.model import Finding, Outcome, SecretRef
from harness.model.config import ClientAuth, ClientCredentials

KEY = "[provider] auth"
UNSTATED_S = 300.0
"""Seconds for which a token counts as valid whose answer has no ``expires_in``."""
EARLY_S = 60.0
"""Seconds before its end at which a token is renewed; for one that lives shorter than twice that, half its life."""
FAILED_FOR_S = 60.0
"""Seconds for which a refusal counts, so that many checks do not lock the client."""
_TOKEN = re.compile(r"[!-~]+")
"""RFC 6749 appendix A.12, without the space that no header of RFC 6750 may have."""
_CODES = {
    "invalid_client": "Compare client_id and client_secret with what was issued, and client_auth with what the server "
    "takes: client_secret_basic or client_secret_post.",
    "unauthorized_client": "Allow this client the grant client_credentials at the authorization server.",
    "unsupported_grant_type": "Allow the grant client_credentials at the authorization server, or correct token_url.",
    "invalid_scope": "Correct scope: the authorization server does not grant it to this client.",
    "invalid_request": "Compare the form with what the server asks for: client_auth, scope and parameters.",
    "invalid_grant": "Compare client_id, client_secret and parameters with what was issued.",
}
"""The errors of RFC 6749 section 5.2, and what to do about each."""


class _Issued(msgspec.Struct, frozen=True):
    token: str
    renew_at: float


class AccessTokens:
    """The token of one client, in one process; any number of threads may ask for it."""

    def __init__(
        self,
        section: ClientCredentials,
        reveal: Callable[[str], str],
        http: Callable[[], AbstractContextManager[httpx.Client]],
        keep: Callable[[str], None],
        *,
        key: str = KEY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``reveal`` gives what a text stands for; ``http`` makes clients; ``keep`` takes each new token first.

        ``key`` is that of ``section`` in harness.toml, for messages.
        """
        self._key = key
        self._section = section
        self._reveal = reveal
        self._http = http
        self._keep = keep
        self._clock = clock
        self._lock = threading.Lock()
        self._issued: _Issued | None = None
        self._failure: tuple[float, TokenError] | None = None

    def current(self) -> str:
        """Return a token that is valid for a while; raises `TokenError` and `SecretError`."""
        with self._lock:
            now = self._clock()
            if self._issued is not None and now < self._issued.renew_at:
                return self._issued.token
            if self._failure is not None and now < self._failure[0]:
                raise self._failure[1]
            try:
                self._issued = self._asked(self._section.client_secret)
            except TokenError as exc:
                self._failure = (now + FAILED_FOR_S, exc)
                raise
            return self._issued.token

    def granted(self, secret: SecretRef) -> None:
        """Ask for a token with another secret of the client; raises `TokenError` where none is granted."""
        self._asked(secret)

    def _asked(self, secret: SecretRef) -> _Issued:
        begun = self._clock()
        answer = self._posted(secret)
        token, lifetime = _token_in(answer, self._where)
        self._keep(token)
        return _Issued(token, begun + max(lifetime - EARLY_S, lifetime / 2))

    @property
    def _where(self) -> str:
        return f"{self._key}.token_url: {public_url(self._section.token_url)}"

    def _posted(self, secret: SecretRef) -> httpx.Response:
        section = self._section
        client_id, client_secret = self._reveal(section.client_id), self._reveal(secret)
        form = {"grant_type": "client_credentials", **section.parameters}
        if section.scope is not None:
            form["scope"] = section.scope
        options: dict[str, Any] = {"headers": {"accept": "application/json"}}
        if section.client_auth is ClientAuth.BASIC:  # RFC 6749 section 2.3.1: each is encoded before it is joined
            options["auth"] = (quote_plus(client_id), quote_plus(client_secret))
        else:
            form |= {"client_id": client_id, "client_secret": client_secret}
        try:
            with self._http() as client:
                return client.post(section.token_url, data=form, **options)
        except httpx.TransportError as exc:
            reason = type(exc).__name__
        raise TokenError(
            f"{self._where} does not answer ({reason}), so there is no access token. Correct the URL, or start the "
            "authorization server."
        )


def judge_replaced_secret(tokens: AccessTokens, old: SecretRef, new: SecretRef) -> Finding:
    """Ask for a token with a client's secret and with the one it replaced: the old one must be refused."""

    def finding(outcome: Outcome, observed: str) -> Finding:
        summary = f"{REPLACED.sentence(outcome)} ({new})"
        return REPLACED.finding(outcome, observed, summary=summary, case=f"{new}-replaced")

    try:
        tokens.granted(new)
    except TokenError as exc:
        return finding(Outcome.ERROR, f"no token for the new secret: {exc}")
    try:
        tokens.granted(old)
    except TokenError as exc:
        return finding(Outcome.PASS if exc.refused else Outcome.ERROR, str(exc))
    return finding(Outcome.FAIL, "an access token for each of the two").named(str(new), ROTATED, "still accepted")


def _token_in(answer: httpx.Response, where: str) -> tuple[str, float]:
    """Return the token with its lifetime in seconds; nothing else of the answer is shown, for it may hold secrets."""
    content = json_of(answer)
    if not answer.is_success:
        raise _refused(answer.status_code, content, where)
    if not isinstance(content, dict):
        raise TokenError(
            f"{where} answered HTTP {answer.status_code} with what is not a JSON object. Write the URL of the token "
            "endpoint: another page answers there."
        )
    token, kind, lifetime = (content.get(name) for name in ("access_token", "token_type", "expires_in"))
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise TokenError(
            f"{where} answered HTTP {answer.status_code} without an access_token that a header can carry (RFC 6749 "
            "section 5.1). Write the URL of the token endpoint, and compare parameters with what it asks for."
        )
    if isinstance(kind, str) and kind.lower() != "bearer":
        raise TokenError(
            f"{where} issues tokens of another token_type than Bearer, which the harness cannot send. Let the "
            "authorization server issue bearer tokens to this client (RFC 6750)."
        )
    return token, _seconds(lifetime)


def _seconds(lifetime: object) -> float:
    """Return ``expires_in`` as a number: some servers write it as text."""
    try:
        seconds = float(lifetime) if isinstance(lifetime, int | float | str) else UNSTATED_S
    except ValueError:
        return UNSTATED_S
    return seconds if 0 < seconds < float("inf") else UNSTATED_S


def _refused(status: int, content: object, where: str) -> TokenError:
    code = content.get("error") if isinstance(content, dict) else None
    if isinstance(code, str) and code in _CODES:
        refused = code in ("invalid_client", "invalid_grant")
        return TokenError(f"{where} answered HTTP {status}, {code}. {_CODES[code]}", refused=refused)
    advice = "Is the authorization server well?" if status >= 500 else "Write the URL of the token endpoint itself."
    text = f"{where} answered HTTP {status} without an error code of RFC 6749 section 5.2. {advice}"
    return TokenError(text, refused=status == 401)
