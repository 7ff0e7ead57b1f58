"""Webhooks sent by the product: signed, sent again under the same id, never in the way of a call."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import structlog

from harness.sandbox.defects import Planted
from harness.sandbox.product.keys import Rotating
from harness.sandbox.product.store import Endpoint, Store, new_id, now

QUEUE = 1000
ATTEMPTS = 4
FIRST_DELAY_S = 0.3
TIMEOUT_S = 3.0
SENDERS = 8
UNREACHABLE = 5
"""Events in a row that found nobody at an endpoint, up to their last attempt, after which it is sent no more."""
_NOBODY = (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol)
HEADERS = {"User-Agent": "Product-Webhooks/1.4", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
"""Of every delivery, beside the signature; written out, because httpx sends others with other packages installed."""

log = structlog.get_logger()


def signature(secrets: Iterable[str], body: bytes, timestamp: int) -> str:
    """Return the value of ``x-product-signature``: HMAC-SHA256 over ``timestamp.body``, timestamp in Unix seconds.

    There is one ``v1=`` for each secret, so that a receiver may hold either of them while one replaces the other.
    """
    signed = f"{timestamp}.".encode() + body
    macs = (hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets)
    return f"t={timestamp}," + ",".join(f"v1={mac}" for mac in macs)


@dataclass(frozen=True)
class PendingDelivery:
    """One event on its way to one endpoint."""

    endpoint: Endpoint
    event_id: str
    body: bytes
    attempt: int = 1


class WebhookSender:
    """A bounded queue of deliveries and a few tasks that work it off."""

    def __init__(self, store: Store, *, secret: Rotating, planted: Planted) -> None:
        """Events go to the endpoints that ``store`` holds when they happen."""
        self._store = store
        self._secret = secret
        self._planted = planted
        self._queue: asyncio.Queue[PendingDelivery] = asyncio.Queue(QUEUE)
        self._tasks: list[asyncio.Task[None]] = []
        self._unreached: Counter[str] = Counter()

    def start(self) -> None:
        """Start to send."""
        # Plain HTTP on loopback: building a TLS context would only slow the start.
        self._client = httpx.AsyncClient(headers=HEADERS, timeout=TIMEOUT_S, verify=False, trust_env=False)  # noqa: S501 - loopback
        self._tasks = [asyncio.create_task(self._work()) for _ in range(SENDERS)]

    async def stop(self) -> None:
        """Stop; what is queued is lost, as the whole product's memory is."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def emit(self, event_type: str, data: dict[str, Any]) -> None:
        """Send an event to every endpoint."""
        event_id = new_id("evt")
        event = {"id": event_id, "type": event_type, "createdAt": now(), "data": data}
        if "provider-sends-invalid-events" in self._planted:
            del event["createdAt"]
        body = _encoded(event)
        for endpoint in self._store.endpoints:
            self._enqueue(PendingDelivery(endpoint, event_id, body))

    def _enqueue(self, delivery: PendingDelivery) -> None:
        """Queue a delivery; a full queue drops it and logs that."""
        try:
            self._queue.put_nowait(delivery)
        except asyncio.QueueFull:
            log.warning("event dropped", event_id=delivery.event_id, endpoint=delivery.endpoint.id)

    async def _work(self) -> None:
        while True:
            delivery = await self._queue.get()
            try:
                if self._is_served(delivery.endpoint) and not await self._acknowledged(delivery):
                    self._again(delivery)
            except Exception:
                log.exception("event not sent", event_id=delivery.event_id)  # one event must not stop the others

    def _is_served(self, endpoint: Endpoint) -> bool:
        return endpoint.id in self._store.endpoints and self._unreached[endpoint.id] < UNREACHABLE

    async def _acknowledged(self, delivery: PendingDelivery) -> bool:
        headers = {"Content-Type": "application/json", **self._signed(delivery.body)}
        endpoint = delivery.endpoint
        try:
            response = await self._client.post(endpoint.url, content=delivery.body, headers=headers)
        except httpx.HTTPError as exc:
            if isinstance(exc, _NOBODY) and delivery.attempt == ATTEMPTS:
                self._missed(endpoint)
            return False
        self._unreached.pop(endpoint.id, None)
        if response.is_success:
            log.info("event delivered", event_id=delivery.event_id, endpoint=endpoint.id, attempt=delivery.attempt)
        return response.is_success

    def _missed(self, endpoint: Endpoint) -> None:
        """Count an event that found nobody."""
        self._unreached[endpoint.id] += 1
        if self._unreached[endpoint.id] == UNREACHABLE:
            log.warning("endpoint given up", endpoint=endpoint.id)

    def _signed(self, body: bytes) -> dict[str, str]:
        if "provider-sends-unsigned" in self._planted:
            return {}
        if "provider-signs-wrongly" in self._planted:
            body += b"\n"
        return {"X-Product-Signature": signature(self._secret.valid, body, int(time.time()))}

    def _again(self, delivery: PendingDelivery) -> None:
        """Queue a delivery once more, after a growing pause in which no task is held up."""
        if delivery.attempt >= ATTEMPTS or "provider-never-redelivers" in self._planted:
            log.warning("event given up", event_id=delivery.event_id, endpoint=delivery.endpoint.id)
            return
        if "provider-redelivers-under-new-id" in self._planted:
            event = {**json.loads(delivery.body), "id": new_id("evt")}
            delivery = replace(delivery, body=_encoded(event), event_id=event["id"])
        pause = FIRST_DELAY_S * 2 ** (delivery.attempt - 1) * random.uniform(1, 1.2)  # noqa: S311 - jitter is no secret
        asyncio.get_running_loop().call_later(pause, self._enqueue, replace(delivery, attempt=delivery.attempt + 1))


def _encoded(event: dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()
