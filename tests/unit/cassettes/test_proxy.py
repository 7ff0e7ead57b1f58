from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import vcr
import yaml
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from harness.cassettes.record.proxy import RecordingProxy
from harness.cassettes.record.recorder import Recorder
from harness.errors import CassetteError, ConfigurationError
from harness.http.client import Network
from harness.secrets.redaction.redactor import Redactor
from tests.ports import free_port
from tests.values_beyond_ascii import VALUES
from tests.waiting import wait_for

Start = Callable[..., RecordingProxy]


@pytest.fixture
def log() -> list[str]:
    """What the proxies said."""
    return []


@pytest.fixture
def start(tmp_path: Path, log: list[str]) -> Iterator[Start]:
    """Return a function that starts a proxy in front of an upstream."""
    with contextlib.ExitStack() as stack:

        def run(
            upstream: str, *, network: Network | None = None, append: bool = False, port: int = 0
        ) -> RecordingProxy:
            client = stack.enter_context((network or Network([upstream])).client(timeout_s=1, bounded=False))
            recorder = Recorder(tmp_path / "cassette.yaml", redactor=Redactor(), append=append)
            proxy = RecordingProxy(upstream, client, recorder, port=port, log=log.append)
            return stack.enter_context(proxy)

        yield run


def call(proxy: RecordingProxy, method: str, path: str, **options: Any) -> httpx.Response:
    with httpx.Client(base_url=proxy.url, trust_env=False, timeout=10) as client:
        return client.request(method, path, **options)


def interactions(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text())["interactions"]
    return found


def test_what_passes_is_recorded_and_passes_unchanged(httpserver: HTTPServer, start: Start, tmp_path: Path) -> None:
    """The client sees the provider's own answer, compressed as it was; the file holds it readable and redacted."""
    secret = secrets.token_hex(16)
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        body = gzip.compress(json.dumps({"token": secret, "ok": True}).encode())
        headers = [
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
            ("set-cookie", "a=1"),
            ("x-a", "1"),
        ]
        return Response(body, status=201, headers=headers)

    httpserver.expect_request("/v1/runs").respond_with_handler(answer)
    proxy = start(httpserver.url_for("/v1"))

    live = call(proxy, "POST", "/runs?a=1", json={"x": 1}, headers={"authorization": f"Bearer {secret}"})
    proxy.recorder.write()

    assert (live.status_code, live.json()["token"], live.headers["set-cookie"]) == (201, secret, "a=1")
    assert seen[0].headers["authorization"] == f"Bearer {secret}"
    assert seen[0].headers["host"] == httpserver.url_for("").split("/")[2]
    recorded = interactions(tmp_path / "cassette.yaml")[0]
    assert recorded["request"]["uri"] == "http://localhost/v1/runs?a=1"
    assert json.loads(recorded["response"]["body"]["string"]) == {"token": "[REDACTED authorization]", "ok": True}
    assert secret not in (tmp_path / "cassette.yaml").read_text()


def test_nothing_is_added_to_a_request(httpserver: HTTPServer, start: Start) -> None:
    """A request goes on with its own headers alone: without those of httpx, or a cookie that was set for another."""
    seen: list[dict[str, str]] = []

    def answer(request: Request) -> Response:
        seen.append({name.lower(): value for name, value in request.headers.items()})
        return Response(b"", headers={"Set-Cookie": "session=1"})

    httpserver.expect_request("/x").respond_with_handler(answer)
    proxy = start(httpserver.url_for("/"))

    for _ in range(2):
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            client.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\nX-Mine: 1\r\nConnection: close\r\n\r\n")
            assert client.makefile("rb").read()

    assert [set(headers) for headers in seen] == [{"host", "x-mine", "accept-encoding"}] * 2


