"""Notes in Kinto, a client as an ordinary team writes it, with pytest-recording: what its gate does and finds."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from tests.made_once import made_once
from tests.ports import free_port
from tests.real.conftest import REAL
from tests.real.strangers.conftest import STRANGERS, Project, Visit, make_project
from tests.real.strangers.provider_log import READS, ProviderLog

USER, PASSWORD = "notes-sync-bot", "correct horse battery staple"
RIGHT = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
OWN_PATH = b"/buckets/default/collections/notes/records/"


@pytest.fixture(scope="module")
def notes(
    stranger_bin: Path,
    start_provider: Callable[..., AbstractContextManager[ProviderLog]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Project]:
    """The project, against a Kinto whose own description of its API was fetched, with its recordings made."""
    folder = tmp_path_factory.mktemp("notes")
    shutil.copytree(STRANGERS / "notes", folder / "project", ignore=shutil.ignore_patterns("__pycache__", "cassettes"))
    port = free_port()
    kinto = REAL / "envs" / ".venv-strangers" / "bin" / "kinto"
    command = (kinto, "start", "--ini", folder / "project" / "kinto.ini", "--port", str(port))
    with start_provider("kinto", f"http://127.0.0.1:{port}/v1/", folder, *command) as log:
        project = make_project(folder / "project", log, stranger_bin, KINTO_USER=USER, KINTO_PASSWORD=PASSWORD)
        document = httpx.get(f"{log.url}/v1/__api__", trust_env=False).text
        (project.folder / "kinto.json").write_text(document)
        yield project


@pytest.fixture(scope="module")
def recorded(notes: Project) -> str:
    """Make the project's recordings: its own with pytest-recording, the scenario's with the harness."""
    url = f"{notes.log.url}/v1"
    own = notes.run("python", "-m", "pytest", "--record-mode=once", KINTO_URL=url)
    scenario = notes.run("python", "-m", "pytest", "readiness", "--harness-mode=record")
    return own.stdout + scenario.stdout


@pytest.fixture(scope="module")
def visit(notes: Project, recorded: str, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    """One whole gate."""
    assert recorded
    return made_once(tmp_path_factory, "notes", lambda _: notes.visit("/v1/buckets", RIGHT))


def test_its_own_tests_keep_their_recordings(notes: Project, recorded: str) -> None:
    """pytest-recording records and plays in its own layout, in any order, beside the harness's plugins."""
    assert "2 passed" in recorded
    assert "1 passed" in recorded
    cassettes = {path.name for path in (notes.folder / "tests" / "cassettes" / "test_notes").iterdir()}
    assert cassettes == {"test_a_note_can_be_read_again.yaml", "test_a_note_is_listed.yaml"}

    offline = notes.run("python", "-m", "pytest", "--block-network", KINTO_URL=f"{notes.log.url}/v1")

    assert "2 passed" in offline.stdout


def test_its_own_recordings_count_as_they_are(notes: Project, recorded: str) -> None:
    """What pytest-recording stored verifies `workflow.recorded`, in its place, and nothing live."""
    assert recorded
    cassettes = {path: path.read_bytes() for path in (notes.folder / "tests" / "cassettes").rglob("*.yaml")}
    notes.log.begin()

    gate = notes.gate("--target", "own", "-k", "test_a_note", KINTO_URL=f"{notes.log.url}/v1")

    assert gate.item("workflow.recorded")["outcome"] == "pass", gate.output
    modes = {found["mode"] for found in gate.item("workflow.recorded")["findings"]}
    assert modes == {"recorded"}
    contract = gate.item("workflow.contract")
    assert contract["summary"].startswith("Seen recorded only; live evidence is required."), contract
    assert {path: path.read_bytes() for path in (notes.folder / "tests" / "cassettes").rglob("*.yaml")} == cassettes


def test_the_gate_changes_nothing_at_the_vendor(visit: Visit) -> None:
    """By default, only the project's own scenario and client write; what the harness makes up reads."""
    assert visit.gate.report["items"]

    assert visit.requests
    assert set(visit.log.methods()) <= READS | {"PUT"}
    assert visit.log.not_written_by(OWN_PATH) == []


def test_the_gate_tries_few_wrong_credentials(visit: Visit) -> None:
    """At most five requests carry another credential, each of them reads, and the right one still works."""
    assert visit.gate.report["items"]

    others = [r for r in visit.requests if r.credential not in (RIGHT, "")]

    assert len(others) <= 5
    assert {r.method for r in others} <= READS
    assert visit.right == 200


def test_the_project_is_ready(visit: Visit) -> None:
    """READY without a waiver: what it declares absent is listed, and what only Kinto can correct does not count."""
    gate = visit.gate
    assert gate.report["verdict"] == "READY", gate.output
    assert gate.status == 0
    assert "we only call Kinto" in gate.output


def test_reads_without_retries_are_found(notes: Project, recorded: str) -> None:
    """A client that gives up at the first 503 fails its item."""
    assert recorded

    gate = notes.gate("--only", "resilience.retries", NOTES_FAULTS="reads-once")

    assert "resilience.retries" in gate.with_outcome("fail"), gate.output
