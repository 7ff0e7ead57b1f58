"""A small provider with a spec of its own, and scenarios run against it within this process."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from harness.cassettes.store.storage import Storage

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

TEXT = {"type": "string"}
ITEM = {"type": "object", "required": ["id", "state"], "properties": {"id": TEXT, "state": TEXT}}
ANSWER = {"description": "An item", "content": {"application/json": {"schema": ITEM}}}
SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Items", "version": "1"},
    "paths": {
        "/items": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
                "responses": {"201": ANSWER},
            }
        },
        "/items/{id}": {
            "get": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": TEXT}],
                "responses": {"200": ANSWER},
            }
        },
    },
}
TOML = '[target]\nname = "Tiny"\n[provider]\nspec = "openapi.json"\nbase_url = "{url}"\nours = true\n'
CREATES = """
def test_creates(api):
    made = api.post("/items", json={"name": "one"}).raise_for_status().json()
    while api.get(f"/items/{made['id']}").raise_for_status().json()["state"] != "done":
        pass
"""
CASSETTE = "cassettes/test_own/test_creates.yaml"
POLLS = 3
SPARED = ("schemathesis", "hypothesispytest", "pytest_httpserver")


class Provider:
    """A provider whose items are done after a few looks at them."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.port}"
        self.server = server
        self.calls: list[str] = []
        self.made = 0
        self.answer: dict[str, Any] = {}
        server.expect_request("/items", method="POST").respond_with_handler(self._make)
        server.expect_request("/items/item-1", method="GET").respond_with_handler(self._show)
        server.expect_request("/items/item-2", method="GET").respond_with_handler(self._show)
        server.expect_request("/undocumented").respond_with_handler(self._show)

    def _make(self, _request: Any) -> Any:
        self.calls.append("make")
        self.made += 1
        return self._json({"id": f"item-{self.made}", "state": "new"}, 201)

    def _show(self, request: Any) -> Any:
        self.calls.append("show")
        state = "done" if self.calls.count("show") % POLLS == 0 else "busy"
        return self._json({"id": request.path.rpartition("/")[2], "state": state}, 200)

    def _json(self, value: dict[str, Any], status: int) -> Any:
        return Response(json.dumps({**value, **self.answer}), status, content_type="application/json")


@pytest.fixture
def provider(httpserver: HTTPServer, folder: Folder) -> Provider:
    provider = Provider(httpserver)
    folder.write("openapi.json", json.dumps(SPEC))
    folder.write("harness.toml", TOML.format(url=provider.url))
    folder.write("test_own.py", CREATES)
    return provider


class Ended(NamedTuple):
    """How a run of pytest ended."""

    status: int
    out: str


def run(folder: Folder, mode: str, *args: str) -> Ended:
    """Run pytest in the folder, within this process: what takes long, importing the rooms, is done once."""
    out = io.StringIO()
    words = [f"--harness-mode={mode}", "-q", "--import-mode=importlib", "--assert=plain", f"--rootdir={folder.path}"]
    for name in (*SPARED, "xdist", "cacheprovider"):
        words += ["-p", f"no:{name}"]
    sys.modules.pop("test_own", None)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        with contextlib.chdir(folder.path), contextlib.redirect_stdout(out):
            status = pytest.main([*words, *args])
    finally:
        sys.dont_write_bytecode = before
    return Ended(int(status), out.getvalue())


def recorded(folder: Folder, name: str = CASSETTE) -> list[str]:
    found = Storage().read(folder.path / name).interactions
    return [f"{i['request']['method']} {i['request']['uri']}" for i in found]
