"""Clients that are no clients: each leads to a finding or an error that states what to do, and ends whole."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from harness.http.client import Network
from harness.model import Finding, Outcome
from harness.model.config import Duration, Policy
from harness.resilience.case_runs import check_case
from harness.resilience.client_cases import CASES
from harness.resilience.runner import ClientUnderTest

CASE = next(case for case in CASES if case.id == "refused-404")
START = "import os, socket, sys, urllib.parse\nwhere = urllib.parse.urlsplit(os.environ['URL'])\n"
CONNECT = "c = socket.create_connection((where.hostname, where.port), 10)\n"
READ = "answer = c.recv(9999)\nsys.exit(b' 200 ' not in answer and b' 404 ' not in answer)\n"
SPEAKS_1 = "and the fault server speaks HTTP/1.1: let the client use HTTP/1.1 where its base URL is http"
UNHEARD = {
    "ends at once": ("", "the workflow makes no call to the fault server: give the client its address"),
    "prints binary": ("os.write(1, bytes(range(256)) * 4000)\n", "the workflow makes no call to the fault server"),
    "fails at once": ("sys.exit(7)\n", "the client exited with status 7"),
    "speaks HTTP/2": (
        f"{CONNECT}c.sendall(b'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n' + bytes(9))\nc.recv(999)\n",
        f"the client sends HTTP/2.0 without negotiating it (prior knowledge), {SPEAKS_1}",
    ),
}
HEARD = {
    "opens 1,000 connections": "place = (where.hostname, where.port)\n"
    "many = [socket.create_connection(place, 10) for _ in range(1000)]\n"
    f"{CONNECT}c.sendall(b'GET /a HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n')\n{READ}",
    "sends chunks": f"{CONNECT}c.sendall(b'POST /a HTTP/1.1\\r\\nhost: x\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n"
    f"2\\r\\nab\\r\\n0\\r\\n\\r\\n')\n{READ}",
    "expects": f"{CONNECT}c.sendall(b'POST /a HTTP/1.1\\r\\nhost: x\\r\\ncontent-length: 2\\r\\n"
    f"expect: 100-continue\\r\\n\\r\\n')\nassert b' 100 ' in c.recv(25)\nc.sendall(b'ab')\n{READ}",
}


def finding(script: str, server: HTTPServer, folder: Path) -> Finding:
    server.expect_request("/a").respond_with_data("ok")
    with Network().client() as http:
        client = ClientUnderTest(
            command=[sys.executable, "-c", START + script],
            env={"URL": "{fault_server}"},
            cwd=folder,
            timeout_s=20,
            policy=Policy(answer_within=Duration(2)),
            log=folder / "client.log",
            upstream=server.url_for(""),
            http=http,
        )
        return check_case(client, CASE)


@pytest.mark.parametrize("script, message", UNHEARD.values(), ids=UNHEARD.keys())
def test_a_client_that_makes_no_call_is_an_error(
    script: str, message: str, httpserver: HTTPServer, tmp_path: Path
) -> None:
    """Nothing is proven, and the message states what to do."""
    found = finding(script, httpserver, tmp_path)

    assert found.outcome is Outcome.ERROR
    assert message in found.observed


@pytest.mark.parametrize("script", HEARD.values(), ids=HEARD.keys())
def test_an_unusual_client_is_judged(script: str, httpserver: HTTPServer, tmp_path: Path) -> None:
    """It is judged by its calls like any other, and no thread of the server stays."""
    found = finding(script, httpserver, tmp_path)

    assert found.outcome is Outcome.PASS, found.observed
    assert not [t for t in threading.enumerate() if t.name == "fault-server"]
