"""Webhooks sent by the product: signed, retried under the same id, never in the way of a call."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from contextlib import suppress
from typing import Any

import httpx
import structlog

from harness.sandbox.product.store import Endpoint, Store, new_id, now

QUEUE = 1000
ATTEMPTS = 4
FIRST_DELAY_S = 0.3
TIMEOUT_S = 3.0
SENDERS = 8

log = structlog.get_logger()


def signature(secret: str, body: bytes, timestamp: int) -> str:
    """Return the value of ``x-product-signature``: HMAC-SHA256 over ``timestamp.body``, timestamp in Unix seconds."""
    mac = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"t={timestamp},v1={mac.hexdigest()}"


class Sender:
    """A bounded queue of deliveries and a few tasks that work it off."""

    def __init__(self, store: Store, *, secret: str) -> None:
        """Events go to the endpoints that ``store`` holds when they happen."""
        self._store = store
        self._secret = secret
        self._queue: asyncio.Queue[tuple[Endpoint, str, bytes]] = asyncio.Queue(QUEUE)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start to send."""
        # Plain HTTP on loopback: building a TLS context would only slow the start.
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, verify=False, trust_env=False)  # noqa: S501 - loopback
        self._tasks = [asyncio.create_task(self._work()) for _ in range(SENDERS)]

    async def stop(self) -> None:
        """Stop; what is queued is lost, as the whole product's memory is."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def emit(self, event_type: str, data: dict[str, Any]) -> None:
        """Send an event to every endpoint; a full queue drops it, as the log says."""
        event_id = new_id("evt")
        event = {"id": event_id, "type": event_type, "createdAt": now(), "data": data}
        body = json.dumps(event, separators=(",", ":")).encode()
        for endpoint in list(self._store.endpoints.values()):
            try:
                self._queue.put_nowait((endpoint, event_id, body))
            except asyncio.QueueFull:
                log.warning("event dropped", event_id=event_id, endpoint=endpoint.id)

    async def _work(self) -> None:
        while True:
            endpoint, event_id, body = await self._queue.get()
            await self._deliver(endpoint, event_id, body)

    async def _deliver(self, endpoint: Endpoint, event_id: str, body: bytes) -> None:
        for attempt in range(ATTEMPTS):
            if endpoint.id not in self._store.endpoints:
                return
            headers = {
                "content-type": "application/json",
                "x-product-signature": signature(self._secret, body, int(time.time())),
            }
            with suppress(httpx.HTTPError):
                response = await self._client.post(endpoint.url, content=body, headers=headers)
                if response.is_success:
                    log.info("event delivered", event_id=event_id, endpoint=endpoint.id, attempt=attempt + 1)
                    return
            if attempt + 1 < ATTEMPTS:
                await asyncio.sleep(FIRST_DELAY_S * 2**attempt)
        log.warning("event given up", event_id=event_id, endpoint=endpoint.id)
