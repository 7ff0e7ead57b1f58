"""`harness doctor`: each boring fault is named with its fix, nothing else is, and a right target has none."""

from __future__ import annotations

import json
import os
import secrets
import socket
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harness.context.examination.examination import Examination, examine

SERVER = """
import hashlib, hmac, http.server, json, os, sys, time
seen = set()

class Handler(http.server.BaseHTTPRequestHandler):
    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() - float(os.environ.get("BEHIND_S", "0")))

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/healthz":
            return self.answer(200, {})
        if self.path.startswith("/effects/"):
            known = os.environ.get("COUNTS_ALL") or self.path.rpartition("/")[2] in seen
            return self.answer(200, {"effects": 1}) if known else self.answer(404, {})
        if self.path != "/v1/orders":
            return self.answer(404, {})
        right = self.headers.get("authorization") == "Bearer " + os.environ["TOKEN"]
        self.answer(200 if right else 401, [])

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        sent = dict(part.split("=", 1) for part in self.headers.get("x-product-signature", "t=0,v1=0").split(","))
        right = hmac.new(os.environ["HOOK"].encode(), (sent["t"] + ".").encode() + body, "sha256").hexdigest()
        if self.path != "/hook":
            return self.answer(404, {})
        if right != sent["v1"]:
            return self.answer(401, {})
        if not os.environ.get("DOES_NOTHING"):
            seen.add(json.loads(body)["id"])
        self.answer(500 if os.environ.get("FAILS") else 200, {})

    def log_message(self, *args):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
TOML = """
[target]
name = "Tiny"
scenarios = ["scenarios"]

[provider]
spec = "openapi.json"
base_url = "http://127.0.0.1:{port:app}/v1"
auth = { type = "bearer", token = "env:DOCTOR_TOKEN" }

[receiver]
url = "http://127.0.0.1:{port:app}/hook"
events = "events"
signature = { scheme = "hmac", secret = "env:DOCTOR_HOOK" }
effects = { url = "http://127.0.0.1:{port:app}/effects/{event_id}" }

