"""Scenarios recorded against real servers with descriptions of their own, and played back without them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import httpx
import pytest

from harness.cassettes.store.cassette_paths import current_path
from harness.cassettes.store.storage import Storage
from harness.process.managed import ManagedProcess
from harness.process.ready import UrlAnswers
from tests.ports import free_port

TIMEOUT_S = 120
MODES = ("record", "replay", "verify", "rewrite", "replay")

CHROMA = '''
COLLECTIONS = "/api/v2/tenants/default_tenant/databases/default_database/collections"

def test_a_document_is_found(api):
    """Of three documents the nearest is found."""
    made = api.post(COLLECTIONS, json={"name": "papers", "get_or_create": True}).raise_for_status().json()
    one = f"{COLLECTIONS}/{made['id']}"
    words = {"ids": ["a", "b", "c"], "embeddings": [[0.0, 0.0], [1.0, 1.0], [9.0, 9.0]], "documents": ["x", "y", "z"]}
    api.post(f"{one}/add", json=words).raise_for_status()
    assert api.get(f"{one}/count").raise_for_status().json() == 3
    found = api.post(f"{one}/query", json={"query_embeddings": [[0.9, 0.9]], "n_results": 1}).raise_for_status().json()
    assert found["ids"] == [["b"]]
    api.delete(f"{COLLECTIONS}/papers").raise_for_status()
'''
JUPYTER = '''
def test_a_setting_is_kept(api):
    """A setting is written and read again, and the server says how it is."""
    assert api.patch("/api/config/notebook", json={"theme": "dark"}).is_success
    assert api.get("/api/config/notebook").raise_for_status().json() == {"theme": "dark"}
    assert api.get("/api/sessions").raise_for_status().json() == []
    assert api.get("/api/status").raise_for_status().json()["kernels"] == 0
'''
NOTE = '''
def test_a_note_is_kept(api):
    """A file is written and read again."""
    body = {"type": "file", "format": "text", "content": "hello"}
    assert api.put("/api/contents/note.txt", json=body).status_code in (200, 201)
    assert api.get("/api/contents/note.txt").raise_for_status().json()["content"] == "hello"
    assert api.delete("/api/contents/note.txt").status_code == 204
'''


class Server(NamedTuple):
    """A server: how it is started, what describes it, and a scenario with it."""

    command: str
    ready: str
    spec: str
    """Where it stands on the running server, or below the packages of its environment."""
    scenario: str
    test: str
    volatile: tuple[str, ...]
    auth: str = ""


SERVERS = {
    "chromadb": Server(
        command="{bin}/chroma run --path {folder}/data --host 127.0.0.1 --port {port}",
        ready="/api/v2/heartbeat",
        spec="/openapi.json",
        scenario=CHROMA,
        test="test_a_document_is_found",
        volatile=("$.id",),
    ),
    "jupyter_server": Server(
        command="{bin}/python -m jupyter_server --port={port} --port-retries=0 --ip=127.0.0.1 --no-browser --allow-root"
        " --ServerApp.root_dir={folder}/root --IdentityProvider.token={token}",
        ready="/api",
        spec="jupyter_server/services/api/api.yaml",
        scenario=JUPYTER,
        test="test_a_setting_is_kept",
        volatile=("$.last_activity", "$.started", "$.connections"),
        auth='auth = { type = "api-key", header = "Authorization", key = "env:SERVER_TOKEN" }\n',
    ),
}


@contextlib.contextmanager
def running(server: Server, folder: Path, python: str, token: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
    port = free_port()
    (folder / "root").mkdir()
    command = server.command.format(bin=Path(python).parent, folder=folder, port=port, token=token)
    url = f"http://127.0.0.1:{port}"
    process = ManagedProcess(
        "server",
        command=tuple(command.split()),
        ready=UrlAnswers(url + server.ready, answers),
        ready_within_s=60,
        cwd=folder,
        env={"HOME": str(folder)},
        log=folder / "server.log",
    )
    process.start()
    try:
        yield url
    finally:
        process.stop()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=2).is_success
    except httpx.TransportError:
        return False


def describe(server: Server, folder: Path, url: str, python: str) -> None:
    """Keep the server's own description beside harness.toml, so that nothing is fetched in replay."""
    spec = folder / Path(server.spec).name
    if server.spec.startswith("/"):
        spec.write_bytes(httpx.get(url + server.spec, trust_env=False, timeout=30).raise_for_status().content)
    else:
        (found,) = Path(python).parents[1].glob(f"lib/python3*/site-packages/{server.spec}")
        shutil.copy(found, spec)
    rules = ", ".join(f"'{rule}'" for rule in server.volatile)
    text = f'[target]\nname = "real"\n[provider]\nspec = "{spec.name}"\nbase_url = "{url}"\nours = true\n{server.auth}'
    (folder / "harness.toml").write_text(f"{text}[cassettes]\nvolatile = [{rules}]\n", encoding="utf-8")
    (folder / "test_real.py").write_text(server.scenario, encoding="utf-8")


def scenario(folder: Path, mode: str, token: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", f"--harness-mode={mode}", "-p", "no:schemathesis"]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "HARNESS_"))}
    env |= {"SERVER_TOKEN": f"token {token}"}
    return subprocess.run(
        [*command, f"--rootdir={folder}"],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )


@pytest.mark.parametrize("name", SERVERS)
def test_a_scenario_with_a_real_server_is_recorded_verified_and_played_without_it(
    name: str, tmp_path: Path, real_python: Callable[[str], str]
) -> None:
    """In every mode the scenario passes; its cassette holds no token, and plays when the server is gone."""
    server, python, token = SERVERS[name], real_python("servers"), os.urandom(16).hex()
    with running(server, tmp_path, python, token) as url:
        describe(server, tmp_path, url, python)
        for mode in MODES:
            ended = scenario(tmp_path, mode, token)
            assert ended.returncode == 0, f"{mode}: {ended.stdout}{ended.stderr}"

    ended = scenario(tmp_path, "replay", "another-token")

    cassette = tmp_path / current_path(PurePosixPath("test_real.py"), [server.test])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(Storage().read(cassette).interactions) >= 4
    assert token not in cassette.read_text(encoding="utf-8")


def test_what_a_real_server_does_against_its_description_is_in_the_recording_too(
    tmp_path: Path, real_python: Callable[[str], str]
) -> None:
    """jupyter_server answers null where its Swagger document says string: seen live, and from the recording."""
    server, python, token = SERVERS["jupyter_server"], real_python("servers"), os.urandom(16).hex()
    with running(server, tmp_path, python, token) as url:
        describe(server._replace(scenario=NOTE), tmp_path, url, python)
        live = scenario(tmp_path, "record", token)
    replayed = scenario(tmp_path, "replay", token)

    for ended, item in ((live, "workflow.contract"), (replayed, "workflow.recorded")):
        assert ended.returncode == 1
        assert f"{item}: PUT /api/contents/{{path}} answering 201 breaks the spec" in ended.stdout
        assert 'null is not of type "string"' in ended.stdout
