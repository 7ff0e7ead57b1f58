"""Nothing in headers and body tells the harness's deliveries from those of the providers they stand for."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
import secrets
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.context.plan_delivery import plan_delivery
from harness.context.receiver_parts import events_of, receiver_of
from harness.context.run_context import RunContext
from harness.sandbox.defects import Planted
from harness.sandbox.product.keys import Rotating
from harness.sandbox.product.sender import WebhookSender
from harness.sandbox.product.store import Endpoint, Store
from harness.webhooks.delivery_plan import DeliverOptions
from harness.webhooks.delivery_run import DeliveryRun
from harness.webhooks.summary import Summary
from tests.real.conftest import INSTALL

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVS = ROOT / "tests" / "real" / "envs"
DELIVERIES = 1000
MOST_ACCURATE = 0.55
DATA = {"object": {"id": "in_1MtHbELkdIwHu7ixl4OzzPMv", "object": "invoice", "amount_due": 1250, "created": 1680644467}}
EVENTS: dict[str, list[dict[str, Any]]] = {
    "stripe": [
        {
            "id": event_id,
            "object": "event",
            "api_version": "2026-10-28",
            "created": 1782644467 + number,
            "data": DATA,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": f"invoice.{what}",
        }
        for number, (what, event_id) in enumerate(
            (("paid", "evt_1NG8Du2eZvKYlo2CUI79vXWy"), ("created", "evt_3MtwBwLkdIwHu7ix28a3tqPa"))
        )
    ],
    "svix": [
        {"type": "user.created", "timestamp": "2026-06-28T09:41:07.182Z", "data": {"id": 4711, "name": "Zo\u00eb"}},
        {"type": "user.deleted", "timestamp": "2026-06-29T19:02:51.940Z", "data": {"id": 4712, "name": None}},
    ],
}
SVIX_HEAD = (
    "user-agent: Svix-Webhooks/1.71.0\ncontent-type: application/json\naccept: */*\nsvix-id: {}\nsvix-timestamp:\n"
    "svix-signature:\nhost:\ncontent-length:\n\n"
)
SECRETS = {
    "hmac": secrets.token_hex(20),
    "stripe": f"whsec_{secrets.token_hex(16)}",
    "svix": f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}",
}


class Recorder:
    """Takes every request as it comes, to the byte."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self._came = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def wait_for(self, number: int) -> None:
        """Wait until so many requests have come."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.requests) >= number, timeout=30)

    def close(self) -> None:
        """End the server."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.settimeout(20)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            data = b""
            while True:
                while (end := data.find(b"\r\n\r\n")) < 0:
                    if not (piece := connection.recv(65536)):
                        return
                    data += piece
                length = re.search(rb"\r\ncontent-length: *(\d+)", data[:end], re.IGNORECASE)
                assert length
                whole = end + 4 + int(length[1])
                while len(data) < whole:
                    data += connection.recv(65536)
                with self._came:
                    self.requests.append(data[:whole])
                    self._came.notify()
                data = data[whole:]
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")


Send = Callable[[], None]


def python_of(env: str) -> Path:
    """Return the Python of an environment in tests/real/envs; skip the test without it."""
    folder = ENVS / f".venv-{env}"
    if not (folder / ".ready").exists():
        pytest.skip(f"{folder} is not installed. {INSTALL}")
    return folder / "bin" / "python"


def written(folder: Path, scheme: str) -> Path:
    """Write the fixtures of a scheme, and return their folder."""
    if scheme == "hmac":
        return ROOT / "fixtures" / "webhooks"
    for number, event in enumerate(EVENTS[scheme]):
        if scheme == "stripe":
            (folder / f"{number}.json").write_text(json.dumps(event, indent=2), encoding="utf-8")
        else:
            head = SVIX_HEAD.format(f"msg_3F{number}PBgLlAfxdpx2AI54pPJ85f4W")
            body = json.dumps(event, separators=(",", ":"))
            (folder / f"{number}.http").write_bytes(f"{head}{body}".encode())
    return folder


