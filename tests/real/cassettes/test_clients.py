"""Clients that come with code of users: the fixture `cassette` covers them as it covers those the harness has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from harness.cassettes.store.storage import Storage

TIMEOUT_S = 120
SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Items", "version": "1"},
    "paths": {
        "/item": {
            "get": {"responses": {"200": {"description": "One", "content": {"application/json": {"schema": {}}}}}}
        }
    },
}
CLIENTS = {
    "aiohttp": """
    async def go():
        async with aiohttp.ClientSession() as session, session.get(URL) as response:
            return await response.json()
    return asyncio.run(go())
""",
    "httpx2": "    return httpx2.get(URL).json()",
    "httpx2-async": """
    async def go():
        async with httpx2.AsyncClient() as client:
            return (await client.get(URL)).json()
    return asyncio.run(go())
""",
}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_of_the_users_own_is_recorded_and_played_back(
    name: str, tmp_path: Path, httpserver: HTTPServer, real_python: Callable[[str], str]
) -> None:
    """Its call is recorded, and answered from the cassette when the server is silent."""
    (packages,) = Path(real_python("clients")).parents[1].glob("lib/python3*/site-packages")
    url = f"http://127.0.0.1:{httpserver.port}"
    httpserver.expect_oneshot_request("/item").respond_with_json({"id": "item-1"})
    (tmp_path / "openapi.json").write_text(json.dumps(SPEC), encoding="utf-8")
    toml = f'[target]\nname = "x"\n[provider]\nspec = "openapi.json"\nbase_url = "{url}"\n'
    (tmp_path / "harness.toml").write_text(toml, encoding="utf-8")
    test = f"import asyncio, {name.partition('-')[0]}\nURL = '{url}/item'\ndef get():\n{CLIENTS[name]}\n"
    test += "def test_it(cassette):\n    assert get() == {'id': 'item-1'}\n    assert len(cassette.exchanges) == 1\n"
    (tmp_path / "test_own.py").write_text(test, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", f"--rootdir={tmp_path}"]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "HARNESS_"))}

    for mode in ("record", "replay"):
        ended = subprocess.run(
            [*command, f"--harness-mode={mode}"],
            cwd=tmp_path,
            env={**kept, "PYTHONPATH": str(packages)},
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr

    assert len(httpserver.log) == 1
    assert len(Storage().read(tmp_path / "cassettes" / "own" / "test_it.yaml").interactions) == 1
