"""The bodies of scripted errors: harness.toml's, the document's, a recorded one, or a plain problem."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from harness.errors import SpecError
from harness.http.client import Network
from harness.http.message import Request, Response
from harness.openapi.error_examples import ErrorExample
from harness.resilience.error_bodies import ErrorBodies, ScriptedBody
from harness.resilience.fault_server import FaultServer
from harness.resilience.faults import respond

CALL = Request(method="POST", url="/things?a=1")
JSON = (("Content-Type", "application/json"),)


class Examples:
    """A document with one error."""

    def __init__(self, content: Any) -> None:
        self.content = content
        self.prepared = 0

    def prepare(self) -> None:
        self.prepared += 1

    def find(self, method: str, path: str, status: int) -> Any:
        return ErrorExample("application/json", {**self.content, "of": f"{method} {path} {status}"})


@pytest.mark.parametrize(
    "template, expected",
    [
        (
            {"error": {"code": "{status}", "message": "{status} {title}", "more": ["{title}", 1]}},
            (
                "application/json",
                b'{"error":{"code":503,"message":"503 Service Unavailable","more":["Service Unavailable",1]}}',
            ),
        ),
        ("<Error><Code>{status}</Code></Error>", ("application/xml", b"<Error><Code>503</Code></Error>")),
        ("{status}", ("text/plain; charset=utf-8", b"503")),
        ({}, ("application/json", b"{}")),
    ],
    ids=["table", "xml", "text", "empty"],
)
def test_harness_toml_decides_first(template: Any, expected: tuple[str, bytes]) -> None:
    """The status and its name are filled in; a text that is only the status becomes a number."""
    bodies = ErrorBodies(template, described=lambda: pytest.fail("asked"))
    bodies.prepare()

    assert bodies(CALL, 503) == ScriptedBody(*expected)


def test_the_document_decides_second() -> None:
    """It is asked for the operation and the status, and prepared once."""
    examples: Any = Examples({"error": "x"})
    bodies = ErrorBodies(described=lambda: examples, recorded=lambda: pytest.fail("asked"))
    bodies.prepare()
    bodies.prepare()

    assert json.loads(bodies(CALL, 429).content) == {"error": "x", "of": "POST /things 429"}
    assert examples.prepared == 1


def test_a_recorded_error_decides_third() -> None:
    """The one with that status, else with a near one, in its own media type."""
    recorded = [
        Response(status=200, headers=JSON, body=b"[]"),
        Response(status=404, headers=JSON, body=b"404"),
        Response(status=500, headers=JSON, body=b"500"),
        Response(status=503, headers=(("content-type", "text/html"),), body=b"<p>"),
    ]
    bodies = ErrorBodies(recorded=lambda: recorded)

    assert [bodies(CALL, status).content for status in (500, 503, 404, 422)] == [b"500", b"500", b"404", b"404"]


def test_without_any_it_is_a_problem() -> None:
    """A document that cannot be read is reported elsewhere."""

    def unreadable() -> Any:
        raise SpecError("openapi.yaml cannot be read")

    assert ErrorBodies(described=unreadable)(CALL, 503) == ScriptedBody(
        "application/problem+json", b'{"title":"scripted fault"}'
    )


def test_the_fault_server_answers_with_them() -> None:
    """The client under test sees an error as the provider would send it."""
    with (
        Network().client() as client,
        FaultServer(
            "http://127.0.0.1:9", client, faults=[respond(429)], error_bodies=ErrorBodies({"ok": False})
        ) as server,
    ):
        answer: httpx.Response = client.get(server.url)

    assert (answer.status_code, answer.json()) == (429, {"ok": False})
