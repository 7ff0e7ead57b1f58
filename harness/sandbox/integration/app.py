"""The receiver as a Starlette application: verify, store, answer; process afterwards."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.sandbox.defects import Planted
from harness.sandbox.integration import storage
from harness.sandbox.integration.client import Policy, ProductClient, ProductError
from harness.sandbox.integration.metrics import Metrics
from harness.sandbox.integration.settings import Settings
from harness.sandbox.integration.signature import Verifier
from harness.sandbox.integration.worker import KNOWN, Worker

MAX_BODY = 1024 * 1024
PATH = "/webhooks/product"
HEADER = "x-product-signature"

log = structlog.get_logger()


class Receiver:
    """Answers deliveries, and shows what became of them."""

    def __init__(self, settings: Settings, *, planted: Planted) -> None:
        """Open the database and prepare the worker."""
        self._planted = planted
        self._verifier = Verifier(settings.webhook_secret, whole="receiver-compares-prefix" not in planted)
        self._engine = storage.open_database(settings.database)
        self._metrics = Metrics(self._engine, planted=planted)
        self.worker = Worker(
            self._engine, on_done=self._metrics.processing.observe, on_dead=self._metrics.dead_letters.inc
        )

    async def deliver(self, request: Request) -> Response:
        """POST /webhooks/product."""
        start = time.perf_counter()
        body = await _raw_body(request)
        if body is None:
            return self._refused(413, "body too large")
        header = request.headers.get(HEADER, "")
        if not self._verified(header, body):
            if "receiver-stores-before-verifying" in self._planted:
                await self._accept(request, body)
            if "receiver-500-on-garbled-signature" in self._planted and header and not header.startswith("t="):
                return JSONResponse({"error": "internal error"}, 500)
            return self._refused(400, "invalid signature")
        response = await self._accept(request, body)
        self._metrics.ack.observe(time.perf_counter() - start)
        return response

    async def event(self, request: Request) -> Response:
        """GET /_harness/events/{event_id}: what became of an event. It tells nothing that a test may not know."""
        state = await run_in_threadpool(storage.event_state, self._engine, request.path_params["event_id"])
        return JSONResponse({"error": "unknown event"}, 404) if state is None else JSONResponse(state)

    async def metrics(self, _request: Request) -> Response:
        """GET /metrics."""
        text = await run_in_threadpool(self._metrics.text)
        return Response(text, media_type="text/plain; version=0.0.4")

    def close(self) -> None:
        """Stop the worker and close the database."""
        self.worker.stop()
        self._engine.dispose()

    def _verified(self, header: str, body: bytes) -> bool:
        return "receiver-skips-signature" in self._planted or self._verifier.accepts(header, body)

    async def _accept(self, request: Request, body: bytes) -> Response:
        """Store the event, committed, before it is acknowledged."""
        event_id, event_type = _identified(body)
        if not event_id:
            return self._refused(400, "invalid body")
        if event_type == "run.failed" and "receiver-refuses-failures" in self._planted:
            return self._refused(422, "unsupported event")
        headers = json.dumps({k: v for k, v in request.headers.items() if k != HEADER})
        added = await run_in_threadpool(
            storage.add_event,
            self._engine,
            event_id=event_id,
            event_type=event_type[:64],
            headers=headers,
            body=body,
            known=event_type in KNOWN,
        )
        self.worker.wake()
        outcome = "accepted" if added else "duplicate"
        self._metrics.delivery(outcome)
        log.info("webhook received", event_id=event_id, event_type=event_type, outcome=outcome)
        return JSONResponse({"received": event_id})

    def _refused(self, status: int, reason: str) -> Response:
        self._metrics.delivery("rejected")
        log.warning("webhook refused", status=status, reason=reason)
        return JSONResponse({"error": reason}, status)


def create_app(settings: Settings, *, own_url: str, planted: Planted) -> Starlette:
    """Return the application; ``own_url`` is where the product reaches it."""
    receiver = Receiver(settings, planted=planted)
    if "integration-logs-secret-in-base64" in planted:
        encoded = base64.b64encode(f"hook:{settings.webhook_secret}".encode()).decode()
        log.info("starting", configuration=encoded)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        receiver.worker.start()
        threading.Thread(target=_register, args=(settings, own_url + PATH, planted), daemon=True).start()
        yield
        receiver.close()

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route(PATH, receiver.deliver, methods=["POST"]),
            Route("/_harness/events/{event_id}", receiver.event),
            Route("/metrics", receiver.metrics),
            Route("/healthz", health),
        ],
        lifespan=lifespan,
    )


def _identified(body: bytes) -> tuple[str, str]:
    """Return id and type of an event, empty strings for what is none."""
    try:
        event = json.loads(body)
        event_id, event_type = event["id"], event["type"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return "", ""
    right = isinstance(event_id, str) and isinstance(event_type, str) and len(event_id) <= 128
    return (event_id, event_type) if right else ("", "")


def _register(settings: Settings, url: str, planted: Planted) -> None:
    """Tell the product where to send events; the receiver works without it."""
    client = ProductClient(settings, planted=planted, policy=Policy(max_attempts=8))
    try:
        client.write("/webhook-endpoints", {"url": url})
        log.info("webhook endpoint registered", url=url)
    except ProductError as exc:
        log.warning("webhook endpoint not registered", reason=str(exc))
    finally:
        client.close()


async def _raw_body(request: Request) -> bytes | None:
    """Return the body as it arrived, None when it is larger than allowed."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            return None
    return bytes(body)
