"""Bad input: one paragraph that names file, key and next step; nothing half-written, no traceback, no process left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from harness.model import Outcome, Verdict
from tests.plugins.conftest import LATER, TIMEOUT_S
from tests.ports import free_port

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder
    from tests.plugins.conftest import Outcome as Ended

NAMED = '[target]\nname = "x"\n'
PROVIDER = NAMED + '[provider]\nspec = "openapi.yaml"\nbase_url = "http://127.0.0.1:9"\n'
BEARER = 'auth = { type = "bearer", token = "VALUE" }\n'
SPEC = '{"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {}}'


class Row(NamedTuple):
    """One mistake: the files of the folder, and what the paragraph must hold."""

    files: dict[str, str]
    where: str
    advice: str
    args: tuple[str, ...] = ()


ROWS = {
    "no-file": Row({}, "harness.toml not found in", "let `harness init` write one"),
    "no-overlay": Row({"harness.toml": NAMED}, "harness.staging.toml not found", "--target", ("--target", "staging")),
    "not-toml": Row({"harness.toml": "[target\n"}, "harness.toml is not valid TOML", "Correct that line"),
    "pyproject-key": Row(
        {"pyproject.toml": '[tool.harness.target]\nname = "x"\n[tool.harness.receiver]\nulr = "x"'},
        "pyproject.toml: [tool.harness.receiver] ulr: unknown key",
        "Did you mean 'url'? (pyproject.toml:4)",
    ),
    "pyproject-no-spec": Row(
        {"pyproject.toml": f"[tool.harness]\n{PROVIDER}".replace("\n[", "\n[tool.harness.")},
        "pyproject.toml: [tool.harness.provider] spec: openapi.yaml cannot be read",
        "Paths start at",
    ),
    "two-homes": Row(
        {"harness.toml": NAMED, "pyproject.toml": '[tool.harness.target]\nname = "x"\n'},
        "harness.toml and [tool.harness] of pyproject.toml both describe the target in",
        "delete harness.toml, or delete [tool.harness]",
    ),
    "unknown-key": Row(
        {"harness.toml": NAMED + '[receiver]\nulr = "x"'},
        "harness.toml: [receiver] ulr: unknown key",
        "Did you mean 'url'?",
    ),
    "wrong-type": Row(
        {"harness.toml": NAMED + "[provider]\nspec = 3"}, "harness.toml: [provider] spec", "Correct that key"
    ),
    "no-scenarios": Row(
        {"harness.toml": NAMED + 'scenarios = ["flows"]'},
        "harness.toml: [target] scenarios: flows does not exist",
        "remove the key",
    ),
    "no-spec": Row(
        {"harness.toml": PROVIDER}, "harness.toml: [provider] spec: openapi.yaml cannot be read", "Paths start at"
    ),
    "broken-spec": Row(
        {"harness.toml": PROVIDER, "openapi.yaml": "a: ["},
        "harness.toml: [provider] spec: openapi.yaml is neither JSON nor YAML",
        "line 2",
    ),
    "other-spec": Row(
        {"harness.toml": PROVIDER, "openapi.yaml": "asyncapi: 3.0.0"},
        "harness.toml: [provider] spec: openapi.yaml is not an OpenAPI document",
        "Name the file of",
    ),
    "unset-variable": Row(
        {"harness.toml": PROVIDER + BEARER.replace("VALUE", "env:NOT_SET_ANYWHERE"), "openapi.yaml": SPEC},
        "harness.toml: [provider] auth.token refers to env:NOT_SET_ANYWHERE, and that variable is not set",
        "export NOT_SET_ANYWHERE=",
    ),
    "secret-file-missing": Row(
        {"harness.toml": PROVIDER + BEARER.replace("VALUE", "file:key.txt"), "openapi.yaml": SPEC},
        "harness.toml: [provider] auth.token refers to file:key.txt, which cannot be read",
        "Paths start at",
    ),
    "unknown-item-waived": Row(
        {"harness.toml": NAMED + f'[[waiver]]\nitem = "auth.acepts"\nreason = "r"\nowner = "o"\nexpires = {LATER}\n'},
        "harness.toml: [[waiver]]: no checklist item is called 'auth.acepts'",
        "Did you mean 'auth.accepts'?",
    ),
    "program-missing": Row(
        {"harness.toml": NAMED + '[process.app]\ncommand = ["no-such-program"]\nready = "http://127.0.0.1:9/"\n'},
        "harness.toml: [process.app] command: 'no-such-program' is not a program",
        "Install it",
    ),
    "reports-is-a-file": Row(
        {"harness.toml": NAMED, "out": ""},
        "--reports: cannot write to",
        "Choose another",
        ("--reports", "out"),
    ),
}


def paragraph(ended: Ended, where: str, advice: str) -> str:
    """Hold a refusal to its form, and return what it said."""
    assert ended.status == 4, ended.text
    said = ended.err.strip()
    assert said.startswith("ERROR: "), ended.text
    assert where in said
    assert advice in said
    assert "Traceback" not in ended.text
    assert "readiness" not in ended.out.partition("collected")[2], "a verdict was printed though nothing was run"
    return said


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_a_mistake_ends_the_gate_before_anything_runs(folder: Folder, row: Row) -> None:
    """The message is one paragraph with place and next step; no report is written, and the exit status is 4."""
    for name, text in row.files.items():
        folder.write(name, text)

    said = paragraph(folder.gate(*row.args), row.where, row.advice)

    assert "\n" not in said
    assert not list(folder.path.glob("**/readiness*"))


def test_a_mistake_leaves_no_scratch_folder(folder: Folder) -> None:
    """The folder of a run that could not begin is gone."""
    folder.write("harness.toml", NAMED + '[receiver]\nulr = "x"')
    folder.write("tmp/kept", "")

    ended = folder.pytest(TMPDIR=str(folder.path / "tmp"))

    assert ended.status == 4, ended.text
    assert [p.name for p in (folder.path / "tmp").iterdir()] == ["kept"]


def test_a_mistake_is_told_once_under_workers_too(folder: Folder) -> None:
    """With pytest-xdist the same paragraph comes from the controller alone."""
    row = ROWS["unset-variable"]
    for name, text in row.files.items():
        folder.write(name, text)

    said = paragraph(folder.gate("-n2"), row.where, row.advice)

    assert said.count(row.where) == 1


def test_a_secret_written_literally_is_refused_and_not_repeated(folder: Folder) -> None:
    """The paragraph names the key and the way out, and nothing of the value."""
    value = "sk_" + "test_" + os.urandom(12).hex()
    folder.write("harness.toml", PROVIDER + BEARER.replace("VALUE", value))

    ended = folder.gate()

    paragraph(ended, "harness.toml: [provider] auth.token looks like a literal secret", "env:NAME or file:PATH")
    assert value[8:] not in ended.text


PROCESS = (
    NAMED + '[process.app]\ncommand = ["{python}", "app.py"]\nready = "http://127.0.0.1:PORT/"\nready_within = "60s"\n'
)


def test_a_port_in_use_is_named(folder: Folder) -> None:
    """Nothing is judged in the place of the target's own process."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        folder.write("harness.toml", PROCESS.replace("PORT", str(other.getsockname()[1])))

        paragraph(folder.gate(), "harness.toml: [process.app] ready: port", "is in use")


