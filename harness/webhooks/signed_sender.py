"""Deliveries one by one: signed, sent once, and described by what came back."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.http.message import Headers
from harness.http.wire import Wire
from harness.model import Delivery, Event
from harness.webhooks.schemes import Scheme


class SignedSender:
    """Signs events with one scheme and secret and sends them to one receiver."""

    def __init__(
        self,
        wire: Wire,
        *,
        scheme: Scheme,
        secret: Callable[[], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``secret`` is asked at each signature, so that the value lives nowhere else; ``clock`` in Unix seconds."""
        self.url = wire.url
        self.scheme = scheme
        self._wire = wire
        self._secret = secret
        self._clock = clock

    def signed(self, event: Event, *, secret: str | None = None) -> Headers:
        """Return the headers of a genuine delivery of ``event``, signed now; with ``secret``, of a forged one."""
        signature = self.scheme.sign(
            event.body,
            secret=self._secret() if secret is None else secret,
            timestamp=self.now(),
            event_id=event.id,
            url=self.url,
        )
        return (*event.headers, *signature)

    def now(self) -> int:
        """Return the current time in Unix seconds."""
        return int(self._clock())

    def secret(self) -> str:
        """Return the signing secret, for cases that sign wrongly on purpose."""
        return self._secret()

    def deliver(self, event: Event) -> Delivery:
        """Sign ``event`` and send it."""
        return self.send(event, self.signed(event), event.body)

    def send(self, event: Event, headers: Headers, body: bytes) -> Delivery:
        """Send exactly these headers and bytes; a broken connection is an answer too, never an exception."""
        query = self.scheme.address("", event.body).lstrip("?")
        return self._wire.send(headers, body, event=event.name, event_id=event.id, query=query)
