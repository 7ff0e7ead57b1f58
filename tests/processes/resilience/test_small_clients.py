"""Small clients that read a listing: what they make of one without entries, or without members."""

from __future__ import annotations

import http.server
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from harness.http.client import Network
from harness.model import Finding, Outcome
from harness.model.config import Policy
from harness.openapi.json_document import JsonDocument
from harness.openapi.value_schemas import described_values
from harness.resilience.client_drill import DrillSetting
from harness.resilience.client_drills import DRILLS
from harness.resilience.runner import ClientUnderTest
from harness.resilience.undisturbed import KnownRuns

# It creates an order, looks for it in the listing, and pays it.
CLIENT = """
import json, os, sys, urllib.request
def call(method, path):
    body = b"{{}}" if method == "POST" else None
    request = urllib.request.Request(os.environ["URL"] + path, body, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)
own = call("POST", "/orders").get("id")
page = call("GET", "/orders")
for order in page.get("items", []):
    if order["id"] == own:
        call("POST", f"/orders/{{own}}/pay")
        sys.exit(0)
sys.exit({unfound})
"""
SCHEMA: dict[str, Any] = {"properties": {"items": {"items": {"properties": {"id": {}}}}}}


class Orders(http.server.BaseHTTPRequestHandler):
    """Creates, lists and pays orders."""

    made: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/orders":
            self.made.append({"id": f"order_{len(self.made)}"})
        self._answer(self.made[-1])

    def do_GET(self) -> None:
        self._answer({"items": self.made})

    def _answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[DrillSetting]:
    """The setting of a client that reports failure when it does not find its order."""
    Orders.made = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Orders)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with Network().client() as client:
        tested = ClientUnderTest(
            command=[sys.executable, "-c", CLIENT.format(unfound=1)],
            env={"URL": "{fault_server}"},
            cwd=tmp_path,
            timeout_s=20,
            policy=Policy(),
            log=tmp_path / "client.log",
            upstream=f"http://127.0.0.1:{server.server_port}",
            http=client,
        )
        yield DrillSetting(
            client=tested,
            label=tested.undisturbed().operations.label_of,
            describes=lambda _, response: described_values(JsonDocument({}), SCHEMA, json.loads(response.body)),
        )
    server.shutdown()
    thread.join()
    server.server_close()


def judged(case_id: str, setting: DrillSetting) -> Finding:
    drill = next(drill for drill in DRILLS if drill.id == case_id)
    return drill.judge(drill, setting)


def careless(setting: DrillSetting) -> DrillSetting:
    """Return the setting of a client that takes what it does not find for done."""
    command = [sys.executable, "-c", CLIENT.format(unfound=0)]
    client = msgspec.structs.replace(setting.client, command=command, known=KnownRuns())
    return msgspec.structs.replace(setting, client=client)


@pytest.mark.parametrize("case_id", ["empty-page", "required-missing"])
def test_an_order_that_is_not_listed_is_not_paid(case_id: str, setting: DrillSetting) -> None:
    """A client may fail without its order; one that reports success without the payment is found."""
    assert judged(case_id, setting).outcome is Outcome.PASS

    found = judged(case_id, careless(setting))

    assert found.outcome is Outcome.FAIL, found.observed
    assert "the client reported success, and POST /orders/{id}/pay was done 0 times instead of 1" in found.summary


def test_the_answers_that_a_client_needs_are_named(setting: DrillSetting) -> None:
    """Nobody reads the answer to the payment; members are only looked for where that is configured."""
    found = judged("required-missing", setting)

    assert found.observed.startswith(
        "the client needs the answers of POST /orders, GET /orders; "
        "the client need not read those of POST /orders/{id}/pay"
    )
    assert "[client] needed_members is not true" in judged("needed-members", setting).summary


def test_the_members_that_a_client_needs_are_counted(setting: DrillSetting) -> None:
    """The ids are needed, and no more; three answers have one each."""
    found = judged("needed-members", msgspec.structs.replace(setting, needed_members=True))

    assert found.summary == "The client needs 2 of the 3 members of the answers"
    assert found.observed == "POST /orders: id; GET /orders: items.*.id"
