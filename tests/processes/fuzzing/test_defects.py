"""A request is shown as a command line that sends exactly it, without the credential."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from harness.fuzzing.defects import StoredRequest
from tests.unit.conftest import Call, Reply, Serve

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
def test_the_command_line_sends_exactly_the_request(serve: Serve, request_: StoredRequest) -> None:
    """What arrives is what was kept: method, path, headers and every byte of the body."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    arrived: list[Call] = []

    def answer(call: Call) -> Reply:
        arrived.append(call)
        return 200, {}, None

    subprocess.run(["bash", "-c", request_.curl(serve(answer)) + " --silent"], check=True, capture_output=True)

    [call] = arrived
    assert (call.method, call.path, call.body) == (request_.method, request_.path, request_.body or b"")
    assert {name: call.headers.get(name) for name, _ in request_.headers} == dict(request_.headers)
