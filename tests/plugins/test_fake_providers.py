"""The fixtures `fake_provider` and `make_fake_provider`, as a user's own test asks for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.unit.contract.test_fake_provider import LIBRARY

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

TESTS = """
import urllib.request, pytest

def get(url):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        return opener.open(url, timeout=10).read()
    except OSError as exc:
        return str(exc)

def test_conforms(PROVIDER):
    fake = MADE
    fake.expect_request("/books/7").respond_with_json({"title": "Emma"})
    assert b"Emma" in get(fake.base_url + "/books/7")

def test_breaks(PROVIDER):
    fake = MADE
    fake.expect_request("/books/7").respond_with_json({"name": "Emma"})
    get(fake.base_url + "/books/7")

def test_breaks_and_fails(PROVIDER):
    fake = MADE
    fake.expect_request("/books/7").respond_with_json({"title": "Emma"})
    assert b"Emma" in get(fake.base_url + "/books/7?fields=author")

def test_misspelt(PROVIDER):
    fake = MADE
    fake.expect_request("/boks/7")
"""


def test_a_test_has_a_fake_provider_without_any_target(folder: Folder) -> None:
    """`make_fake_provider` needs no harness.toml, only the document's path; what breaks that fails the test."""
    folder.write("library.json", json.dumps(LIBRARY))
    made = TESTS.replace("MADE", 'make_fake_provider("library.json")').replace("PROVIDER", "make_fake_provider")
    folder.write("test_client.py", made)

    ended = folder.pytest("-rA")

    assert ended.status == 1
    assert "3 failed, 1 passed" in ended.out, ended.text
    assert "PASSED test_client.py::test_conforms" in ended.out
    assert ended.out.count("The fake provider of library.json received what the document does not allow:") >= 2
    assert "GET /books/{id} answering 200: " in ended.out
    assert "no operation of library.json describes /boks/7." in ended.out


def test_the_document_of_the_target_is_taken(ready: Folder) -> None:
    """`fake_provider` keeps to [provider] spec, and starts no process of the target."""
    toml = (ready.path / "harness.toml").read_text(encoding="utf-8")
    provider = '[provider]\nspec = "library.json"\nbase_url = "http://127.0.0.1:9"\n'
    process = '[process.app]\ncommand = ["no-such-program"]\nready = "http://127.0.0.1:9/"\n'
    ready.write("harness.toml", toml + provider + process)
    ready.write("library.json", json.dumps(LIBRARY))
    ready.write("scenarios/test_client.py", TESTS.replace("MADE", "fake_provider").replace("PROVIDER", "fake_provider"))

    ended = ready.pytest("scenarios", "-k", "conforms or breaks")

    assert "2 failed, 1 passed" in ended.out, ended.text
    assert "GET /books/{id} answering 200: " in ended.out


def test_without_a_document_the_test_is_skipped_with_the_key_to_add(ready: Folder) -> None:
    """What harness.toml lacks is said, as by every fixture."""
    ready.write("scenarios/test_client.py", "def test_client(fake_provider): pass\n")

    ended = ready.pytest("scenarios", "-rs", "-k", "client")

    assert "1 skipped" in ended.out, ended.text
    assert "[provider] spec" in ended.out