@contextmanager
def harness_senders(folder: Path, scheme: str, port: int) -> Iterator[list[Send]]:
    """Yield what delivers once: as the gate does, and as `harness deliver` does."""
    folder.mkdir()
    events = written(folder, scheme)
    header = ', header = "x-product-signature"' if scheme == "hmac" else ""
    (folder / "harness.toml").write_text(
        f'[target]\nname = "T"\nenvironment = "local"\n[receiver]\nurl = "http://127.0.0.1:{port}/hook"\n'
        f'events = "{events}"\nsignature = {{ scheme = "{scheme}", secret = "env:SECRET_{scheme.upper()}"{header} }}\n'
    )
    with RunContext.begun(folder, overlay=None) as context:
        receiver = receiver_of(context)
        fixtures = events_of(context, receiver.format)
        paths = [path for path in events.iterdir() if path.suffix in (".json", ".http")]

        def as_the_gate() -> None:
            assert receiver.deliver(receiver.fresh(random.choice(fixtures))).acknowledged

        def as_the_command() -> None:
            run = DeliveryRun([str(random.choice(paths))], plan_delivery(DeliverOptions(concurrency=1), folder))
            summary = Summary()
            run.deliver(lambda _: None, summary)
            assert summary.succeeded

        yield [as_the_gate, as_the_command]


@contextmanager
def product_sender(recorder: Recorder) -> Iterator[Send]:
    """Yield what makes the sandbox's own sender deliver an event of the fixtures."""
    store = Store()
    store.endpoints.keep(Endpoint(url=f"http://127.0.0.1:{recorder.port}/hook"))
    sender = WebhookSender(store, secret=Rotating(SECRETS["hmac"]), planted=Planted())
    events = [_event(path) for path in sorted((ROOT / "fixtures" / "webhooks").iterdir())]
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    loop.call_soon(sender.start)
    thread.start()

    def send() -> None:
        event = random.choice(events)
        loop.call_soon_threadsafe(sender.emit, event["type"], event["data"])

    try:
        yield send
    finally:
        asyncio.run_coroutine_threadsafe(sender.stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _event(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8").rpartition("\n\n")[2])
    return found


@contextmanager
def vendors(port: int) -> Iterator[dict[str, Send]]:
    """Yield what sends one event as each vendor does, in a process that has only the vendors' libraries."""
    python = python_of("vendors")
    with subprocess.Popen(
        [python, HERE / "genuine" / "vendors.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout

        def send(vendor: str) -> None:
            assert process.stdin
            assert process.stdout
            event = random.choice(EVENTS[vendor])
            asked = {"vendor": vendor, "port": port, "secret": SECRETS[vendor], "event": event}
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == "200\n"

        yield {vendor: partial(send, vendor) for vendor in EVENTS}
        process.stdin.close()


@pytest.fixture
def deliveries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Labelled requests, as many of each sender as of the harness in its place, in random order."""
    for name, secret in SECRETS.items():
        monkeypatch.setenv(f"SECRET_{name.upper()}", secret)
    labelled: list[tuple[str, str]] = []
    with ExitStack() as stack:
        recorder = stack.enter_context(closing(Recorder()))
        genuine = {"hmac": stack.enter_context(product_sender(recorder))}
        genuine |= stack.enter_context(vendors(recorder.port))
        ours = {
            scheme: stack.enter_context(harness_senders(tmp_path / scheme, scheme, recorder.port)) for scheme in SECRETS
        }
        turns = [(label, scheme) for label in ("harness", "genuine") for scheme in SECRETS] * -(-DELIVERIES // 3)
        random.shuffle(turns)
        for number, (label, scheme) in enumerate(turns, start=1):
            send = random.choice(ours[scheme]) if label == "harness" else genuine[scheme]
            send()
            recorder.wait_for(number)
            labelled.append((label, base64.b64encode(recorder.requests[-1]).decode()))
    return labelled


def test_no_classifier_tells_the_harness_from_genuine_senders(deliveries: list[tuple[str, str]]) -> None:
    """By headers and body alone, a receiver cannot behave for the harness only: the accuracy is that of chance."""
    python = python_of("classifier")
    done = subprocess.run(
        [python, HERE / "genuine" / "classify.py"],
        input=json.dumps(deliveries),
        capture_output=True,
        text=True,
        check=True,
    )
    accuracies: dict[str, float] = json.loads(done.stdout)

    assert max(accuracies.values()) <= MOST_ACCURATE, accuracies