[process.app]
command = ["{python}", "server.py", "{port:app}"]
ready = "http://127.0.0.1:{port:app}/healthz"
env = { TOKEN = "env:DOCTOR_TOKEN", HOOK = "env:DOCTOR_HOOK" }
"""
SPEC: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Tiny", "version": "1"},
    "servers": [{"url": "https://api.example.com/v1"}],
    "security": [{"token": []}],
    "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    "paths": {"/orders": {"get": {"responses": {"200": {"description": "All"}, "401": {"description": "No"}}}}},
}


class Fault(NamedTuple):
    """A boring fault: the symptom, part of the sentence, and what is changed."""

    symptom: str
    text: str
    toml: tuple[str, str] = ("", "")
    """What is replaced in harness.toml by what."""
    file: tuple[str, str] = ("", "")
    """Name and text of a file."""
    variable: tuple[str, str] = ("", "")
    """A variable and its value."""
    also: tuple[str, ...] = ()
    """Further symptoms that the same fault has."""


def runs(variable: str) -> tuple[str, str]:
    """Return the change that gives the server a variable."""
    return ('HOOK = "env:DOCTOR_HOOK" }', f'HOOK = "env:DOCTOR_HOOK", {variable} }}')


def receiver(line: str) -> tuple[str, str]:
    """Return the change that adds a line to ``[receiver]``."""
    return ('events = "events"', f'events = "events"\n{line}')


def section(name: str, line: str) -> tuple[str, str]:
    """Return the change that adds a section with one line."""
    return ("[process.app]", f"[{name}]\n{line}\n\n[process.app]")


TOKEN, HOOK, RUNBOOKS = 'token = "env:DOCTOR_TOKEN"', 'secret = "env:DOCTOR_HOOK"', 'runbooks = "ops/*.md"'
FAULTS: dict[str, Fault] = {
    "an unknown key": Fault("harness.toml", "Did you mean 'base_url'?", ("base_url", "base_ulr")),
    "no TOML": Fault("harness.toml", "harness.toml", ("[provider]", "[provider")),
    "a secret written out": Fault("harness.toml", "secret", (HOOK, 'secret = "whsec_written_out"')),
    "a variable that is not set": Fault("variables", "env:NO_SUCH, and that", (TOKEN, 'token = "env:NO_SUCH"')),
    "a variable that is empty": Fault("variables", "that variable is empty", variable=("DOCTOR_TOKEN", "")),
    "a secret's file that is missing": Fault("variables", "file:no, which cannot", (HOOK, 'secret = "file:no"')),
    "a secret's command that fails": Fault("variables", "command:false", (HOOK, 'secret = "command:false"')),
    "a program that is missing": Fault(
        "programs", "'no-such' is not a program", ('"{python}", "server.py"', '"no-such"')
    ),
    "a command in one word": Fault(
        "programs", 'Write each word by itself: ["npm", "start", ...].', section("client", 'command = ["npm start"]')
    ),
    "a variable before a command": Fault(
        "programs", "A variable before a command is for a shell: set", section("client", 'command = ["PORT=1", "true"]')
    ),
    "a command for a shell": Fault(
        "programs", "'&&' means something to a shell alone", section("client", 'command = ["true", "&&", "true"]')
    ),
    "line ends of Windows in a variable": Fault(
        "variables", "ends with a carriage return", variable=("DOCTOR_TOKEN", "tok_from_env\r")
    ),
    "quotation marks in a variable": Fault(
        "variables", "has quotation marks around it", variable=("DOCTOR_TOKEN", "'tok_from_env'")
    ),
    "a proxy for this machine": Fault("proxies", "Set NO_PROXY=", variable=("HTTP_PROXY", "http://127.0.0.1:9")),
    "a client that is missing": Fault(
        "programs", "[client] command: 'no-such' is not a", section("client", 'command = ["no-such"]')
    ),
    "a client of several calls that is missing": Fault(
        "programs",
        "[client] at_once: 'no-such' is not a",
        section("client", 'command = ["true"]\nat_once = ["no-such"]'),
    ),
    "an outage that is missing": Fault("programs", "[receiver] outage: 'no-such'", receiver('outage = ["no-such"]')),
    "a probe's program that is missing": Fault(
        "programs",
        "[client] created.command: 'no-such' is not a",
        section("client", 'command = ["true"]\ncreated = { command = ["no-such"] }'),
    ),
    "a redrive that is missing": Fault(
        "programs",
        "[receiver] dead_letters.redrive: 'no-such'",
        receiver('dead_letters = { url = "http://127.0.0.1:{port:app}/dead", redrive = ["no-such"] }'),
    ),
    "a file that hides a module": Fault("interpreter", "yaml.py hides", file=("yaml.py", "")),
    "scenarios that do not exist": Fault("paths", "[target] scenarios: no file", ('["scenarios"]', '["scenarii"]')),
    "events that do not exist": Fault(
        "paths", "[receiver] events: no file", ('events = "events"', 'events = "evnts"'), also=("receiver",)
    ),
    "a poison that does not exist": Fault("paths", "unprocessable: no file", receiver('unprocessable = "p.json"')),
    "a slow event that does not exist": Fault("paths", "[receiver] slow: no file", receiver('slow = "slow.json"')),
    "runbooks that do not exist": Fault(
        "paths", "[operations] runbooks: no file", section("operations", RUNBOOKS), also=("runbooks",)
    ),
    "dashboards that do not exist": Fault(
        "paths", "dashboards: no file matches", section("telemetry", 'dashboards = ["boards/*.json"]')
    ),
    "a document that does not exist": Fault("document", "no.json", ('"openapi.json"', '"no.json"')),
    "a document that is empty": Fault("document", "openapi.json", file=("openapi.json", "")),
    "a document that is something else": Fault("document", "openapi.json", file=("openapi.json", '{"hello": 1}')),
    "a fixture that is no JSON": Fault("fixtures", "paid.json", file=("events/paid.json", "{")),
    "a fixture without a type": Fault("fixtures", "names no event type", file=("events/paid.json", '{"id": "evt_1"}')),
    "a cassette that is broken": Fault("cassettes", "a.yaml", file=("cassettes/a.yaml", "interactions: [")),
    "runbooks that are skeletons": Fault(
        "runbooks", "no runbook has `incident: webhooks`", section("operations", RUNBOOKS), file=("ops/a.md", "# A\n")
    ),
    "a process that ends": Fault("processes", "exited with status 3", file=("server.py", "raise SystemExit(3)")),
    "a process that is never ready": Fault(
        "processes", "did not answer 2xx within 1 s", ('/healthz"', '/health"\nready_within = "1s"')
    ),
    "a base URL without its path": Fault("provider", "answered with HTTP 404. Compare", ('app}/v1"', 'app}"')),
    "a credential that is refused": Fault(
        "provider", "[provider] auth: GET /orders was answered with HTTP 401", (TOKEN, 'token = "env:DOCTOR_HOOK"')
    ),
    "a provider that does not answer": Fault("provider", "does not answer", ("{port:app}/v1", "{port:nobody}/v1")),
    "a clock that is off": Fault("provider", "differ by 4", runs('BEHIND_S = "4000"')),
    "a receiver's path that is wrong": Fault("receiver", "HTTP 404. Correct its path", ("app}/hook", "app}/hok")),
    "a signature that is refused": Fault(
        "receiver", "answered with HTTP 401. Compare scheme", ('scheme = "hmac"', 'scheme = "hmac", digest = "sha1"')
    ),
    "a receiver that fails": Fault("receiver", "delivery was answered with HTTP 500", runs('FAILS = "1"')),
    "a probe that counts everything": Fault("receiver", "that was never delivered", runs('COUNTS_ALL = "1"')),
    "a receiver that does nothing": Fault("receiver", "shows nothing of an event", runs('DOES_NOTHING = "1"')),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A right target, whose process is provider and receiver."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCTOR_TOKEN", secrets.token_hex(20))
    monkeypatch.setenv("DOCTOR_HOOK", secrets.token_hex(20))
    files = {
        "harness.toml": TOML,
        "server.py": SERVER,
        "openapi.json": json.dumps(SPEC),
        "events/paid.json": '{"id": "evt_1", "type": "order.paid"}',
        "scenarios/test_nothing.py": "",
    }
    for name, text in files.items():
        write(tmp_path, name, text)
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def examined(folder: Path, *, live: bool = True) -> Examination:
    return examine(folder, overlay=None, live=live)


def test_a_right_target_has_no_obstacle(folder: Path) -> None:
    """Everything that the target has is checked, and nothing is wrong; it has no runbooks, so these are not named."""
    found = examined(folder)

    assert found.obstacles == []
    assert found.left_out == []
    assert len(found.checked) == 16
    assert "runbooks" not in found.checked


@pytest.mark.parametrize("name", FAULTS, ids=[name.replace(" ", "-") for name in FAULTS])
def test_a_boring_fault_is_named_with_its_fix(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One obstacle, of the right kind, in a sentence that ends with what to do, and without a secret."""
    fault = FAULTS[name]
    toml = TOML.replace(*fault.toml) if fault.toml[0] else TOML
    assert (toml != TOML) == bool(fault.toml[0])
    write(folder, "harness.toml", toml)
    if fault.file[0]:
        write(folder, *fault.file)
    if fault.variable[0]:
        monkeypatch.setenv(*fault.variable)

    found = examined(folder)

    texts = [obstacle.text for obstacle in found.obstacles if obstacle.symptom == fault.symptom]
    assert any(fault.text in text for text in texts), found.obstacles
    assert {c.symptom for c in found.obstacles} <= {fault.symptom, *fault.also}
    assert not any(os.environ["DOCTOR_HOOK"] in text for text in texts)


def test_a_port_that_is_taken_is_named(folder: Path) -> None:
    """A port that harness.toml names itself, and on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        write(folder, "harness.toml", TOML.replace("{port:app}", str(port)))

        found = examined(folder)

    assert [c.symptom for c in found.obstacles] == ["ports"]
    assert f"port {port} is in use" in found.obstacles[0].text


def test_offline_starts_and_sends_nothing(folder: Path) -> None:
    """The rows that need a running target are listed as not checked."""
    write(folder, "server.py", "raise SystemExit(3)")

    found = examined(folder, live=False)

    assert found.obstacles == []
    assert [title.partition(":")[0] for title in found.left_out] == ["the provider", "the receiver"]
