"""What a user needs after a handshake: a secret that was handed over, or a URL to visit."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from harness.core.files import PRIVATE, write_atomically
from harness.core.foreign_files import real_path
from harness.errors import ConfigurationError, HarnessError
from harness.http.client import Network
from harness.webhooks.handshake_replies import AnsweredHandshake

_CONFIRMS = re.compile(r"https://sns\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/\?[\w=&%.:+/~-]+", re.ASCII)
"""docs.aws.amazon.com, SNS: an endpoint confirms by visiting SubscribeURL, after a look at whose it is."""


class HandshakeFollowUp:
    """Keeps secrets out of the folder of fixtures and off the terminal, and visits no URL that it was not asked to."""

    def __init__(self, handover: Path | None, *, into: Path, confirms: bool) -> None:
        """``handover`` is the file for secrets, ``confirms`` whether subscriptions of Amazon SNS are confirmed.

        Raises `ConfigurationError` for a file inside of ``into``, where fixtures lie that are shared.
        """
        if handover and real_path(handover).is_relative_to(real_path(into)):
            raise ConfigurationError(f"--handover {handover} is inside --into {into}. Name a file elsewhere.")
        self._handover = handover
        self._confirms = confirms

    def __call__(self, handshake: AnsweredHandshake) -> str:
        """Return the end of the line that reports the handshake."""
        if handshake.reply.hands_over:
            return f". {self._kept(handshake)}"
        return f". {self._confirmed(handshake.challenge)}" if handshake.reply.visited else ""

    def _kept(self, handshake: AnsweredHandshake) -> str:
        what = handshake.reply.hands_over
        if self._handover is None:
            return f"Its {what} is a secret and was not stored: to have it, pass --handover FILE and subscribe again"
        try:
            write_atomically(self._handover, f"{handshake.challenge}\n".encode(), mode=PRIVATE)
        except OSError as exc:
            return f"Its {what} was not stored: --handover {self._handover}: {exc.strerror}"
        return f"Its {what} is in {self._handover}: refer to it as file:{self._handover}"

    def _confirmed(self, url: str) -> str:
        if not _CONFIRMS.fullmatch(url):
            return "Its SubscribeURL is not one of https://sns.REGION.amazonaws.com: do not visit it"
        if not self._confirms:
            return f"To confirm the subscription, open {url} or pass --confirm"
        try:
            Network([url]).fetch(url)
        except (httpx.HTTPError, HarnessError) as exc:
            return f"Its SubscribeURL could not be visited ({type(exc).__name__}). Open {url}"
        return "The subscription is confirmed"
