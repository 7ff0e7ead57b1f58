from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
import yaml

from harness.cassettes.play.playback import Playback, load
from harness.cassettes.play.replay_connection import ReplayConnection, listening
from harness.cassettes.play.replay_server import STATE, ReplayServer
from harness.errors import CassetteError, ConfigurationError
from harness.http.message import Request
from harness.secrets.redaction.redactor import Redactor
from tests.values_beyond_ascii import VALUES
from tests.waiting import wait_for

JSON = {"content-type": ["application/json"]}


def interaction(call: str, body: str = "", answer: str = "{}", status: int = 200, **headers: str) -> dict[str, Any]:
    """Return an interaction of a cassette; ``call`` is such as ``GET /runs``."""
    method, path = call.split(" ")
    sent = {k: v for k, v in JSON.items() if body}
    return {
        "request": {"method": method, "uri": f"https://api.example.com{path}", "body": body, "headers": sent},
        "response": {
            "status": {"code": status, "message": "OK"},
            "headers": {**JSON, **{k.replace("_", "-"): [v] for k, v in headers.items()}},
            "body": {"string": answer},
        },
    }


class Running:
    """A replay server in a thread, with what it logged."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.log: list[str] = []
        nearest = options.pop("nearest", False)
        self.playback = Playback(load([path]), redactor=Redactor(), nearest=nearest)
        self._server = ReplayServer(self.playback, log=self.log.append, **options)
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        async with listening(self._server, 0) as self.url:
            self._started.set()
            await self._ended.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        self.client = httpx.Client(base_url=self.url, trust_env=False, timeout=30)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)

    def raw(self, data: bytes, *, until: bytes = b"") -> bytes:
        """Send bytes; return what comes back until the server hangs up, or ``until`` was read."""
        port = int(self.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(data)
            got = b""
            while not (until and until in got) and (piece := connection.recv(65536)):
                got += piece
            return got


Serve = Callable[..., Running]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Serve]:
    """Return a function that serves interactions."""
    with contextlib.ExitStack() as stack:

        def start(
            *interactions: dict[str, Any],
            metadata: dict[str, Any] | None = None,
            dump: Callable[..., str] = json.dumps,
            **options: Any,
        ) -> Running:
            path = tmp_path / "cassette.yaml"
            document = {"interactions": list(interactions), "version": 1, "metadata": metadata or {}}
            path.write_text(dump(document))  # JSON is YAML, and written in no time
            return stack.enter_context(Running(path, **options))

        yield start


def test_a_recording_is_served_with_status_headers_and_body(served: Serve) -> None:
    """A client sees what was recorded; what belonged to the recorded connection is told anew."""
    running = served(
        interaction(
            "GET /runs?x=1&y=2",
            answer='{"a": "ü"}',
            status=203,
            etag='"1"',
            transfer_encoding="chunked",
            content_length="99",
        )
    )

    answer = running.client.get("/runs?y=2&x=1")

    assert (answer.status_code, answer.json(), answer.headers["etag"]) == (203, {"a": "ü"}, '"1"')
    assert answer.headers["content-length"] == "11"


@pytest.mark.parametrize("name", VALUES)
def test_header_values_are_served_byte_for_byte(name: str, served: Serve) -> None:
    """What is beyond ASCII, in the request or in the recording, is sent as it came."""
    server = served(interaction("GET /city", x_city=VALUES[name].decode("latin-1")))

    sent = b"GET /city HTTP/1.1\r\nhost: x\r\nx-from: %b\r\nconnection: close\r\n\r\n" % VALUES[name]
    answered = server.raw(sent)

    assert b"\r\nx-city: %b\r\n" % VALUES[name] in answered


def test_a_sequence_advances_and_then_repeats_its_last(served: Serve) -> None:
    """Polling sees each recorded answer once, and the last for ever, on one connection or several."""
    running = served(*(interaction("GET /runs/1", answer=json.dumps(state)) for state in ("queued", "running", "done")))

    seen = [running.client.get("/runs/1").json() for _ in range(4)]
    again = httpx.get(f"{running.url}/runs/1", trust_env=False).json()

    assert (seen, again) == (["queued", "running", "done", "done"], "done")


def test_bodies_are_matched_by_what_they_say(served: Serve) -> None:
    """JSON matches whatever its order and spacing; a different body is a different call."""
    running = served(interaction("POST /a", '{"x":1,"y":[2]}', '"one"'), interaction("POST /a", '{"x":2}', '"two"'))

    assert running.client.post("/a", json={"x": 2}).json() == "two"
    assert running.client.post("/a", content='{"y": [2],  "x": 1}', headers=JSON_HEADER).json() == "one"
    assert running.client.post("/a", json={"x": 3}).status_code == 501


JSON_HEADER = {"content-type": "application/json"}


def test_other_secrets_than_those_recorded_still_match(served: Serve) -> None:
    """Whatever a client has for a secret, it is answered by the recording of its like."""
    body = '{"user":"ada","password":"[REDACTED env:PASSWORD]"}'
    running = served(
        interaction("POST /login", body, '"in"'),
        interaction("GET /me?access_token=%5BREDACTED+received+access_token%5D", "", '"ada"'),
    )

    answer = running.client.post("/login", json={"user": "ada", "password": secrets.token_hex(8)})

    assert answer.json() == "in"
    assert running.client.get("/me", params={"access_token": secrets.token_hex(16)}).json() == "ada"


def test_what_matches_nothing_is_told_with_the_closest_recordings(served: Serve) -> None:
    """The problem shows what differs, in the answer and in the log, without secrets; and is counted."""
    secret = secrets.token_hex(12)
    running = served(interaction("POST /runs", '{"trigger":"manual"}'), interaction("GET /projects"))

    answer = running.client.post("/runs?page=2", json={"trigger": "api", "password": secret})

    problem = answer.json()
    assert answer.status_code == 501
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["title"] == "No recording matches"
    assert problem["closest"][0]["request"] == "POST /runs"
    assert '$.trigger: changed value, recorded "manual", seen "api"' in problem["closest"][0]["differences"]
    assert 'query.page: added, seen "2"' in problem["closest"][0]["differences"]
    assert "has no recording of POST /runs" in running.log[0]
    assert secret not in answer.text + "".join(running.log)
    assert running.playback.counts.unmatched == 1


def test_the_nearest_recording_answers_where_that_was_asked_for(served: Serve) -> None:
    """An id or a body may differ, the method and the rest of the path may not; the log says what did."""
    running = served(interaction("GET /runs/1", answer='"one"'), interaction("POST /runs", "{}"), nearest=True)

    assert running.client.get("/runs/2?page=3").json() == "one"
    assert running.client.get("/other/things/2").status_code == 501
    assert running.client.delete("/runs/1").status_code == 501
    assert running.playback.counts.nearest == 1
    assert running.log[0].startswith("nearest: GET /runs/2?page=3 is answered as GET /runs/1\n")
    assert 'path: changed value, recorded "/runs/1", seen "/runs/2"' in running.log[0]


def test_strict_is_the_default(served: Serve) -> None:
    """What is only near is no match unless that was asked for."""
    assert served(interaction("GET /runs/1")).client.get("/runs/2").status_code == 501


@pytest.mark.parametrize("latency,least", [(0.15, 0.14), (None, 0.24)])
def test_answers_take_as_long_as_was_asked_for(served: Serve, latency: float | None, least: float) -> None:
    """A fixed latency, or that of the recording; what is asked meanwhile on the same connection waits its turn."""
    timings = {"timings": [{"recorded_at": "2026-11-25T10:00:00Z", "latency_s": 0.25}]}
    running = served(interaction("GET /slow"), metadata=timings, latency_s=latency)
    running.client.get(STATE)

    start = time.perf_counter()
    running.client.get("/slow")
    took = time.perf_counter() - start

    assert took >= least


def test_without_latency_answers_come_at_once(served: Serve) -> None:
    """What was slow when it was recorded is not slow by itself."""
    timings = {"timings": [{"recorded_at": "2026-11-25T10:00:00Z", "latency_s": 3600.0}]}
    running = served(interaction("GET /slow"), metadata=timings)

    assert running.client.get("/slow").is_success


def test_the_counts_can_be_asked_for_and_begun_anew(served: Serve) -> None:
    """A test in another language reads what was served and rewinds between its cases."""
    running = served(interaction("GET /a", answer="1"), interaction("GET /a", answer="2"), interaction("GET /b"))
    running.client.get("/a")
    running.client.get("/a")
    before = running.client.get(STATE).json()

    assert running.client.delete(STATE).status_code == 204
    assert (before["served"], before["unmatched"], before["unused"], before["not served"]) == (2, 0, 1, ["GET /b"])
    assert running.client.get("/a").json() == 1


def test_requests_that_break_the_spec_are_logged_and_counted(served: Serve) -> None:
    """The check is asked of each request, also of those asked before; the recording is served all the same."""

    def check(request: Request) -> list[str]:
        return [f"{request.path} is wrong"] if request.path == "/b" else []

    running = served(interaction("GET /a"), interaction("GET /b"), check=check)
    for path in ("/a", "/b", "/b"):
        assert running.client.get(path).status_code == 200

    assert running.log == ["breaks the spec: /b is wrong"] * 2
    assert running.playback.counts.violations == 2


def test_a_failure_of_the_server_is_told_and_counted(served: Serve) -> None:
    """Whatever goes wrong inside, the client gets an answer, and the counts know."""

    def check(request: Request) -> list[str]:
        raise ZeroDivisionError(request.path)

    running = served(interaction("GET /a"), check=check)

    assert running.client.get("/a").status_code == 500
    assert running.playback.counts.failed == 1
    assert running.log == ["not answered: GET /a: ZeroDivisionError: /a"]


def test_a_redirect_stays_with_the_server(served: Serve) -> None:
    """A recorded location at the provider leads to this server; one elsewhere stays."""
    running = served(
        interaction("GET /old", status=302, location="https://api.example.com/new?a=1"),
        interaction("GET /out", status=302, location="https://elsewhere.example.com/"),
    )

    assert running.client.get("/old").headers["location"] == "/new?a=1"
    assert running.client.get("/out").headers["location"] == "https://elsewhere.example.com/"


def test_links_point_to_the_server_and_those_in_bodies_where_asked(served: Serve) -> None:
    """A client that follows the pages of a recording stays with this server."""
    page = json.dumps({"next": "https://api.example.com/a?page=2"})
    second = "https://API.example.com:443/a?page=2"
    recorded = (
        interaction("GET /a", answer=page, link=f'<{second}>; rel="next"'),
        interaction("GET /a?page=2", answer='"last"'),
    )
    running, asked = served(*recorded), served(*recorded, rewrites_bodies=True)

    first = running.client.get("/a")

    assert first.text == page
    assert first.links["next"]["url"] == f"{running.url}/a?page=2"
    assert running.client.get(first.links["next"]["url"]).json() == "last"
    assert asked.client.get(asked.client.get("/a").json()["next"]).json() == "last"


def test_links_in_a_packed_body_point_to_the_server_where_asked(served: Serve) -> None:
    """What a cassette of another tool holds packed is opened, and packed again."""
    page = interaction("GET /a", content_encoding="gzip")
    page["response"]["body"]["string"] = gzip.compress(b'["https://api.example.com/b"]')
    running = served(page, dump=yaml.safe_dump, rewrites_bodies=True)

    answer = running.client.get("/a")

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json() == [f"{running.url}/b"]


CHUNKED = (
    b"POST /c HTTP/1.1\r\nHost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    b'1\r\n{\r\n6;x=y\r\n"n": 1\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n'
)
WIRE = [
    ("pipelined", b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" * 2, [b"200 OK", b"200 OK"]),
    ("absolute target", b"GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n", [b"200 OK"]),
    ("chunked", CHUNKED, [b"200 OK"]),
    ("go-ahead", b"POST /c HTTP/1.1\r\nHost:\r\nexpect: 100-continue\r\ncontent-length: 7\r\n\r\n", [b"100 Continue"]),
    ("head", b"HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n", [b"200 OK"]),
    ("no content", b"DELETE /a HTTP/1.1\r\nHost: x\r\n\r\n", [b"204 OK"]),
    ("HTTP/1.0", b"GET /a HTTP/1.0\r\n\r\n", [b"200 OK"]),
    ("no HTTP", b"hello\r\n\r\n", [b"400 Bad Request"]),
    ("bad header", b"GET /a HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", [b"400 Bad Request"]),
    ("bad length", b"GET /a HTTP/1.1\r\nHost: x\r\ncontent-length: -1\r\n\r\n", [b"400 Bad Request"]),
    ("bad chunk", b"POST /a HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", [b"400 Bad Request"]),
    ("huge body", b"POST /a HTTP/1.1\r\nHost: x\r\ncontent-length: 99999999999\r\n\r\n", [b"413 Content Too Large"]),
    ("huge head", b"GET /a HTTP/1.1\r\nHost: x\r\nx: " + b"y" * 70000, [b"431 Request Header Fields Too Large"]),
]  # fmt: skip


@pytest.mark.parametrize("data,expected", [row[1:] for row in WIRE], ids=[row[0] for row in WIRE])
def test_every_way_to_write_a_request_gets_its_answer(served: Serve, data: bytes, expected: list[bytes]) -> None:
    """HTTP/1.1 in all its forms, whole or byte by byte, is answered; what is none is refused and hung up on."""
    running = served(
        interaction("GET /a", answer="1"),
        interaction("POST /c", '{"n":1}'),
        interaction("HEAD /h", answer="", content_length="5"),
        interaction("DELETE /a", answer="", status=204),
    )
    last = (
        b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        if expected[0][:1] in b"2" and b"1.0" not in data
        else b""
    )

    answer = running.raw(data + last, until=b"100 Continue\r\n\r\n" if b"expect" in data else b"")

    for number, status in enumerate(expected):
        assert answer.split(b"HTTP/1.1 ")[number + 1].startswith(status)
    assert b"501" not in answer


def test_a_client_that_reads_slowly_gets_everything(served: Serve) -> None:
    """What does not fit into the socket waits, in order, and other clients do not wait for it."""
    running = served(interaction("GET /large", answer="x" * (8 << 20)), interaction("GET /small", answer="1"))
    port = int(running.url.rpartition(":")[2])

    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(
            b"GET /large HTTP/1.1\r\nHost: x\r\n\r\nGET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        time.sleep(0.1)
        assert running.client.get("/small").json() == 1
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))

    assert answer.count(b"x") == 8 << 20
    assert answer.endswith(b"\r\n\r\n1")


def test_a_client_that_reads_slowly_is_read_from_slowly(served: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """1,000 requests for 2 MB each, sent at once, are answered as they are read: what waits is one answer, not 2 GB."""
    waiting: list[int] = []
    write = ReplayConnection._write

    def watched(connection: ReplayConnection, data: bytes, *, last: bool = False) -> None:
        write(connection, data, last=last)
        waiting.append(len(connection._unsent))

    monkeypatch.setattr(ReplayConnection, "_write", watched)
    running = served(interaction("GET /large", answer="x" * (2 << 20)))
    port = int(running.url.rpartition(":")[2])

    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
        read = 0
        while read < 50 << 20:
            read += len(connection.recv(1 << 20))

    assert max(waiting) < 3 << 20


def test_clients_that_hang_up_leave_nothing(served: Serve) -> None:
    """Before, during or after an answer: the server goes on, and forgets them."""
    running = served(interaction("GET /large", answer="x" * (8 << 20)), interaction("GET /a"), latency_s=0.05)
    for data in (b"", b"GET /a", b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", int(running.url.rpartition(":")[2])), timeout=10) as connection:
            connection.sendall(data)

    assert running.client.get("/a").status_code == 200
    wait_for(lambda: len(running._server.connections) <= 1)


def test_a_request_may_come_in_pieces(served: Serve) -> None:
    """A slow client is waited for."""
    running = served(interaction("POST /c", '{"n":1}', '"got it"'))
    data = (
        b"POST /c HTTP/1.1\r\nHost: x\r\ncontent-type: application/json\r\n"
        b'content-length: 7\r\nConnection: close\r\n\r\n{"n":1}'
    )
    port = int(running.url.rpartition(":")[2])

    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for start in range(0, len(data), 9):
            connection.sendall(data[start : start + 9])
            time.sleep(0.001)
        answer = b"".join(iter(lambda: connection.recv(4096), b""))

    assert answer.endswith(b'"got it"')


def test_a_taken_port_is_an_error_that_says_so(served: Serve) -> None:
    """Who asked for the port is told that something else has it."""
    running = served(interaction("GET /a"))
    port = int(running.url.rpartition(":")[2])

    async def second() -> None:
        async with listening(running._server, port):
            pass

    with pytest.raises(ConfigurationError) as caught:
        asyncio.run(second())

    assert str(caught.value).startswith(f"--port {port}: the port is in use.")
    assert "--port 0 for a free one" in str(caught.value)


def test_a_recording_that_cannot_be_sent_is_refused_at_the_start(tmp_path: Path) -> None:
    """A header that would become two is no header; a cassette without recordings serves nothing."""
    path = tmp_path / "cassette.yaml"
    document = {"interactions": [interaction("GET /a", x="a\r\nset-cookie: b")], "version": 1}
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(CassetteError) as broken:
        ReplayServer(Playback(load([path]), redactor=Redactor()), log=print)
    path.write_text("interactions: []\nversion: 1\n")
    with pytest.raises(CassetteError) as empty:
        load([path])

    assert "recorded header 'x' contains a line break" in str(broken.value)
    assert "contains no recording. Record some: harness record --help" in str(empty.value)
