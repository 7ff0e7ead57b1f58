from __future__ import annotations

import itertools
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import requests
import urllib3
from werkzeug import Request, Response
from werkzeug.serving import make_server

from harness.cassettes.play import passing_response, streamed_http_client
from harness.cassettes.play.matching import matchers_for
from harness.cassettes.play.scenario import CassetteMode, ScenarioCassette
from harness.cassettes.store.metadata import Metadata
from harness.errors import CassetteError

EVENTS = b"data: 0\n\ndata: 1\n\n"
BODIES: dict[str, tuple[str, bytes, bool]] = {
    "events": ("text/event-stream", EVENTS, False),
    "events-and-a-half": ("text/event-stream; charset=utf-8", EVENTS + b"data: 2", False),
    "lines": ("application/x-ndjson", b'{"a": 1}\n{"a": 2}\n', False),
    "pages": ("application/json", b"[1]", False),
    "endless-events": ("text/event-stream", EVENTS, True),
    "endless-lines": ("application/x-ndjson", b'{"a": 1}\n', True),
    "endless-text": ("text/plain", b"x", True),
}


@pytest.fixture
def url() -> Iterator[str]:
    """Return the URL of a server that answers with each of the bodies."""
    ended = threading.Event()

    def answer(environ: object, start: Callable[..., object]) -> object:
        kind, body, endless = BODIES[Request(environ).args["body"]]  # type: ignore[arg-type]  # as WSGI has it

        def pieces() -> Iterator[bytes]:
            for _ in itertools.count():
                yield body
                if not endless or ended.wait(0.05):
                    return

        return Response(pieces(), content_type=kind)(environ, start)  # type: ignore[arg-type]

    server = make_server("127.0.0.1", 0, answer, threaded=True)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/"
    ended.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cassette(tmp_path: Path) -> Iterator[ScenarioCassette]:
    """Return a cassette that records every client."""
    made = opened(tmp_path, CassetteMode.RECORD)
    with made.patched():
        yield made


def opened(folder: Path, mode: CassetteMode) -> ScenarioCassette:
    return ScenarioCassette(
        folder / "c.yaml",
        mode,
        match_on=matchers_for(["method", "path", "query"], provider=()),
        redact=str,
        guard=lambda _method, _url: None,
        again="",
        place="c.yaml",
    )


def by_httpx(url: str) -> bytes:
    return httpx.get(url, trust_env=False).content


def by_httpx_stream(url: str) -> bytes:
    with httpx.stream("GET", url, trust_env=False, timeout=None) as answer:
        return b"".join(answer.iter_bytes())


def by_requests(url: str) -> bytes:
    return requests.get(url).content


def by_requests_stream(url: str) -> bytes:
    with requests.get(url, stream=True) as answer:
        return b"".join(answer.iter_content(7))


def by_urllib3(url: str) -> bytes:
    return urllib3.request("GET", url).data


def by_urllib(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        return bytes(answer.read())


CLIENTS = (by_httpx, by_httpx_stream, by_requests, by_requests_stream, by_urllib3, by_urllib)


@pytest.mark.parametrize("name", ["events", "events-and-a-half", "lines", "pages"])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_response_that_ends_is_recorded_whole(
    client: Callable[[str], bytes], name: str, url: str, cassette: ScenarioCassette
) -> None:
    """A client sees all of a finite stream, read piece by piece or at once, and so does the cassette."""
    assert client(f"{url}?body={name}") == BODIES[name][1]
    assert [response["body"]["string"] for _, response in cassette.exchanges] == [BODIES[name][1]]
    assert cassette.passing == []


@pytest.mark.parametrize("name", ["endless-events", "endless-lines", "endless-text"])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_response_without_an_end_is_refused_with_what_to_do(
    client: Callable[[str], bytes],
    name: str,
    url: str,
    cassette: ScenarioCassette,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No live call is unbounded, whatever its client waits for; what was refused is not recorded."""
    for module in (passing_response, streamed_http_client):
        monkeypatch.setattr(module, "WHOLE_WITHIN_S", 0.3)

    with pytest.raises(CassetteError) as caught:
        client(f"{url}?body={name}")

    assert str(caught.value).startswith("GET /: the response had not ended after 0.3 s or 64 MiB, and was not recorded")
    assert "close it when the test has what it needs." in str(caught.value)
    assert (cassette.exchanges, cassette.passing) == ([], [])


@pytest.mark.parametrize("name,recorded", [("events-and-a-half", EVENTS), ("pages", b"[1]")])
def test_what_a_client_closes_early_is_recorded_as_far_as_it_can_be(
    name: str, recorded: bytes, url: str, cassette: ScenarioCassette
) -> None:
    """A stream up to its last whole message, anything else whole."""
    with httpx.stream("GET", f"{url}?body={name}", trust_env=False) as answer:
        if name != "pages":
            next(answer.iter_bytes())

    assert [response["body"]["string"] for _, response in cassette.exchanges] == [recorded]


def test_a_stream_that_is_never_closed_is_recorded_at_the_end(url: str, cassette: ScenarioCassette) -> None:
    """The end of the test ends it."""
    with httpx.Client(trust_env=False) as client:
        request = client.build_request("GET", f"{url}?body=endless-events")
        next(client.send(request, stream=True).iter_bytes())

        cassette.settle()

    assert cassette.exchanges[0][1]["body"]["string"].startswith(b"data: 0\n\n")


@pytest.mark.parametrize("mode", [CassetteMode.RECORD, CassetteMode.REPLAY])
@pytest.mark.parametrize("name", ["pages", "events"])
def test_an_error_in_a_block_leaves_it(
    name: str, mode: CassetteMode, url: str, cassette: ScenarioCassette, tmp_path: Path
) -> None:
    """A test that fails beside an open response fails, recorded or played."""
    address = f"{url}?body={name}"
    played = cassette
    if mode is CassetteMode.REPLAY:
        by_urllib(address)
        cassette.save(Metadata(recorded_at="2026-11-28T00:00:00Z"))
        played = opened(tmp_path, mode)

    with played.patched(), pytest.raises(ZeroDivisionError), urllib.request.urlopen(address):
        raise ZeroDivisionError
