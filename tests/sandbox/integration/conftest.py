"""What the tests of the integration share: a database, settings with throwaway credentials, and the receiver."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from harness.sandbox.defects import Planted
from harness.sandbox.integration.app import create_app
from harness.sandbox.integration.credentials import ApiCredential
from harness.sandbox.integration.settings import Settings
from harness.sandbox.integration.storage import Database
from harness.sandbox.integration.worker import WorkPolicy

NOBODY = "http://127.0.0.1:9"
PATH = "/webhooks/product"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an integration whose product is not there."""
    return new_settings(tmp_path)


def new_settings(folder: Path) -> Settings:
    return Settings(
        api_key=ApiCredential("PRODUCT_API_KEY", value=secrets.token_hex(16)),
        base_url=NOBODY,
        webhook_secret=ApiCredential("PRODUCT_WEBHOOK_SECRET", value=secrets.token_hex(16)),
        previous_webhook_secret=ApiCredential("PRODUCT_WEBHOOK_SECRET_PREVIOUS", value=secrets.token_hex(16)),
        database=f"sqlite:///{folder / 'integration.db'}",
        simulate=True,
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The integration's database, empty."""
    database = Database(settings.database)
    yield database
    database.close()


class Deliveries:
    """Signs and delivers events to a receiver that listens in a thread of this process."""

    def __init__(self, client: httpx.Client, settings: Settings) -> None:
        self.client = client
        self.settings = settings

    def sign(self, body: bytes, *, secret: str | None = None, at: float | None = None) -> str:
        """Return a header as the product writes it."""
        stamp = str(int(time.time() if at is None else at))
        key = (self.settings.webhook_secret.current() if secret is None else secret).encode()
        return f"t={stamp},v1={hmac.new(key, f'{stamp}.'.encode() + body, hashlib.sha256).hexdigest()}"

    def post(self, body: bytes, header: str | bytes | None, *, path: str = PATH, **more: Any) -> int:
        """Deliver; return the status."""
        headers: dict[str, Any] = {} if header is None else {"x-product-signature": header}
        return self.client.post(path, content=body, headers=headers, **more).status_code

    def deliver(self, event: Any) -> int:
        """Sign and deliver an event, or any bytes; return the status."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.post(body, self.sign(body))

    def state(self, event_id: str, *, until: str = "done", within_s: float = 10) -> dict[str, Any]:
        """Return what became of an event, as soon as its status is ``until``."""
        deadline = time.monotonic() + within_s
        while True:
            answer = self.client.get(f"/_harness/events/{event_id}").json()
            if answer.get("status") == until or time.monotonic() > deadline:
                return dict(answer)
            time.sleep(0.02)

    def metric(self, series: str) -> float:
        """Return the value of a series of /metrics."""
        lines = self.client.get("/metrics").text.splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == series)


Serve = Callable[..., Deliveries]


@pytest.fixture
def serve(settings: Settings) -> Iterator[Serve]:
    """Return a function that starts the integration with some defects."""
    with contextlib.ExitStack() as opened:

        def start(*defects: str, policy: WorkPolicy | None = None) -> Deliveries:
            return opened.enter_context(served(settings, Planted(frozenset(defects)), policy))

        yield start


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deliveries]:
    """An integration without defects, for all tests of a module: each takes event ids of its own."""
    with served(new_settings(tmp_path_factory.mktemp("receiver")), Planted(), None) as deliveries:
        yield deliveries


@contextlib.contextmanager
def served(settings: Settings, planted: Planted, policy: WorkPolicy | None) -> Iterator[Deliveries]:
    """Serve the integration in a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = create_app(settings, own_url=None, planted=planted, policy=policy)
    config = uvicorn.Config(app, log_config=None, lifespan="on", http="h11", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    with httpx.Client(base_url=url, trust_env=False, timeout=10) as client:
        yield Deliveries(client, settings)
    server.should_exit = True
    thread.join()
    listener.close()


def run_event(event_id: str, event_type: str = "run.succeeded", number: int = 1) -> dict[str, Any]:
    """Return an event as the product sends it, about the run of that number."""
    run = {
        "id": f"run_{number:016x}",
        "projectId": f"prj_{1:016x}",
        "trigger": "manual",
        "status": {"started": "running"}.get(event_type.partition(".")[2], event_type.partition(".")[2]),
        "createdAt": "2026-11-02T08:59:00Z",
        "finishedAt": None,
    }
    return {"id": event_id, "type": event_type, "createdAt": "2026-11-02T09:00:00Z", "data": {"run": run}}


@pytest.fixture
def deliver_to(settings: Settings) -> Iterator[Callable[[str], Deliveries]]:
    """Return a function that gives deliveries to an integration that is served elsewhere with `settings`."""
    with contextlib.ExitStack() as opened:

        def at(url: str) -> Deliveries:
            client = httpx.Client(base_url=url, trust_env=False, timeout=10)
            return Deliveries(opened.enter_context(client), settings)

        yield at


@pytest.fixture(name="run_event")
def run_event_fixture() -> Callable[..., dict[str, Any]]:
    """Return the function that makes events."""
    return run_event
