"""Answers the requests that providers send before any event, as a receiver must; they are never events themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from harness.core.foreign_json import read_json
from harness.http.message import Request, Response


class HandshakeRequest:
    """A request, read as a handshake may be."""

    def __init__(self, request: Request, *, secret: str, url: str) -> None:
        """``secret`` is what receiver and provider share, empty when not known; ``url`` is the receiver's."""
        self.method = request.method
        self.header = request.header
        self.secret = secret
        self.url = url
        self._request = request

    @cached_property
    def query(self) -> Mapping[str, str]:
        """Names, in lower case, and decoded values of the query."""
        pairs = parse_qsl(self._request.target.partition("?")[2], keep_blank_values=True)
        return {name.lower(): value for name, value in reversed(pairs)}

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The JSON object of the body, or the first of its list; empty for any other body."""
        try:
            found = read_json(self._request.body)
        except (ValueError, RecursionError):
            return {}
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        return found if isinstance(found, dict) else {}


class HandshakeReply(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of such request, and how it is answered."""

    name: str
    """The provider and what it calls the request."""
    challenge: Callable[[HandshakeRequest], str | None]
    """Returns the text to prove the receipt of, or None for any other request."""
    answer: Callable[[str, HandshakeRequest], Response]
    signed_by: str = ""
    """Name of the scheme whose signature the request must have; empty where it has none."""
    needs_secret: bool = False
    """Whether the answer is computed with the secret that both sides share."""
    hands_over: str = ""
    """What the challenge is, where it is a secret that the user needs afterwards."""
    signs_with_it: bool = False
    """Whether the provider signs its events with that secret."""
    visited: bool = False
    """Whether the challenge is a URL that confirms the subscription."""
    source: str


class AnsweredHandshake(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one handshake."""

    reply: HandshakeReply
    response: Response
    refused: str = ""
    """Why it was refused; empty when it was answered."""
    challenge: str = ""
    """A secret, where `HandshakeReply.hands_over` names it: never to be shown."""


class Handshakes:
    """The handshakes of all providers, answered for one receiver."""

    def __init__(
        self,
        rows: tuple[HandshakeReply, ...],
        *,
        secret: Callable[[], str] | None = None,
        scheme: str = "",
        judge: Callable[[Request], str] | None = None,
    ) -> None:
        """``judge`` returns why a request is not genuine under ``scheme``; empty for one that is."""
        self._rows = rows
        self._secret = secret
        self._scheme = scheme
        self._judge = judge

    def answered(self, request: Request, *, url: str) -> AnsweredHandshake | None:
        """Return the answer to a handshake, None for any other request; ``url`` is the receiver's, as sent to."""
        asked = HandshakeRequest(request, secret="", url=url)
        for row in self._rows:
            challenge = row.challenge(asked)
            if challenge is not None:
                return self._answered(row, challenge, asked, request)
        return None

    def _answered(
        self, row: HandshakeReply, challenge: str, asked: HandshakeRequest, request: Request
    ) -> AnsweredHandshake:
        if row.signed_by and row.signed_by == self._scheme and self._judge and (wrong := self._judge(request)):
            # An answer to a forged one would sign whatever a stranger sends.
            return AnsweredHandshake(reply=row, response=Response(status=401), refused=f"not genuine: {wrong}")
        if row.needs_secret:
            if self._scheme not in {"", "hmac", row.signed_by}:
                why = f"its answer needs the secret of that provider, and the scheme {self._scheme!r} is of another"
                return AnsweredHandshake(reply=row, response=Response(status=403), refused=why)
            if self._secret is None:
                why = "its answer needs the secret that you share with the provider. Pass --secret env:NAME"
                return AnsweredHandshake(reply=row, response=Response(status=403), refused=why)
            asked.secret = self._secret()
        return AnsweredHandshake(reply=row, response=row.answer(challenge, asked), challenge=challenge)