def test_a_process_that_dies_is_shown_with_its_last_words(folder: Folder) -> None:
    """The paragraph is followed by the end of the process' output, without the secret that it printed."""
    value = os.urandom(12).hex()
    folder.write("harness.toml", PROCESS.replace("PORT", "{port:app}") + 'env = { KEY = "env:THE_KEY" }\n')
    folder.write("app.py", "import os, sys\nprint('no database for', os.environ['KEY'])\nsys.exit(3)\n")

    ended = folder.gate(THE_KEY=value)

    said = paragraph(ended, "harness.toml: [process.app] command exited with status 3 before", "Run it by hand")
    assert "no database for [REDACTED env:THE_KEY]" in said
    assert value not in ended.text
    assert not list(folder.reports.glob("readiness*"))


def test_a_process_that_never_becomes_ready_is_stopped(folder: Folder) -> None:
    """The paragraph names the URL and the time it was given; the process is gone."""
    folder.write("harness.toml", PROCESS.replace("PORT", "{port:app}").replace("60s", "1s"))
    folder.write("app.py", "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)\n")

    paragraph(folder.gate(), "harness.toml: [process.app] ready: http://127.0.0.1:", "ready_within")

    assert not folder.runs()


RECEIVER = (
    NAMED
    + '[receiver]\nurl = "http://127.0.0.1:PORT/hooks"\nevents = "events"\n'
    + 'signature = { scheme = "hmac", header = "x-signature", secret = "env:HOOK_SECRET" }\n'
)


