"""The cassette of a scenario: what is played for which call, and what is said of one that is not recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from harness.cassettes.play.replay_transport import ReplayTransport
from harness.errors import CassetteError

from .conftest import AGAIN, Interaction, interaction, write

if TYPE_CHECKING:
    from .conftest import Opened

URL = "http://127.0.0.1"


def client(opened: Opened) -> httpx.Client:
    return httpx.Client(transport=ReplayTransport(opened()), base_url=URL)


def test_a_sequence_advances_and_repeats_its_last(path: Path, opened: Opened) -> None:
    """Equal safe calls get the recorded answers in order, then the last one again; other calls do not disturb them."""
    write(path, [interaction("GET", "/a", n) for n in range(3)] + [interaction("GET", "/b", "b")])

    with client(opened) as http:
        seen = [http.get("/a").json() for _ in range(2)] + [http.get("/b").json(), http.get("/b").json()]
        seen += [http.get("/a").json() for _ in range(3)]

    assert seen == [0, 1, "b", "b", 2, 2, 2]


def test_calls_are_found_by_their_body(path: Path, opened: Opened) -> None:
    """Of many calls to one URL each gets its own answer, whatever the order and the spelling of its JSON."""
    write(path, [interaction("POST", "/a", n, body={"n": n, "m": [None]}) for n in range(50)])

    with client(opened) as http:
        for n in reversed(range(50)):
            body = json.dumps({"m": [None], "n": n}, indent=2)
            assert http.post("/a", content=body, headers={"content-type": "application/json"}).json() == n


def test_a_key_in_the_query_decides_no_match(path: Path, opened: Opened) -> None:
    """A call with any key, or none, is answered from the recording, which has none; nothing shows the key."""
    write(path, [interaction("GET", "/a?b=1", "b")])

    with httpx.Client(transport=ReplayTransport(opened(key_names=["appid"])), base_url=URL) as http:
        assert [http.get(f"/a?b=1{key}").json() for key in ("", "&appid=k3y", "&appid=other")] == ["b"] * 3
        with pytest.raises(CassetteError) as refused:
            http.get("/a?b=2&appid=k3y")

    assert "k3y" not in str(refused.value)


def multipart(boundary: str, text: str = "hello") -> Interaction:
    recorded = interaction("POST", "/upload", "done")
    recorded["request"]["headers"] = {"content-type": [f"multipart/form-data; boundary={boundary}"]}
    part = 'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain'
    recorded["request"]["body"] = f"--{boundary}\r\n{part}\r\n\r\n{text}\r\n--{boundary}--\r\n".encode()
    return recorded


def test_multipart_bodies_match_by_their_parts(path: Path, opened: Opened) -> None:
    """The boundary, which every client draws by chance, makes no difference; the parts do."""
    write(path, [multipart("0123abcd")])

    with client(opened) as http:
        assert http.post("/upload", files={"file": ("a.txt", b"hello", "text/plain")}).json() == "done"
        with pytest.raises(CassetteError, match="has no recording of POST /upload"):
            http.post("/upload", files={"file": ("a.txt", b"other", "text/plain")})


def test_a_quoted_boundary_is_one_boundary(path: Path, opened: Opened) -> None:
    """Some clients draw boundaries with characters that only a quoted parameter may contain."""
    recorded = multipart("=_a,b;c")
    recorded["request"]["headers"] = {"content-type": ['multipart/form-data; boundary="=_a,b;c"']}
    write(path, [recorded])

    with client(opened) as http:
        assert http.post("/upload", files={"file": ("a.txt", b"hello", "text/plain")}).json() == "done"


def test_a_streamed_body_matches_as_a_whole(path: Path, opened: Opened) -> None:
    """What a client sends in parts is one body."""
    write(path, [interaction("POST", "/a", "done", body={"n": 1})])

    with client(opened) as http:
        parts = iter([b'{"n"', b": 1}"])
        assert http.post("/a", content=parts, headers={"content-type": "application/json"}).json() == "done"


def test_repeated_headers_and_the_reason_survive(path: Path, opened: Opened) -> None:
    """A response comes out as it was recorded."""
    recorded = interaction("GET", "/a", "x", status=299)
    recorded["response"]["status"]["message"] = "Nearly OK"
    recorded["response"]["headers"]["x-link"] = ["a", "b"]
    write(path, [recorded])

    with client(opened) as http:
        response = http.get("/a")

    assert (response.status_code, response.reason_phrase) == (299, "Nearly OK")
    assert response.headers.get_list("x-link") == ["a", "b"]


@pytest.mark.parametrize("host, found", [("localhost:8080", True), ("127.0.0.1", True), ("other.example", False)])
def test_the_hosts_of_the_provider_are_one(host: str, found: bool, path: Path, opened: Opened) -> None:  # noqa: FBT001
    """A recording plays at every address of the provider, and for no other host."""
    write(path, [interaction("GET", "/a", "x")])

    with client(opened) as http:
        if found:
            assert http.get(f"http://{host}/a").json() == "x"
        else:
            with pytest.raises(CassetteError, match="host: changed value, recorded"):
                http.get(f"http://{host}/a")


def test_the_closest_recordings_come_first(path: Path, opened: Opened) -> None:
    """A call that is not recorded is shown beside the most alike: path before method, query and body."""
    others = [interaction("GET", f"/things/{n}/parts", n) for n in range(50)]
    alike = [
        interaction("POST", "/runs?page=1", 1, body={"trigger": "manual", "tags": ["a"]}),
        interaction("GET", "/runs"),
    ]
    write(path, [*others, *alike])

    # Written out, because httpx separates the parts of its own JSON differently from version to version.
    sent = '{"trigger":"schedule","tags":["a","b"]}'

    with client(opened) as http, pytest.raises(CassetteError) as caught:
        http.post("/runs?page=2", content=sent, headers={"Content-Type": "application/json"})

    assert str(caught.value).splitlines() == [
        "cassettes/x/test_x.yaml has no recording of POST /runs?page=2.",
        "Closest recorded:",
        "  51. POST /runs?page=1",
        '       query.page: changed value, recorded "1", seen "2"',
        '       $.trigger: changed value, recorded "manual", seen "schedule"',
        '       $.tags[1]: added, seen "b"',
        "  52. GET /runs",
        '       method: changed value, recorded "GET", seen "POST"',
        '       query.page: added, seen "2"',
        '       body: added, seen "{\\"trigger\\":\\"schedule\\",\\"tags\\":[\\"a\\",\\"b\\"]}"',
        "  1. GET /things/0/parts",
        '       method: changed value, recorded "GET", seen "POST"',
        '       path: changed value, recorded "/things/0/parts", seen "/runs"',
        '       query.page: added, seen "2"',
        '       body: added, seen "{\\"trigger\\":\\"schedule\\",\\"tags\\":[\\"a\\",\\"b\\"]}"',
        f"If the scenario or the API changed, record it again: {AGAIN}",
    ]
