"""What `harness deliver --dry-run` prints as a curl command, sent by curl."""

from __future__ import annotations

import os
import re
import secrets
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.real.conftest import Need

BODIES = {
    "one line": '{"id":"evt_1","type":"x","note":"it\'s $HOME & Zo\u00eb"}'.encode(),
    "several lines": b'{\n  "id": "evt_1",\r\n  "type": "x"\n}\n',
    "larger than an argument": b'{"id":"evt_1","type":"x","pad":"' + b"y" * 100_000 + b'"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_curl_sends_what_was_shown(need: Need, tmp_path: Path, body: bytes) -> None:
    """The signature's header and every byte of the body arrive as the dry run shows them."""
    need("curl")
    (tmp_path / "event.json").write_bytes(body)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/hook?tenant=7"
        words = [sys.executable, "-m", "harness.cli", "deliver", "event.json", "--to", url, "--secret", "env:S"]
        env = {**os.environ, "S": secrets.token_hex(16)}
        shown = subprocess.run(
            [*words, "--dry-run", "--keep-ids"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
        ).stdout
        command = re.search(r"^(?:printf .*)?curl .*$", shown, re.MULTILINE)
        assert command
        arrived: list[bytes] = []
        thread = threading.Thread(target=lambda: arrived.append(received(server)))
        thread.start()
        subprocess.run(["bash"], input=command[0], text=True, check=True, capture_output=True, timeout=20)
        thread.join()

    head, _, content = arrived[0].partition(b"\r\n\r\n")
    signature = re.search(r"x-product-signature: (\S+)", shown)
    assert signature
    assert f"x-product-signature: {signature[1]}".encode() in head
    assert head.startswith(b"POST /hook?tenant=7 HTTP/1.1")
    assert content == body


def received(server: socket.socket) -> bytes:
    connection, _ = server.accept()
    connection.settimeout(20)
    with connection:
        data = b""
        while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < length_of(data):
            if b"expect: 100-continue" in data.lower() and data.endswith(b"\r\n\r\n"):
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            data += connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    return data


def length_of(data: bytes) -> int:
    found = re.search(rb"content-length: (\d+)", data, re.IGNORECASE)
    return int(found[1]) if found else 0
