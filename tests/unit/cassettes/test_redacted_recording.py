"""The redaction at work in a cassette: recorded from a real server, read back, and played."""

from __future__ import annotations

import base64
import gzip
import io
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import vcr
import yaml
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from harness.errors import CassetteError
from harness.secrets import Vault

from .conftest import open_cassette

Play = Callable[[bool, str], list[httpx.Response]]
NAME = "env:PRODUCT_API_KEY"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = Vault(seed="", root=tmp_path)
    vault.add(NAME, secrets.token_urlsafe(20))
    return vault


@pytest.fixture
def product(httpserver: HTTPServer) -> Iterator[str]:
    """A server that mints a token, in a compressed answer, and echoes whatever else it is sent."""

    def answer(request: Request) -> Response:
        body = {"token": secrets.token_hex(16)} if request.path == "/login" else {"sent": request.get_data().hex()}
        headers = {"content-encoding": "gzip", "content-type": "application/json", "set-cookie": "sid=0123456789abcdef"}
        return Response(gzip.compress(json.dumps(body).encode()), headers=headers)

    httpserver.expect_request("/login").respond_with_handler(answer)
    httpserver.expect_request("/use").respond_with_handler(answer)
    yield httpserver.url_for("")
    httpserver.clear()


def workflow(url: str, password: str, key: str) -> list[httpx.Response]:
    """Call in every way that carries a secret."""
    with httpx.Client(base_url=url, trust_env=False, auth=("ada", password)) as client:
        token = client.post("/login", json={"user": "ada", "password": password, "key": key}).json()["token"]
        packed = gzip.compress(json.dumps({"token": token}).encode())
        return [
            client.post("/use", params={"access_token": token}),
            client.post("/use", data={"client_secret": password}),
            client.post("/use", content=packed, headers={"content-encoding": "gzip"}),
            client.post("/use", content=io.BytesIO(json.dumps({"api_key": key}).encode())),
            client.post("/use", content=iter([b'{"password":"', password.encode(), b'"}'])),
            client.post("/use", json={"data": base64.b64encode(f"key is {key}".encode()).decode()}),
        ]


def test_no_secret_reaches_the_file_and_other_secrets_still_match(product: str, vault: Vault, tmp_path: Path) -> None:
    """A workflow is recorded with one set of secrets and plays back with another, offline."""
    path = tmp_path / "cassette.yaml"
    password, key = secrets.token_hex(16), vault._known[NAME].reveal()

    with open_cassette(path, record=True, redact=vault.redact, again="again"):
        live = workflow(product, password, key)
    vault.add("password", password)
    for secret in (live[0].request.url.params["access_token"], "0123456789abcdef"):
        vault.add(secret, secret)

    assert vault.scanner().scan_file(path, "cassette") == []
    assert NAME in path.read_text()
    assert vcr.VCR().use_cassette(str(path))  # stock vcrpy reads it
    with open_cassette(path, record=False, redact=vault.redact, again="again") as cassette:
        workflow(product, secrets.token_hex(16), key)
        assert cassette.play_count == len(live) + 1


def test_a_secret_that_shows_itself_late_leaves_earlier_calls_too(product: str, vault: Vault, tmp_path: Path) -> None:
    """What stood in a path before it was known for a secret does not stand in the file."""
    path = tmp_path / "cassette.yaml"
    late = secrets.token_hex(16)

    with (
        open_cassette(path, record=True, redact=vault.redact, again="again"),
        httpx.Client(base_url=product, trust_env=False) as client,
    ):
        client.get(f"/use?page={late}")
        client.post("/use", json={"secret": late})

    recorded = yaml.safe_load(path.read_text())["interactions"]
    assert late not in path.read_text()
    assert "page=%5BREDACTED+secret%5D" in recorded[0]["request"]["uri"]


def test_a_call_that_is_not_recorded_is_told_without_its_secrets(product: str, vault: Vault, tmp_path: Path) -> None:
    """The error of a replay quotes the call, and no secret in it."""
    path = tmp_path / "cassette.yaml"
    secret = secrets.token_hex(16)
    with (
        open_cassette(path, record=True, redact=vault.redact, again="again"),
        httpx.Client(base_url=product, trust_env=False) as client,
    ):
        client.get("/use")

    with (
        pytest.raises(CassetteError) as caught,
        open_cassette(path, record=False, redact=vault.redact, again="again"),
        httpx.Client(base_url=product, trust_env=False) as client,
    ):
        client.get(f"/nothing/{vault._known[NAME].reveal()}", params={"api_key": secret})

    assert secret not in str(caught.value)
    assert vault._known[NAME].reveal() not in str(caught.value)
    assert "GET /use" in str(caught.value)
