"""Deliveries: signed, sent once, and described by what came back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import httpx

from harness.model import Delivery, Event
from harness.webhooks.schemes import Headers, Scheme

ANSWER_CHARS = 200


class Sender:
    """Signs events with one scheme and secret and sends them to one receiver."""

    def __init__(
        self,
        client: httpx.Client,
        url: str,
        *,
        scheme: Scheme,
        secret: Callable[[], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``secret`` is asked at each signature, so that the value lives nowhere else; ``clock`` in Unix seconds."""
        self.url = url
        self.scheme = scheme
        self._client = client
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
        # Latin-1 lets a case send any byte in a header, as an attacker would.
        raw = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers]
        start = time.perf_counter()
        try:
            response = self._client.post(self.url, content=body, headers=raw)
        except httpx.TransportError as exc:
            seconds = time.perf_counter() - start
            return Delivery(
                event=event.name,
                event_id=event.id,
                url=self.url,
                status=None,
                seconds=seconds,
                error=_why(exc),
            )
        return Delivery(
            event=event.name,
            event_id=event.id,
            url=self.url,
            status=response.status_code,
            seconds=time.perf_counter() - start,
            answer=response.text[:ANSWER_CHARS],
        )


def deliver_all(send: Callable[[Event], Delivery], events: Iterable[Event], *, concurrency: int) -> Iterator[Delivery]:
    """Send ``events``, ``concurrency`` at a time, and yield each delivery in the order of the events.

    Memory is bounded by ``concurrency``, not by the number of events.
    """
    stream = iter(events)
    with ThreadPoolExecutor(concurrency, thread_name_prefix="deliver") as pool:
        while batch := list(islice(stream, concurrency * 4)):
            yield from pool.map(send, batch)


def _why(exc: httpx.TransportError) -> str:
    return f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__
