"""A request is shown as a command line that sends exactly it, without the credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.fuzzing.defects import StoredRequest

if TYPE_CHECKING:
    from tests.processes.conftest import Arrived

SENT = {
    "plain": StoredRequest(method="GET", path="/a?x=1"),
    "JSON": StoredRequest(
        method="POST", path="/a", headers=(("content-type", "application/json"),), body=b'{"it\'s": "\xc3\xa9"}'
    ),
    "bytes": StoredRequest(
        method="PUT", path="/a", headers=(("content-type", "x/y"),), body=bytes(range(256)) + b"%s \\n"
    ),
    "a file's name": StoredRequest(method="POST", path="/a", headers=(("content-type", "x/y"),), body=b"@/etc/passwd"),
    "lines": StoredRequest(method="POST", path="/a", headers=(("content-type", "x/y"),), body=b"a\r\nb\n"),
    "an empty header": StoredRequest(method="GET", path="/a", headers=(("x-empty", ""), ("x-odd", "'\" $HOME `id`"))),
    "brackets and dots": StoredRequest(method="GET", path="/a/../[1-3]/{x}"),
}


@pytest.mark.parametrize("request_", SENT.values(), ids=SENT.keys())
def test_the_command_line_sends_exactly_the_request(arrived: Arrived, request_: StoredRequest) -> None:
    """The request that arrives is the stored one: method, path, headers and every byte of the body."""
    call = arrived(request_.curl)

    assert (call.method, call.path, call.body) == (request_.method, request_.path, request_.body or b"")
    assert {name: call.headers.get(name) for name, _ in request_.headers} == dict(request_.headers)
