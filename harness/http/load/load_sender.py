"""Delivers a stream of requests, so many at a time or so many a second, and reports what became of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator

import httpx

from harness.core.cutting import cut
from harness.http.address import Address
from harness.http.answer_reader import AnswerReader
from harness.http.client import Network
from harness.http.client_tls import tls_context
from harness.http.load.load_connection import Ending, LoadConnection, LoadExchange, Outgoing, Writer
from harness.http.unanswered import no_connection
from harness.model import Delivery

TIMEOUT_S = 15.0
SWEEP_S = 0.1
ANSWER_CHARS = 200


class LoadSender:
    """Delivers to one receiver. Memory is bounded by the number of deliveries at a time, not by their number."""

    def __init__(
        self,
        network: Network,
        url: str,
        *,
        concurrency: int,
        rate: float | None = None,
        timeout_s: float = TIMEOUT_S,
        observer: Callable[[AnswerReader], None] = lambda _answer: None,
    ) -> None:
        """``rate`` bounds deliveries a second; ``timeout_s`` each delivery, the last byte of its answer included.

        ``observer`` is shown each answer whose head has arrived.

        Raises `NetworkError` where the target's description allows no such request, `ConfigurationError` for no URL.
        """
        self.address = Address.of(url)
        network.check("POST", httpx.URL(url))
        self.concurrency = concurrency
        self.rate = rate
        self.timeout_s = timeout_s
        self.observer = observer

    def deliver(self, stream: Iterable[Outgoing], each: Callable[[Delivery], None]) -> None:
        """Send each request of ``stream`` once and call ``each`` with what became of it, as soon as that is known.

        The next request is asked for when it can be sent at once, so that its signature is fresh. An exception raised
        by either ends all and is raised here.
        """
        asyncio.run(_Run(self, iter(stream), each).run())


class _Run:
    """One call of `LoadSender.deliver`."""

    def __init__(self, sender: LoadSender, stream: Iterator[Outgoing], each: Callable[[Delivery], None]) -> None:
        self.sender = sender
        self.writer = Writer(sender.address)
        self.workers: set[_Worker] = set()
        self.buffer = bytearray(64 * 1024)
        self._stream = stream
        self._each = each
        self._turns = 0

    async def run(self) -> None:
        """Let all workers run until the stream ends."""
        loop = asyncio.get_running_loop()
        self.started = loop.time()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.workers = {_Worker(self, loop) for _ in range(self.sender.concurrency)}
        for worker in tuple(self.workers):
            worker.proceed()
        sweeper = loop.create_task(self._sweep())
        try:
            await self.ended
        finally:
            sweeper.cancel()
            for worker in self.workers:
                worker.close()

    def turn(self) -> float:
        """Return when a worker that is free may send its next request, in the loop's seconds; no two get the same."""
        if not self.sender.rate:
            return 0.0
        self._turns += 1
        return self.started + (self._turns - 1) / self.sender.rate

    def take(self, worker: _Worker) -> tuple[Outgoing, bytes] | None:
        """Return the next delivery and its request, or None after the last; then the worker has ended."""
        try:
            for outgoing in self._stream:
                return outgoing, self.writer.write(outgoing)
        except BaseException as exc:  # noqa: BLE001 - raised anew where the run was asked for
            self.fail(exc)
        self.workers.discard(worker)
        worker.close()
        if not self.workers and not self.ended.done():
            self.ended.set_result(None)
        return None

    def report(self, delivery: Delivery) -> None:
        """Report the result of one delivery."""
        try:
            self._each(delivery)
        except BaseException as exc:  # noqa: BLE001 - raised anew where the run was asked for
            self.fail(exc)

    def fail(self, exc: BaseException) -> None:
        """End the run with an exception."""
        if not self.ended.done():
            self.ended.set_exception(exc)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(min(SWEEP_S, self.sender.timeout_s / 4))
            limit = time.perf_counter() - self.sender.timeout_s
            for worker in tuple(self.workers):
                worker.give_up(sent_before=limit)


class _Worker:
    """One delivery at a time, on one connection that stays open."""

    def __init__(self, run: _Run, loop: asyncio.AbstractEventLoop) -> None:
        self._run = run
        self._loop = loop
        self._connection: LoadConnection | None = None
        self._opening: asyncio.Task[None] | None = None
        self._waiting: asyncio.TimerHandle | None = None

    def proceed(self) -> None:
        """Send the next request, at its time."""
        if (turn := self._run.turn()) > self._loop.time():
            self._waiting = self._loop.call_at(turn, self._send_next)
        else:
            self._send_next()

    def give_up(self, *, sent_before: float) -> None:
        """End an exchange that was begun before that time."""
        connection = self._connection
        if connection and connection.exchange and connection.exchange.sent_at < sent_before:
            connection.give_up()

    def close(self) -> None:
        """Leave nothing behind."""
        if self._waiting:
            self._waiting.cancel()
        if self._opening:
            self._opening.cancel()
        if self._connection:
            self._connection.abort()

    def _send_next(self) -> None:
        taken = None if self._run.ended.done() else self._run.take(self)
        if taken is None:
            return
        if self._connection and self._connection.is_open:
            self._connection.send(*taken, connect_s=0.0)
        else:
            self._opening = self._loop.create_task(self._open(*taken))

    async def _open(self, outgoing: Outgoing, request: bytes) -> None:
        sender, begun = self._run.sender, time.perf_counter()
        try:
            async with asyncio.timeout(sender.timeout_s):
                _, self._connection = await self._loop.create_connection(
                    lambda: LoadConnection(self._finished, self._run.buffer, within_s=sender.timeout_s),
                    sender.address.host,
                    sender.address.port,
                    ssl=tls_context() if sender.address.tls else None,
                )
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is why there is no connection
            error = no_connection(exc, within_s=sender.timeout_s)
            name, event_id, url = outgoing.event, outgoing.event_id, outgoing.request.url
            self._report(Delivery(event=name, event_id=event_id, url=url, status=None, seconds=0.0, error=error))
            return
        try:
            self._connection.send(outgoing, request, connect_s=time.perf_counter() - begun)
        except Exception as exc:  # noqa: BLE001 - raised anew where the run was asked for
            self._run.fail(exc)

    def _finished(self, exchange: LoadExchange, ending: Ending) -> None:
        if self._run.ended.done():
            return
        if ending.unread and not exchange.connect_s:
            # The receiver closed a connection that was idle just as it was used: the delivery was not looked at.
            request = self._run.writer.write(exchange.outgoing)
            self._opening = self._loop.create_task(self._open(exchange.outgoing, request))
            return
        reading = exchange.reading
        outgoing, first = exchange.outgoing, ending.first_at
        if reading.head is not None:
            self._run.sender.observer(reading)
        self._report(
            Delivery(
                event=outgoing.event,
                event_id=outgoing.event_id,
                url=outgoing.request.url,
                status=reading.head.status if reading.head and not ending.error else None,
                seconds=time.perf_counter() - exchange.sent_at,
                connect_s=exchange.connect_s,
                first_byte_s=first - exchange.sent_at if first else 0.0,
                error=ending.error,
                answer=cut(reading.body.decode("utf-8", "replace"), ANSWER_CHARS) if reading.body else "",
            )
        )

    def _report(self, delivery: Delivery) -> None:
        self._run.report(delivery)
        self.proceed()