@pytest.mark.parametrize("name", VALUES)
def test_header_values_pass_byte_for_byte(name: str, httpserver: HTTPServer, start: Start, tmp_path: Path) -> None:
    """What is beyond ASCII reaches both sides, and the cassette, as it came."""
    value, seen = VALUES[name].decode("latin-1"), list[str]()

    def answer(request: Request) -> Response:
        seen.append(request.headers["x-from"])
        return Response(b"{}", headers={"x-city": value, "x-city-2": value})

    httpserver.expect_request("/x").respond_with_handler(answer)
    proxy = start(httpserver.url_for("/"))

    with socket.create_connection(("127.0.0.1", proxy.port)) as client:
        client.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\nX-From: %b\r\nConnection: close\r\n\r\n" % VALUES[name])
        answered = client.makefile("rb").read()
    proxy.recorder.write()

    assert seen == [value]
    assert b"\r\nx-city: %b\r\n" % VALUES[name] in answered
    recorded = interactions(tmp_path / "cassette.yaml")[0]
    assert recorded["request"]["headers"]["X-From"] == recorded["response"]["headers"]["x-city"] == [value]


def test_a_failure_of_the_proxy_is_reported_and_counted(
    httpserver: HTTPServer, start: Start, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client gets an answer, the log says what failed, and the exit status will count it."""
    proxy = start(httpserver.url_for("/"))
    monkeypatch.setattr(proxy.client, "send", lambda *_, **__: 1 / 0)

    answer = call(proxy, "GET", "/x")

    assert (answer.status_code, answer.json()["detail"]) == (
        502,
        "The proxy failed: ZeroDivisionError (division by zero).",
    )
    assert proxy.failed == 1
    assert log == ["GET /x: The proxy failed: ZeroDivisionError (division by zero)."]


def test_a_header_that_cannot_be_passed_on_is_reported(
    hanging: Callable[[bytes], str], start: Start, log: list[str]
) -> None:
    """An answer that would become another one ends the connection, and is counted and not recorded."""
    proxy = start(hanging(b"HTTP/1.1 200 OK\r\nx-a: 1\r\ncontent-length: 2\r\n\r\nok"))
    proxy.client.event_hooks["response"].append(lambda r: r.headers.update({"x y": "1"}))

    with pytest.raises(httpx.RemoteProtocolError):
        call(proxy, "GET", "/x")

    assert (proxy.failed, proxy.recorder.recorded) == (1, 0)
    assert (
        "answered with what cannot be passed on: header 'x y' contains a line break, or its name is invalid" in log[0]
    )


def test_stock_vcrpy_reads_what_was_recorded(httpserver: HTTPServer, start: Start, tmp_path: Path) -> None:
    """The file is vcrpy's; when and how long stands in its metadata, for each interaction."""
    httpserver.expect_request("/a").respond_with_data("hello")
    proxy = start(httpserver.url_for(""))
    call(proxy, "GET", "/a")
    proxy.recorder.write()

    with vcr.VCR(record_mode="none").use_cassette(str(tmp_path / "cassette.yaml")) as cassette:
        played = httpx.get("http://localhost/a", trust_env=False)

    assert played.text == "hello"
    timing = cassette._metadata["timings"][0]
    assert timing["latency_s"] > 0
    assert timing["recorded_at"].endswith("Z")
    assert cassette._metadata["recorded_at"] <= timing["recorded_at"]


def test_a_streamed_answer_passes_as_it_comes(httpserver: HTTPServer, start: Start, tmp_path: Path) -> None:
    """The first event reaches the client before the others are sent."""
    arrived = threading.Event()

    def events() -> Iterator[bytes]:
        yield b"data: 0\n\n"
        assert arrived.wait(30)
        yield b"data: 1\n\n"
        yield b"data: 2\n\n"

    httpserver.expect_request("/events").respond_with_handler(
        lambda _: Response(events(), content_type="text/event-stream")
    )
    proxy = start(httpserver.url_for(""))

    with (
        httpx.Client(base_url=proxy.url, trust_env=False) as client,
        client.stream("GET", "/events") as response,
    ):
        pieces = response.iter_raw()
        first = next(pieces)
        arrived.set()
        rest = b"".join(pieces)
    proxy.recorder.write()

    assert first + rest == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert interactions(tmp_path / "cassette.yaml")[0]["response"]["body"]["string"] == (first + rest).decode()


STREAMS = {
    "events": ("text/event-stream", "data: 0\n\ndata: 1", "data: 0\n\n"),
    "lines": ("application/x-ndjson", '{"a": 1}\n{"a"', '{"a": 1}\n'),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_its_client_closes_is_recorded(
    name: str, httpserver: HTTPServer, start: Start, tmp_path: Path
) -> None:
    """Such a stream ends in no other way: what came of it is stored, up to its last whole message."""
    kind, sent, recorded = STREAMS[name]
    closed = threading.Event()

    def messages() -> Iterator[str]:
        yield sent
        while not closed.wait(0.05):
            yield ""
        yield from itertools.repeat(sent[-1] * 1000, 100)

    httpserver.expect_request("/events").respond_with_handler(lambda _: Response(messages(), content_type=kind))
    proxy = start(httpserver.url_for(""))

    with httpx.stream("GET", f"{proxy.url}/events", trust_env=False) as answer:
        assert next(answer.iter_text()) == sent
    closed.set()
    wait_for(lambda: proxy.recorder.recorded)
    proxy.recorder.write()

    assert interactions(tmp_path / "cassette.yaml")[0]["response"]["body"]["string"].startswith(recorded)
    assert proxy.failed == 0


def test_a_stream_without_an_end_is_ended(
    httpserver: HTTPServer, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client gets all that came whole; another response that does not end is broken off, and counted."""
    monkeypatch.setattr("harness.cassettes.record.proxy.WITHIN_S", 1)

    def pieces(text: str) -> Iterator[str]:
        for _ in range(100):
            yield text
            time.sleep(0.05)

    kinds = {"/events": "text/event-stream", "/text": "text/plain"}
    for path in kinds:
        httpserver.expect_request(path).respond_with_handler(
            lambda r: Response(pieces("data: 0\n\n"), content_type=kinds[r.path])
        )
    proxy = start(httpserver.url_for(""))

    assert call(proxy, "GET", "/events").text.startswith("data: 0\n\n")
    with pytest.raises(httpx.RemoteProtocolError):
        call(proxy, "GET", "/text")
    proxy.recorder.write()

    (only,) = interactions(tmp_path / "cassette.yaml")
    assert only["response"]["body"]["string"].startswith("data: 0\n\n")
    assert proxy.failed == 1


def test_requests_of_every_kind_pass(httpserver: HTTPServer, start: Start) -> None:
    """Bodies whole and in chunks, answers without a body, and redirects, which stay with the proxy."""
    httpserver.expect_request("/echo").respond_with_handler(lambda r: Response(r.get_data()))
    httpserver.expect_request("/none").respond_with_data("", status=204)
    httpserver.expect_request("/head").respond_with_data("12345")
    httpserver.expect_request("/old").respond_with_data(
        "", status=302, headers={"location": httpserver.url_for("/new")}
    )
    proxy = start(httpserver.url_for(""))

    assert call(proxy, "POST", "/echo", content=iter([b"ab", b"cd"])).text == "abcd"
    assert call(proxy, "PUT", "/echo", content=b"x" * 100_000).text == "x" * 100_000
    assert call(proxy, "DELETE", "/none").status_code == 204
    assert call(proxy, "HEAD", "/head").headers["content-length"] == "5"
    assert call(proxy, "GET", "/old").headers["location"] == f"{proxy.url}/new"
    assert proxy.recorder.recorded == 5


def test_links_below_the_upstream_stay_with_the_proxy(httpserver: HTTPServer, start: Start) -> None:
    """An upstream with a path of its own writes that path into its links, which the proxy stands for."""
    link = {"location": "/v1/jobs/1", "link": f"<{httpserver.url_for('/v1/jobs?page=2')}>; rel=next"}
    httpserver.expect_request("/v1/jobs").respond_with_data("", status=202, headers=link)
    proxy = start(httpserver.url_for("/v1"))

    answer = call(proxy, "GET", "/jobs")

    assert (answer.headers["location"], answer.links["next"]["url"]) == (
        f"{proxy.url}/jobs/1",
        f"{proxy.url}/jobs?page=2",
    )


def test_an_upstream_that_refuses_is_told(start: Start, log: list[str]) -> None:
    """The client gets 502 and a reason, the log gets it too, and nothing is recorded."""
    upstream = f"http://127.0.0.1:{free_port()}"
    proxy = start(upstream)

    answer = call(proxy, "GET", "/a")

    assert answer.status_code == 502
    assert answer.json()["detail"].startswith(f"{upstream} sent no response: ConnectError")
    assert f"GET /a: {upstream} sent no response" in log[0]
    assert (proxy.recorder.recorded, proxy.failed) == (0, 1)


@pytest.fixture
def hanging() -> Iterator[Callable[[bytes], str]]:
    """Return a function that starts an upstream which says something and then nothing more."""
    with contextlib.ExitStack() as stack:

        def run(said: bytes) -> str:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def accept() -> None:
                with contextlib.suppress(OSError):
                    connection = stack.enter_context(listener.accept()[0])
                    connection.sendall(said)

            thread = threading.Thread(target=accept, daemon=True)
            thread.start()
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield run


def test_an_upstream_that_hangs_is_told(start: Start, hanging: Callable[[bytes], str], log: list[str]) -> None:
    """Silence ends with the timeout, in a 502 that says so."""
    proxy = start(hanging(b""))

    answer = call(proxy, "GET", "/a")

    assert answer.status_code == 502
    assert "sent no response: ReadTimeout" in answer.json()["detail"]
    assert len(log) == 1


def test_an_answer_that_breaks_off_is_not_recorded(
    start: Start, hanging: Callable[[bytes], str], log: list[str]
) -> None:
    """A cut body is no recording, and the client sees that it was cut."""
    proxy = start(hanging(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc"))

    with pytest.raises(httpx.RemoteProtocolError):
        call(proxy, "GET", "/a")

    assert "broke off its response: ReadTimeout" in log[0]
    assert "It was not recorded." in log[0]
    assert proxy.recorder.recorded == 0


def test_bodies_beyond_all_bounds_are_refused(
    httpserver: HTTPServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A huge request is not passed on; a huge answer is, and is not recorded. Both say how much is too much."""
    monkeypatch.setattr("harness.cassettes.record.proxy.MAX_BODY", 2 << 20)
    monkeypatch.setattr("harness.cassettes.record.proxy.MAX_SEARCHED", 2 << 20)
    httpserver.expect_request("/a").respond_with_data(b"x" * (3 << 20))
    proxy = start(httpserver.url_for(""))

    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as connection:
        connection.sendall(b"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n")
        refused = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    packed = gzip.compress(b"x" * (3 << 20))
    httpserver.expect_request("/packed").respond_with_data(packed, headers={"content-encoding": "gzip"})
    passed = call(proxy, "GET", "/a")
    unpacked = call(proxy, "GET", "/packed", headers={"accept-encoding": "gzip"})

    assert refused.startswith("HTTP/1.1 413 ")
    assert "was not forwarded: Content Too Large" in refused
    assert len(passed.content) == len(unpacked.content) == 3 << 20
    why = "over 2 MiB. It was passed on and not recorded; exclude the call, or ask for less at once."
    assert proxy.recorder.refused == [f"The response is {why}", f"The response unpacks to {why}"]
    assert proxy.recorder.recorded == 0


def test_a_session_beyond_all_bounds_is_not_recorded(
    httpserver: HTTPServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is counted are targets and headers too: a cassette of long URLs is as large as one of long bodies."""
    monkeypatch.setattr("harness.cassettes.record.proxy.MAX_SESSION", 100_000)
    httpserver.expect_request("/a").respond_with_data("ok")
    proxy = start(httpserver.url_for(""))

    for _ in range(3):
        call(proxy, "GET", f"/a?long={'a' * 40_000}")

    assert proxy.recorder.recorded == 2
    (why,) = proxy.recorder.refused
    assert why == (
        "With it, over 0 MiB would be recorded, the most of one run of `harness record`. It was passed on and not "
        "recorded; run the command again for the rest, with another --cassette."
    )


def test_a_host_that_harness_toml_does_not_name_is_refused(start: Start, log: list[str]) -> None:
    """The network's allow-list holds for what passes through too."""
    proxy = start("http://elsewhere.example.com", network=Network(["https://api.example.com"]))

    answer = call(proxy, "GET", "/a")

    assert answer.status_code == 403
    assert (
        "Refused to send GET to elsewhere.example.com: harness.toml does not name that host" in answer.json()["detail"]
    )
    assert "it names api.example.com" in log[0]


def test_production_is_only_read(httpserver: HTTPServer, start: Start) -> None:
    """A writing request does not pass to production."""
    proxy = start(httpserver.url_for(""), network=Network([httpserver.url_for("")], production=True))

    answer = call(proxy, "POST", "/a")

    assert answer.status_code == 403
    assert "environment is production" in answer.json()["detail"]
    assert httpserver.log == []


def test_what_cannot_be_searched_is_passed_on_and_not_recorded(
    httpserver: HTTPServer, start: Start, log: list[str]
) -> None:
    """A body in an unknown coding reaches the client; the recording is refused, with the reason."""
    httpserver.expect_request("/a").respond_with_data(b"\x1b\x03", headers={"content-encoding": "br"})
    proxy = start(httpserver.url_for(""))

    with httpx.Client(base_url=proxy.url, trust_env=False) as client, client.stream("GET", "/a") as response:
        assert b"".join(response.iter_raw()) == b"\x1b\x03"

    assert "encoded as 'br'" in proxy.recorder.refused[0]
    assert "encoded as 'br'" in log[0]
    assert proxy.recorder.recorded == 0


def test_appending_keeps_what_was_there(httpserver: HTTPServer, start: Start, tmp_path: Path) -> None:
    """A second session adds; the metadata knows when each interaction came."""
    httpserver.expect_request("/a").respond_with_data("1")
    httpserver.expect_request("/b").respond_with_data("2")
    for path in ("/a", "/b"):
        proxy = start(httpserver.url_for(""), append=True)
        call(proxy, "GET", path)
        proxy.recorder.write()
        proxy.recorder.write()

    document = yaml.safe_load((tmp_path / "cassette.yaml").read_text())
    assert [i["request"]["uri"] for i in document["interactions"]] == ["http://localhost/a", "http://localhost/b"]
    assert len(document["metadata"]["timings"]) == 2


def test_rewriting_replaces_what_was_there(httpserver: HTTPServer, start: Start, tmp_path: Path) -> None:
    """Without appending, a file that exists makes way, whatever it holds."""
    (tmp_path / "cassette.yaml").write_text("no cassette at all")
    httpserver.expect_request("/b").respond_with_data("2")
    for _ in range(2):
        proxy = start(httpserver.url_for(""))
        call(proxy, "GET", "/b")
        proxy.recorder.write()

    assert len(interactions(tmp_path / "cassette.yaml")) == 1


def test_a_secret_that_shows_itself_late_leaves_what_was_written_before(
    httpserver: HTTPServer, start: Start, tmp_path: Path
) -> None:
    """Each writing searches everything again."""
    secret = secrets.token_hex(16)
    httpserver.expect_request("/a").respond_with_data("1")
    proxy = start(httpserver.url_for(""))

    call(proxy, "GET", f"/a?page={secret}")
    proxy.recorder.write()
    call(proxy, "POST", "/a", json={"password": secret})
    proxy.recorder.write()

    assert secret not in (tmp_path / "cassette.yaml").read_text()
    assert len(interactions(tmp_path / "cassette.yaml")) == 2


def test_two_sessions_into_one_file_lose_nothing(httpserver: HTTPServer, start: Start, tmp_path: Path) -> None:
    """What another session wrote meanwhile stays in the file."""
    for path in ("/a", "/b", "/c"):
        httpserver.expect_request(path).respond_with_data(path)
    one, other = start(httpserver.url_for(""), append=True), start(httpserver.url_for(""), append=True)

    for proxy, path in ((one, "/a"), (other, "/b"), (one, "/c")):
        call(proxy, "GET", path)
        proxy.recorder.write()
    other.recorder.write()

    found = sorted(i["request"]["uri"] for i in interactions(tmp_path / "cassette.yaml"))
    assert found == ["http://localhost/a", "http://localhost/b", "http://localhost/c"]


def test_a_taken_port_is_an_error_that_says_so(httpserver: HTTPServer, start: Start) -> None:
    """Who asked for the port is told that something else has it."""
    with pytest.raises(ConfigurationError) as caught:
        start("http://127.0.0.1:1", port=httpserver.port)

    assert str(caught.value).startswith(f"--port {httpserver.port}: the port is in use.")


def test_a_cassette_that_is_none_is_not_appended_to(start: Start, tmp_path: Path) -> None:
    """Appending to what cannot be read fails before anything is asked of the provider, and leaves it as it is."""
    (tmp_path / "cassette.yaml").write_text("interactions: [")

    with pytest.raises(CassetteError):
        start("http://127.0.0.1:1", append=True)

    assert (tmp_path / "cassette.yaml").read_text() == "interactions: ["
