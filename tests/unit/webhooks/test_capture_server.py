"""`harness capture`: what comes in is stored without secrets, and can be delivered again."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from harness.cli.main import main
from harness.errors import ConfigurationError
from harness.secrets.redaction.redactor import Redactor
from harness.webhooks.capture_server import CaptureServer, CaptureStore, cleaning
from harness.webhooks.events import TYPE_KEYS, EventFormat
from harness.webhooks.schemes import scheme_named

BODY = b'{"id":"evt_1", "type":"run.succeeded","amount":1.0}\n'


class Captured:
    """A running capture server and what it told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.server = CaptureServer(0, CaptureStore(folder, lambda h, b: (h, b)), each=self.lines.append, limit=100)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.server.url}/hook"

    @property
    def files(self) -> dict[str, bytes]:
        """What it stored."""
        return {p.name: p.read_bytes() for p in sorted(self.folder.iterdir())}


@pytest.fixture
def captured(tmp_path: Path) -> Iterator[Captured]:
    found = Captured(tmp_path / "captured")
    with found.server:
        yield found


def post(url: str, body: bytes | Iterator[bytes] = BODY, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(url, content=body, headers=named, trust_env=False)


def test_a_delivery_is_stored_to_the_byte(captured: Captured) -> None:
    """The body is as it came, and so are names and order of the headers; secrets and what proves is left out."""
    answer = post(
        captured.url,
        content_type="application/json",
        x_hub_signature_256="sha256=00",
        x_hub_signature="sha1=00",
        authorization="Bearer abc",
        cookie="a=b",
        x_forwarded_for="127.0.0.1",
        webhook_timestamp="1",
        x_github_delivery="1-2",
        x_github_event="push",
        x_tenant="7",
    )

    assert answer.status_code == 200
    assert list(captured.files) == ["0001-push.http"]
    head, _, body = captured.files["0001-push.http"].partition(b"\r\n\r\n")
    assert body == BODY
    lines = head.splitlines()
    assert [line.partition(b":")[0] for line in lines if line.partition(b":")[2]] == [
        *(b"Accept", b"Accept-Encoding", b"Connection", b"User-Agent", b"content-type"),
        *(b"x-github-delivery", b"x-github-event", b"x-tenant"),
    ]
    assert {line for line in lines if not line.partition(b":")[2]} == {
        *(b"Host:", b"Content-Length:", b"x-hub-signature-256:", b"x-hub-signature:", b"authorization:"),
        b"webhook-timestamp:",
    }
    assert captured.lines == [f"0001-push.http: {len(BODY)} bytes"]


def test_what_was_captured_is_a_fixture(captured: Captured) -> None:
    """It reads as the event that came, with its type, its id and its bytes."""
    post(captured.url, content_type="application/json")
    (path,) = captured.folder.iterdir()

    event = EventFormat(scheme=scheme_named("hmac")).read(path)

    assert (event.type, event.id, event.body) == ("run.succeeded", "evt_1", BODY)


@pytest.mark.parametrize("key", [key for key in TYPE_KEYS if "." not in key])
def test_a_file_is_named_after_the_type(captured: Captured, key: str) -> None:
    """By whichever key `harness init` would find it."""
    post(captured.url, json.dumps({"id": "evt_1", key: "order.paid"}).encode())

    assert list(captured.files) == ["0001-order.paid.http"]


def test_a_name_is_no_type(captured: Captured) -> None:
    """What a body calls ``name`` is mostly that of its object: a shop, a planet, a deployed site."""
    post(captured.url, b'{"id": "evt_1", "name": "Acme"}')

    assert list(captured.files) == ["0001-event.http"]


def test_bodies_of_every_kind_are_stored(captured: Captured) -> None:
    """In chunks, empty, not JSON, with a type that is no file name: nothing is lost and nothing escapes the folder."""
    post(captured.url, iter([BODY[:10], BODY[10:]]))
    post(captured.url, b"")
    post(captured.url, b"\xff\xfe\x00")
    post(captured.url, b'{"type": "../../etc/passwd"}')
    post(captured.url, b"[" * 100_000)

    assert [(n, b.partition(b"\r\n\r\n")[2]) for n, b in captured.files.items()] == [
        ("0001-run.succeeded.http", BODY),
        ("0002-event.http", b""),
        ("0003-event.http", b"\xff\xfe\x00"),
        ("0004-etc-passwd.http", b'{"type": "../../etc/passwd"}'),
        ("0005-event.http", b"[" * 100_000),
    ]


def test_the_numbers_go_on_where_they_ended(captured: Captured) -> None:
    """A second capture into the same folder writes over nothing."""
    (captured.folder / "0041-x.http").write_bytes(b"\r\n")
    store = CaptureStore(captured.folder, lambda h, b: (h, b))

    assert store.add((), BODY).name == "0042-run.succeeded.http"


def test_what_is_too_large_or_cut_short_is_refused(captured: Captured) -> None:
    """Nothing half-received is stored; the sender gets a 4xx where it still listens."""
    with socket.create_connection(("127.0.0.1", captured.server.port)) as sender:
        sender.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100000000\r\n\r\n")
        assert sender.recv(100).startswith(b"HTTP/1.1 413 ")
    with socket.create_connection(("127.0.0.1", captured.server.port)) as sender:
        sender.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf")
        sender.shutdown(socket.SHUT_WR)
        assert sender.recv(100).startswith(b"HTTP/1.1 400 ")

    assert captured.files == {}
    assert captured.lines == [
        "refused: a body of 100,000,000 bytes; 8,388,608 are allowed",
        "refused: a body that was cut",
    ]
    assert captured.server.summary == f"0 captured into {captured.folder}, 2 refused"


def test_what_cannot_be_searched_for_secrets_is_not_stored(tmp_path: Path) -> None:
    """Neither is a body that unpacks to more than is searched, nor one in a coding that nobody here knows."""
    lines: list[str] = []
    store = CaptureStore(tmp_path, cleaning(Redactor))
    with CaptureServer(0, store, each=lines.append, limit=9) as server:
        large = post(server.url, gzip.compress(bytes(9 << 20)), content_encoding="gzip")
        unknown = post(server.url, b"\0\1\2", content_encoding="lzma")

    assert (large.status_code, unknown.status_code) == (415, 415)
    most = "over 8 MiB unpacked, or in a coding other than gzip, deflate"
    assert large.json() == {"message": f"a body {most}"}
    assert lines == [f"not stored: its body cannot be searched for secrets: it is {most}"] * 2
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_told_to_both_sides(captured: Captured) -> None:
    """The sender is asked to try again later, and a person sees why."""
    captured.folder.rmdir()

    assert post(captured.url).status_code == 503
    why = f"not stored in {captured.folder}: No such file or directory"
    assert captured.lines == [f"{why}. Answered 503, so the sender tries again."]


def test_a_provider_that_asks_first_is_welcomed(captured: Captured) -> None:
    """The OPTIONS handshake of CloudEvents is answered with the origin that asked."""
    answer = httpx.options(captured.url, headers={"webhook-request-origin": "p.example"}, trust_env=False)

    assert answer.headers["webhook-allowed-origin"] == "p.example"


@pytest.mark.parametrize(
    "words, said",
    [
        (["--scheme", "hmac"], "--scheme and --secret belong together: pass both, or neither."),
        (["--scheme", "hmac", "--secret", "plain-text-value"], "--secret takes a reference"),
        (["--scheme", "discord", "--secret", "env:HOME"], "--scheme discord signs with a key pair"),
        (["--into", "/dev/null/x"], "--into /dev/null/x: Not a directory. Name a folder that you can write to."),
    ],
)
def test_what_cannot_be_done_is_told(tmp_path: Path, words: list[str], said: str) -> None:
    """The message says what to say instead, repeats no secret, and the exit status is 4."""
    result = CliRunner().invoke(main, ["capture", "--into", str(tmp_path), *words])

    assert said in result.output
    assert "plain-text-value" not in result.output
    assert result.exit_code == 4


def test_a_port_that_is_taken_is_told(captured: Captured) -> None:
    """The message names the option and the way out."""
    with (
        pytest.raises(ConfigurationError, match=r"--port \d+: the port is in use. Choose another port"),
        CaptureServer(captured.server.port, captured.server.store, each=print, limit=1),
    ):
        pass


def test_each_line_of_a_header_is_stored(captured: Captured) -> None:
    """A header that a delivery has twice is stored twice, byte for byte and in its place."""
    with socket.create_connection(("127.0.0.1", captured.server.port), timeout=10) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nX-A: one\r\nX-B: \xc5\xc3\x85\r\nx-a: two\r\n"
            b"Connection: close\r\nContent-Length: 2\r\n\r\nok"
        )
        while connection.recv(4096):
            pass

    (stored,) = captured.files.values()
    assert b"X-A: one\r\nX-B: \xc5\xc3\x85\r\nx-a: two\r\n" in stored
