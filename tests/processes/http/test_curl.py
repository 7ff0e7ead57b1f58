"""One curl command sends exactly the request that it shows, whatever its bytes are, and shows no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.http.curl import curl
from harness.http.message import Headers

if TYPE_CHECKING:
    from tests.processes.conftest import Arrived

JSON = ("content-type", "application/json")
SENT: dict[str, tuple[str, str, Headers, bytes]] = {
    "nothing": ("GET", "/", (), b""),
    "no body of a POST": ("POST", "/a", (), b""),
    "the head alone": ("HEAD", "/a", (), b""),
    "a method of its own": ("PROPFIND", "/a", (), b""),
    "a body without a type": ("POST", "/a", (), b"a=1"),
    "a body of a GET": ("GET", "/a", (JSON,), b"{}"),
    "text": ("POST", "/a?q=a%20b&c='", (JSON,), '{"it\'s": "$HOME `id` \\n Zo\u00eb"}'.encode()),
    "lines": ("PATCH", "/a", (JSON,), b'{\r\n\t"it\'s": "\\\\"\n}\n'),
    "bytes": ("PUT", "/a", (("content-type", "x/y"),), bytes(range(256)) + b"%s \\n"),
    "what decodes to a replacement": ("POST", "/a", (JSON,), "\ufffd".encode()),
    "a file's name": ("POST", "/a", (JSON,), b"@/etc/passwd"),
    "standard input": ("POST", "/a", (JSON,), b"@-"),
    "more than an argument holds": ("POST", "/a", (JSON,), b"x" * 200_000),
    "odd headers": ("GET", "/a", (("x-empty", ""), ("x-odd", "'\" $HOME `id` \\"), ("x-at", "@file")), b""),
    "brackets and dots": ("GET", "/a/../[1-3]/{x}?y=[z]", (), b""),
}


@pytest.mark.parametrize("method, path, headers, body", SENT.values(), ids=SENT.keys())
def test_what_is_shown_is_what_arrives(arrived: Arrived, method: str, path: str, headers: Headers, body: bytes) -> None:
    """Method, path, headers and every byte of the body arrive, though the command is one line."""

    def command(url: str) -> str:
        line = curl(url + path, headers, body, method=method, most_chars=None)
        assert "\n" not in line
        return line

    call = arrived(command)

    assert (call.method, call.path, call.body) == (method, path, body)
    assert {name: call.headers.get(name) for name, _ in headers} == dict(headers)
    assert "content-type" in dict(headers) or "content-type" not in call.headers
