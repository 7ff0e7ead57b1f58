"""Recordings that others made: by Schemathesis' own command, and by Chromium."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import vcr
import yaml
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

if TYPE_CHECKING:
    from tests.real.conftest import Product

TIMEOUT_S = 180
PAGE = "<form method=post action=/login><input name=user value=ada><input name=password><button>In</button></form>"


def harness(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "harness.cli", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def stock(path: Path) -> int:
    with vcr.VCR(record_mode="none").use_cassette(str(path)) as cassette:
        return len(cassette)


def test_a_report_of_schemathesis_becomes_a_cassette(product: Callable[[str], Product], tmp_path: Path) -> None:
    """Everything its fuzzing sent, odd as it is, is taken over, and stock vcrpy reads it."""
    key = f"key_{secrets.token_hex(16)}"
    with product(key) as url:
        command = [str(Path(sys.executable).parent / "st"), "run", f"{url}/openapi.yaml", "--url", url, "--no-color"]
        command += ["--header", f"Authorization: Bearer {key}", "--phases", "examples,coverage", "--max-examples", "3"]
        command += ["--report", "vcr", "--report-vcr-path", "report.yaml"]
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=TIMEOUT_S)

    told = harness(tmp_path, "convert", "report.yaml", "cassette.yaml")

    written = len(yaml.load((tmp_path / "report.yaml").read_bytes(), yaml.CSafeLoader)["http_interactions"])
    assert told == f"{written} exchanges written to cassette.yaml\n"
    assert stock(tmp_path / "cassette.yaml") == written > 50
    assert key not in (tmp_path / "cassette.yaml").read_text()


def test_what_chromium_exported_becomes_a_cassette(
    node_modules: Path, need: Callable[[str], str], httpserver: HTTPServer, tmp_path: Path
) -> None:
    """A login is taken over, its password, cookie and token redacted, and stock vcrpy reads it."""
    need("chromium")
    password, token, cookie = (secrets.token_hex(16) for _ in range(3))

    def login(request: Request) -> Response:
        assert request.form["password"] == password
        return Response("", status=302, headers={"location": "/", "set-cookie": f"sid={cookie}; Path=/"})

    httpserver.expect_request("/", method="GET").respond_with_data(PAGE, content_type="text/html")
    httpserver.expect_request("/login", method="POST").respond_with_handler(login)
    httpserver.expect_request("/api/me").respond_with_json({"name": "ada", "access_token": token})
    archive = tmp_path / "session.har"
    done = subprocess.run(
        ["node", "har.mjs", httpserver.url_for("/"), str(archive)],
        cwd=node_modules,
        env={**os.environ, "THE_PASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    assert all(secret in archive.read_text() for secret in (password, token, cookie))

    harness(tmp_path, "convert", "session.har", "session.yaml")
    harness(tmp_path, "convert", "session.yaml", "clean.har")

    for name in ("session.yaml", "clean.har"):
        text = (tmp_path / name).read_text()
        assert not any(secret in text for secret in (password, token, cookie)), name
        assert "REDACTED" in text
    assert stock(tmp_path / "session.yaml") >= 4
