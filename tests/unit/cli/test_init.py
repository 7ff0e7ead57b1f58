"""`harness init`: what it asks, what it captures, and bad answers, which write nothing."""

from __future__ import annotations

import hmac
import json
import secrets
import sys
import threading
import time
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.context.examination.examination import examine
from tests.ports import free_port
from tests.unit.context.test_starting import HOOK, SPEC, files_of, init

FORGED = f"x-signature: {'0' * 64}\n\n{{}}"
MUTUAL = {"securitySchemes": {"key": {"type": "mutualTLS"}}}
FILES: dict[str, Any] = {
    "openapi.json": SPEC,
    "empty.json": "",
    "blank.json": " \n",
    "page.html": "<!doctype html><p>Log in",
    "other.json": {"hello": 1},
    "none.json": {**SPEC, "paths": {}, "webhooks": {}},
    "relative.json": {**SPEC, "servers": [{"url": "/v1"}]},
    "mutual.json": {**SPEC, "components": {**SPEC["components"], **MUTUAL}},
    "forged.http": FORGED,
    "spaces.json": "{" + " " * 30_000_000,
    "captured.http": "Host: a.example\nX-Acme-Signature:\nContent-Length:\n\n{}",
}
DELIVERED = ("--receiver", HOOK, "--signing-secret", "env:INIT_SECRET", "--delivery")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with documents and deliveries."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INIT_SECRET", secrets.token_hex(20))
    for name, content in FILES.items():
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return tmp_path


BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "place-of-nothing": (("--spec", "openapi.json", "--auth", "header:X-Key"), "--auth is the place of a credential: "),
    "place-without-document": (
        ("--receiver", HOOK, "--credential", "env:KEY", "--auth", "header:X-Key"),
        "the provider's document. Give that too (--spec PATH), or leave out --credential and --auth.",
    ),
    "address-without-document": (
        ("--receiver", HOOK, "--base-url", "https://a.example"),
        "--base-url: of no use without the provider's document.",
    ),
    "no-place": (
        ("--spec", "openapi.json", "--credential", "env:KEY", "--auth", "X-Key: v"),
        "--auth is no place: write header:NAME, query:NAME or cookie:NAME, such as header:X-Api-Key.",
    ),
    "place-and-user": (
        ("--spec", "openapi.json", "--credential", "bot:env:KEY", "--auth", "header:X-Key"),
        "--auth is for a key alone: leave it out, or the user name of --credential.",
    ),
    "nothing": ((), "There is nothing to test: give the provider's document (--spec PATH), or the URL of your webhook"),
    "no-file": (("--spec", "no.json"), "--spec: no.json cannot be read: No such file or directory. Paths start at"),
    "a-folder": (("--spec", "."), "--spec: . cannot be read: Is a directory."),
    "empty": (("--spec", "empty.json"), "--spec: empty.json is empty. Name the file of the API description itself."),
    "blank": (("--spec", "blank.json"), "--spec: blank.json is empty."),
    "a-page": (("--spec", "page.html"), "--spec: page.html is not an OpenAPI document"),
    "other-json": (("--spec", "other.json"), "--spec: other.json is not an OpenAPI document: it has no `openapi` key"),
    "no-operation": (("--spec", "none.json"), "--spec: none.json describes no operation: `paths` is empty."),
    "thirty-megabytes": (("--spec", "spaces.json"), "--spec: spaces.json is neither JSON nor YAML"),
    "no-server": (("--spec", "relative.json"), "names no server by a whole URL. Give the address of the provider"),
    "vendor": (
        ("--spec", "openapi.json", "--provider", "strip"),
        "--provider strip: write own, vendor, or a",
    ),
    "certificates": (
        ("--spec", "mutual.json", "--credential", "env:KEY"),
        "mutual.json knows mutualTLS alone, which the harness cannot authenticate with. Leave out --credential.",
    ),
    "receiver": (("--receiver", "ftp://a.example/hook"), "[receiver] url"),
    "base-url": (("--spec", "openapi.json", "--base-url", "env:NO_URL"), "NO_URL, and that variable is not set."),
    "delivery-no-http": ((*DELIVERED, "other.json"), "other.json has no empty line between headers and body. Write:"),
    "delivery-forged": ((*DELIVERED, "forged.http"), "--delivery forged.http: What x-signature has is not the HMAC"),
    "delivery-of-capture": (
        (*DELIVERED, "captured.http"),
        "`harness capture` stores no signature: give --secret",
    ),
    "delivery-and-capture": ((*DELIVERED, "forged.http", "--capture"), "--delivery and --capture exclude each other"),
    "delivery-to-nobody": (("--spec", "openapi.json", "--capture"), "is for your webhook receiver: give its URL too"),
    "secret-not-set": (
        ("--receiver", HOOK, "--capture", "--signing-secret", "env:NO_SECRET"),
        "--signing-secret refers to env:NO_SECRET, and that variable is not set.",
    ),
}


@pytest.mark.parametrize("words, text", BAD.values(), ids=BAD)
def test_bad_answers_write_nothing(folder: Path, words: tuple[str, ...], text: str) -> None:
    """A sentence, exit status 4, and the folder as it was; no terminal is needed for that."""
    before = files_of(folder)

    result = init(*words)

    assert text in result.output
    assert result.exit_code == 4
    assert files_of(folder) == before


