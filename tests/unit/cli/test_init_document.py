"""`harness init` with a document behind a credential: fetched from the provider alone, as the credential is sent."""

from __future__ import annotations

import base64
import json
import secrets
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.http.loopback_server import LoopbackServer
from harness.http.message import Request, Response
from tests.unit.context.test_starting import SPEC, files_of, init

TOKEN = secrets.token_hex(20)
BASIC = "Basic " + base64.b64encode(f"bot:{TOKEN}".encode()).decode()


class Guarded(LoopbackServer):
    """Shows its document for the credential, and leads who asks for a page elsewhere.

    It takes a token or a password; for /keyed.json, a key in a header, the query or a cookie.
    """

    def __init__(self) -> None:
        super().__init__("guarded")
        self.seen: list[str] = []
        """What came as a credential, by request."""

    def respond(self, request: Request) -> Response:
        if request.url.endswith("/page"):
            return Response(status=302, headers=(("location", "/login"),))
        if "/keyed.json" in request.url:
            places = (("x-product-key", TOKEN), ("cookie", f"session={TOKEN}"))
            placed = request.url.endswith(f"?api_key={TOKEN}") or any(
                (name.lower(), value) in places for name, value in request.headers
            )
            return Response(status=200, body=json.dumps(SPEC).encode()) if placed else Response(status=401)
        shown = next((value for name, value in request.headers if name.lower() == "authorization"), "")
        self.seen.append(shown)
        if shown in {f"Bearer {TOKEN}", BASIC} and not request.url.endswith("/closed.json"):
            return Response(status=200, body=json.dumps(SPEC).encode())
        return Response(status=401)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Guarded]:
    """A server whose document is behind a credential, which a variable holds."""
    monkeypatch.setenv("GUARDED_KEY", TOKEN)
    with Guarded() as server:
        yield server


@pytest.mark.parametrize("credential", ["env:GUARDED_KEY", "bot:env:GUARDED_KEY"])
def test_a_document_behind_a_credential_is_fetched_with_it(folder: Path, guarded: Guarded, credential: str) -> None:
    """From the origin of --base-url, and only after the answer to a request without it."""
    given = ("--spec", f"{guarded.url}/openapi.json", "--base-url", f"{guarded.url}/v1", "--credential", credential)

    result = init(*given, "--yes")

    assert result.exit_code == 0, result.output
    assert guarded.seen == ["", BASIC if credential.startswith("bot:") else f"Bearer {TOKEN}"]
    assert TOKEN not in "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


NAMED = ("--credential", "env:GUARDED_KEY")


@pytest.mark.parametrize("place", ["header:X-Product-Key", "query:api_key", "cookie:session"])
def test_a_key_is_sent_where_auth_places_it(folder: Path, guarded: Guarded, place: str) -> None:
    """For the document, and in harness.toml, whatever the document asks for."""
    given = ("--spec", f"{guarded.url}/keyed.json", "--base-url", guarded.url, *NAMED, "--auth", place)

    result = init(*given, "--yes")

    kind, _, name = place.partition(":")
    assert result.exit_code == 0, result.output
    auth = tomllib.loads((folder / "harness.toml").read_text())["provider"]["auth"]
    assert auth == {"type": "api-key", kind: name, "key": "env:GUARDED_KEY"}
    assert TOKEN not in "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


REFUSED: dict[str, tuple[str, tuple[str, ...], str]] = {
    "no credential": (
        "openapi.json",
        (),
        "cannot be read: it was answered with HTTP 401, so it is behind a credential. Name it with --credential, and",
    ),
    "no address": ("openapi.json", NAMED, "Give the address of the provider with --base-url: the credential is sent"),
    "another host": (
        "openapi.json",
        (*NAMED, "--base-url", "https://api.example.com"),
        "The credential is not sent there, because --base-url names another host. Save the document",
    ),
    "not set": (
        "openapi.json",
        ("--credential", "env:GUARDED_NO_KEY", "--base-url", "HERE"),
        "--credential refers to env:GUARDED_NO_KEY, and that variable is not set.",
    ),
    "not accepted": (
        "closed.json",
        (*NAMED, "--base-url", "HERE"),
        "it was answered with HTTP 401 with --credential too, sent as a bearer token. Name another place (--auth head",
    ),
    "another place": (
        "keyed.json",
        (*NAMED, "--base-url", "HERE", "--auth", "query:key"),
        "with HTTP 401 with --credential too, sent as --auth query:key. Correct the place or the key, or save",
    ),
    "a redirect": ("page", (), "cannot be read: it was answered with HTTP 302 and leads to /login. Give the URL of"),
}


@pytest.mark.parametrize("name, words, text", REFUSED.values(), ids=REFUSED)
def test_a_document_that_stays_behind_a_credential_writes_nothing(
    folder: Path, guarded: Guarded, name: str, words: tuple[str, ...], text: str
) -> None:
    """The credential leaves for no other host, and the sentence names the next step."""
    before = files_of(folder)
    words = tuple(word.replace("HERE", guarded.url) for word in words)

    result = init("--spec", f"{guarded.url}/{name}", *words, "--yes")

    assert text in result.output
    assert result.exit_code == 4
    assert files_of(folder) == before
    assert any(guarded.seen) is (name == "closed.json")
