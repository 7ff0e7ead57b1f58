"""The provider's webhooks in one run: a registration is taken back, and an unusable port is reported."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from harness.context.run_context import RunContext
from harness.context.webhook_watch import WebhookWatch
from harness.errors import ProbeError
from harness.http.loopback_server import LoopbackServer
from harness.http.message import Request, Response
from harness.process.run import Run

HOOK = {"type": "object", "properties": {"id": {"type": "string"}}}
MADE = {"description": "Made.", "content": {"application/json": {"schema": HOOK}}}
SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        "/hooks": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
                "responses": {"201": MADE},
            }
        },
        "/hooks/{hookId}": {
            "parameters": [{"name": "hookId", "in": "path", "required": True, "schema": {"type": "string"}}],
            "delete": {"responses": {"204": {"description": "Gone."}}},
        },
    },
}
TOML = """
[target]
name = "Things"
[provider]
spec = "openapi.json"
base_url = "{url}"
[provider.webhooks]
register = "POST /hooks"
body = {{ url = "{{catcher}}" }}
{port}
[receiver]
url = "http://127.0.0.1:9/nobody"
signature = {{ scheme = "hmac", header = "x-sig", secret = "env:A_SECRET" }}
"""


class HookRegistry(LoopbackServer):
    """Registers every hook under one id, and notes each call."""

    def __init__(self) -> None:
        super().__init__("hook-registry")
        self.calls: list[str] = []

    def respond(self, request: Request) -> Response:
        self.calls.append(f"{request.method} {request.target}")
        if request.method == "DELETE":
            return Response(status=204)
        return Response(status=201, headers=(("content-type", "application/json"),), body=b'{"id": "h1"}')


@pytest.fixture
def registry() -> Iterator[HookRegistry]:
    with HookRegistry() as server:
        yield server


def watch(folder: Path, url: str, port: str = "") -> WebhookWatch:
    (folder / "openapi.json").write_text(json.dumps(SPEC))
    (folder / "harness.toml").write_text(TOML.format(url=url, port=port))
    run = Run(run_id="r", seed="s", directory=str(folder))
    return WebhookWatch(RunContext.load(folder, run=run, overlay=None, reports=folder / "reports"))


@pytest.mark.parametrize("broken_by", [None, KeyboardInterrupt, RuntimeError])
def test_a_registration_is_taken_back_however_the_run_ends(
    tmp_path: Path, registry: HookRegistry, broken_by: type[BaseException] | None
) -> None:
    """After Ctrl-C or `pytest -x`, too, the provider no longer sends to a port that is closed."""
    with suppress(KeyboardInterrupt, RuntimeError), watch(tmp_path, registry.url).listening():
        before = list(registry.calls)
        if broken_by:
            raise broken_by

    assert before == ["POST /hooks"]
    assert registry.calls == ["POST /hooks", "DELETE /hooks/h1"]


def test_a_port_that_is_taken_is_reported_by_the_check(tmp_path: Path, registry: HookRegistry) -> None:
    """The run goes on without registering, and the message names the key and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        watched = watch(tmp_path, registry.url, port=f"port = {port}")
        with watched.listening():
            pass

    message = rf"\[provider.webhooks\] port {port} cannot be opened: .*in use.*\. Stop what listens there, or set "
    with pytest.raises(ProbeError, match=message):
        watched.judged()
    assert registry.calls == []