@pytest.mark.parametrize(
    "member, key",
    [({"type": "order.paid"}, None), ({"kind": "order.paid"}, "kind"), ({"total": 7}, "")],
    ids=["usual", "elsewhere", "none"],
)
def test_the_place_of_the_type_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch, member: dict[str, Any], key: str | None
) -> None:
    """harness.toml names it where it is not the usual one, so that the fixture is read without a complaint."""
    secret = secrets.token_hex(20)
    monkeypatch.setenv("INIT_SECRET", secret)
    body = json.dumps({"id": "evt_1", **member}).encode()
    signature = hmac.digest(secret.encode(), body, "sha256").hex()
    (folder / "d.http").write_bytes(f"Host: a.example\r\nX-Acme-Signature: {signature}\r\n\r\n".encode() + body)

    result = init(*DELIVERED, "d.http", "--ci", "none")

    assert result.exit_code == 0, result.output
    assert tomllib.loads((folder / "harness.toml").read_text())["receiver"].get("event_type") == key
    found = examine(folder, overlay=None, live=False)
    assert {obstacle.symptom for obstacle in found.obstacles} == {"runbooks"}


@pytest.mark.usefixtures("folder")
def test_a_document_without_an_end_is_not_read() -> None:
    """A device in place of a file ends with a sentence."""
    result = init("--spec", "/dev/zero")

    assert "--spec: /dev/zero cannot be read: it is a device, not a file." in result.output
    assert result.exit_code == 4


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is read-only for everybody, root too")
def test_a_folder_that_nobody_can_write_to_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a read-only disk: the sentence names the file and the next step."""
    monkeypatch.chdir("/proc/sys")

    result = init("--receiver", HOOK)

    assert "harness.toml: cannot be written: " in result.output
    assert "Nothing was written; choose another folder." in result.output
    assert result.exit_code == 4


def test_a_target_that_is_there_is_reported_before_any_question(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers six questions for nothing."""
    monkeypatch.setattr("harness.cli.init.is_terminal", lambda: True)
    (folder / "harness.toml").write_text("ours")

    result = init(answers="")

    assert result.output.startswith("ERROR: harness.toml describes a target already, and nothing is overwritten.")
    assert result.exit_code == 4


def sent_until_it_ends(port: int, deliveries: list[tuple[bytes, dict[str, str]]], ended: threading.Event) -> None:
    """Send each delivery once, as soon as something listens."""
    for body, headers in deliveries:
        while not ended.wait(0.02):
            with suppress(httpx.TransportError):
                httpx.post(f"http://127.0.0.1:{port}/", content=body, headers=headers, trust_env=False)
                break


def test_a_delivery_that_comes_gives_the_scheme_and_a_fixture(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's is no fixture; the first genuine one ends the wait, and is stored without its signature."""
    secret, port = secrets.token_hex(20), free_port()
    monkeypatch.setenv("INIT_SECRET", secret)
    body = json.dumps({"id": "evt_1", "type": "order.paid", "note": secret}).encode()
    stamp = str(int(time.time()))
    signature = hmac.digest(secret.encode(), f"{stamp}.".encode() + body, "sha256").hex()
    genuine = (body, {"content-type": "application/json", "stripe-signature": f"t={stamp},v1={signature}"})
    ended = threading.Event()
    sender = threading.Thread(target=sent_until_it_ends, args=(port, [(b"{}", {}), genuine], ended))
    sender.start()

    words = ("--receiver", HOOK, "--signing-secret", "env:INIT_SECRET", "--ci", "none")
    result = init(*words, "--capture", "--port", str(port))

    ended.set()
    sender.join()
    assert result.exit_code == 0, result.output
    assert "0002-order.paid.http" in result.output
    assert tomllib.loads((folder / "harness.toml").read_text())["receiver"]["signature"]["scheme"] == "stripe"
    [fixture] = (folder / "fixtures" / "webhooks").iterdir()
    assert fixture.name == "0001-order.paid.http"
    assert b'"type": "order.paid"' in fixture.read_bytes()
    assert not {secret, signature} & set(fixture.read_text().replace('"', " ").replace("=", " ").split())


@pytest.mark.parametrize("option", ["--credential", "--signing-secret"])
def test_a_secret_in_place_of_its_reference_is_refused(folder: Path, option: str) -> None:
    """It is neither written nor repeated."""
    secret = f"sk_live_{secrets.token_hex(12)}"
    before = files_of(folder)

    result = init("--spec", "openapi.json", "--receiver", HOOK, option, secret)

    assert f"{option} is no reference: write env:NAME, file:PATH or command:WORDS." in result.output
    assert result.exit_code == 4
    assert secret not in result.output
    assert files_of(folder) == before


def test_what_no_option_gives_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, six questions at most; an empty answer takes the default or leaves the part out."""
    monkeypatch.setattr("harness.cli.init.is_terminal", lambda: True)

    result = init(answers=f"openapi.json\n\nenv:ACME_KEY\nown\n{HOOK}\n\n")

    assert result.exit_code == 0, result.output
    assert result.output.count(": ") >= 6
    raw = tomllib.loads((folder / "harness.toml").read_text())
    assert (raw["provider"]["ours"], raw["receiver"]["url"]) == (True, HOOK)