def test_a_receiver_that_refuses_connections_is_an_error_of_its_items(folder: Folder) -> None:
    """During the run the item is `error`, not pass and not fail; it says what was refused, and the run goes on."""
    folder.write("harness.toml", RECEIVER.replace("PORT", str(free_port())))
    folder.write("events/ping.json", '{"id": "evt_1", "type": "ping"}')

    ended = folder.gate("-k", "fixture_is_acknowledged or handles_a_delivery", HOOK_SECRET=os.urandom(12).hex())

    assert ended.status == 1, ended.text
    assert ended.report is not None
    assert ended.verdict is Verdict.INCOMPLETE, ended.text
    items = {item.id: item for item in ended.report.items}
    for name in ("webhooks.fixtures", "webhooks.signatures"):
        assert items[name].outcome is Outcome.ERROR
        assert "refused" in items[name].findings[0].observed.lower()
    assert "Traceback" not in ended.text


def test_an_unreadable_event_fixture_is_one_error(folder: Folder) -> None:
    """The check of the fixtures names file and key; all that would deliver one is not run, with that as its reason."""
    folder.write("harness.toml", RECEIVER.replace("PORT", "9"))
    folder.write("events/ping.json", '{"id": "evt_1", "type": "ping"}')
    folder.write("events/pong.json", '{"id": "evt_2", "kind": "pong"}')

    ended = folder.gate("--only", "webhooks", HOOK_SECRET=os.urandom(12).hex())

    assert ended.verdict is Verdict.INCOMPLETE, ended.text
    assert ended.report is not None
    found = [finding for item in ended.report.items for finding in item.findings]
    [error] = [finding for finding in found if finding.outcome is Outcome.ERROR]
    assert error.item == "webhooks.fixtures"
    assert "pong.json names no event type: it has no key 'type'. Add it, or name the right key in" in error.observed
    reason = f"no event can be delivered, as webhooks.fixtures finds: {error.observed}"
    assert len([f for f in found if f.outcome is Outcome.NOT_RUN and f.observed == reason]) > 100


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_an_interrupted_gate_reports_and_leaves_no_process(served: Folder, number: signal.Signals) -> None:
    """A signal to the gate ends the run: INCOMPLETE, exit status 1, and the target's process is gone."""
    served.write(
        "scenarios/test_more.py", "import time\ndef test_more():\n    open('began', 'w')\n    time.sleep(600)\n"
    )
    command = [sys.executable, "-m", "harness.cli", "gate", "-p", "no:cacheprovider"]
    with subprocess.Popen(command, cwd=served.path, stdout=subprocess.PIPE, text=True, start_new_session=True) as gate:
        began, deadline = served.path / "began", time.monotonic() + TIMEOUT_S
        while not began.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        if number is signal.SIGINT:
            os.killpg(gate.pid, number)  # Ctrl-C reaches every process of the terminal's group
        else:
            gate.send_signal(number)
        out, _ = gate.communicate(timeout=TIMEOUT_S)

    assert gate.returncode == 1, out
    assert "The run was interrupted" in out
    assert not served.runs()
