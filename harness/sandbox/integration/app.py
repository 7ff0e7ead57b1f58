"""The integration as a Starlette application: the receiver, its worker, metrics, and the effects of events."""

from __future__ import annotations

import base64
import contextlib
import secrets
import threading
from collections.abc import AsyncIterator, Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.sandbox.defects import Planted
from harness.sandbox.integration import inbox
from harness.sandbox.integration.client import ProductClient, ProductError, RetryPolicy
from harness.sandbox.integration.lookup import LookUp
from harness.sandbox.integration.metrics import IntegrationMetrics
from harness.sandbox.integration.receiver import PATH, WebhookReceiver, is_event_id
from harness.sandbox.integration.settings import Settings
from harness.sandbox.integration.storage import Database
from harness.sandbox.integration.trust import METHOD_TOO, PATH_TOO
from harness.sandbox.integration.worker import Worker, WorkPolicy

log = structlog.get_logger()


class Integration:
    """What the routes answer with."""

    def __init__(self, settings: Settings, *, planted: Planted, policy: WorkPolicy) -> None:
        """Open the database and prepare the worker."""
        self.database = Database(settings.database)
        if "worker-forgets-dead-letters-in-a-restart" in planted:
            inbox.drop_dead_letters(self.database)
        self.look_up = LookUp(settings, self.database, planted=planted)
        self.worker = Worker(
            self.database, look_up=self.look_up, simulate=settings.simulate, policy=policy, planted=planted
        )
        self._metrics = IntegrationMetrics(self.database, planted=planted)
        self.receiver = WebhookReceiver(
            settings, self.database, metrics=self._metrics, worker=self.worker, planted=planted
        )

    async def event(self, request: Request) -> Response:
        """GET /_harness/events/{event_id}: the state of an event, without secrets."""
        event_id = request.path_params["event_id"]
        state = await run_in_threadpool(inbox.state, self.database, event_id) if is_event_id(event_id) else None
        return JSONResponse({"error": "unknown event"}, 404) if state is None else JSONResponse(state)

    async def metrics(self, _request: Request) -> Response:
        """GET /metrics."""
        text = await run_in_threadpool(self._metrics.text)
        return Response(text, media_type="text/plain; version=0.0.4")

    async def health(self, _request: Request) -> Response:
        """GET /healthz: 503 while the database does not answer."""
        try:
            await run_in_threadpool(inbox.depth, self.database)
        except SQLAlchemyError as exc:
            return JSONResponse({"status": "no database", "error": type(exc).__name__}, 503)
        return JSONResponse({"status": "ok"})

    def close(self) -> None:
        """Stop what works and close the database."""
        self.receiver.close()
        self.worker.stop()
        self.look_up.close()
        self.database.close()


def create_app(
    settings: Settings,
    *,
    own_url: str | None,
    planted: Planted,
    policy: WorkPolicy | None = None,
    flush: Callable[[], None] = lambda: None,
) -> Starlette:
    """Return the application; ``own_url`` is where the product reaches it, None when it is registered already.

    ``flush`` sends the last spans.
    """
    integration = Integration(settings, planted=planted, policy=policy or WorkPolicy())
    if "integration-logs-secret-in-base64" in planted:
        encoded = base64.b64encode(f"hook:{settings.webhook_secret.current()}".encode()).decode()
        print(f'{{"event": "starting", "configuration": "{encoded}"}}', flush=True)  # noqa: T201 - past the redactor
    if "integration-logs-a-vendors-key" in planted:
        print(f"connected to the payment service with sk_live_{secrets.token_hex(12)}", flush=True)  # noqa: T201

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        integration.worker.start()
        if own_url is not None:
            registering = (settings, integration.database, own_url + PATH, planted)
            threading.Thread(target=_register, args=registering, daemon=True).start()
        yield
        await run_in_threadpool(integration.close)
        await run_in_threadpool(flush)

    return Starlette(
        routes=[
            *_deliveries(integration.receiver, planted),
            Route("/_harness/events/{event_id}", integration.event),
            Route("/metrics", integration.metrics),
            Route("/healthz", integration.health),
        ],
        lifespan=lifespan,
    )


def _deliveries(receiver: WebhookReceiver, planted: Planted) -> list[Route]:
    """Return where deliveries are received: one path and one method, but for planted defects."""
    methods = ["POST", *(["PUT"] if METHOD_TOO in planted else [])]
    paths = [PATH, *([f"{PATH}/"] if PATH_TOO in planted else [])]
    return [Route(path, receiver.deliver, methods=methods) for path in paths]


def _register(settings: Settings, database: Database, url: str, planted: Planted) -> None:
    """Register the webhook endpoint at the product; the receiver works without it."""
    client = ProductClient(settings, planted=planted, policy=RetryPolicy(max_attempts=8), database=database)
    try:
        client.write("/webhook-endpoints", {"url": url}, key=client.new_key())
        log.info("webhook endpoint registered", url=url)
    except ProductError as exc:
        log.warning("webhook endpoint not registered", reason=str(exc))
    finally:
        client.close()
