"""`harness replay` and scenarios find the same recording for the same call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from vcr.request import Request

from harness.cassettes.play.matching import matchers_for
from harness.cassettes.play.playback import Playback, load
from harness.cassettes.play.request_index import RequestIndex
from harness.cassettes.play.scenario import CassetteMode, ScenarioCassette
from harness.cassettes.store.cassette_file import CassetteFile
from harness.cassettes.store.storage import Storage
from harness.secrets.redaction.redactor import Redactor

JSON = {"content-type": "application/json"}
RECORDED = [
    ("GET", "/a?x=1&y=2", b"", {}),
    ("POST", "/a", b'{"a": 1, "b": 2}', JSON),
    ("POST", "/a", b'{"a": 2}', JSON),
    ("POST", "/a", b"", {}),
    ("GET", "/b", b"", {"accept": "text/plain"}),
    ("GET", "/b", b"", {"accept": "text/html"}),
]
ASKED = [
    *RECORDED,
    ("GET", "/a?y=2&x=1", b"", {}),
    ("GET", "/a?x=2", b"", {}),
    ("POST", "/a", b'{"b":2,"a":1}', JSON),
    ("POST", "/a", b'{"b":2,"a":1}', {}),
    ("POST", "/a", b'{"a": 3}', JSON),
    ("PUT", "/a", b"", {}),
    ("GET", "/b", b"", {}),
    ("GET", "/b/", b"", {}),
]
MATCH_ON = [
    ("method", "host", "path", "query", "body"),
    ("method", "path"),
    ("method", "path", "headers"),
    ("path", "query"),
    ("scheme", "host", "port", "method"),
    ("body",),
]


def request(method: str, target: str, body: bytes | None, headers: dict[str, str]) -> Request:
    return Request(method, f"http://127.0.0.1{target}", body, dict(headers))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    interactions = [
        {
            "request": request(*row)._to_dict(),
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {},
                "body": {"string": str(number).encode()},
            },
        }
        for number, row in enumerate(RECORDED)
    ]
    Storage().write(tmp_path / "c.yaml", CassetteFile(interactions, {}))
    return tmp_path / "c.yaml"


@pytest.mark.parametrize("match_on", MATCH_ON, ids=",".join)
def test_both_ways_of_playing_a_recording_agree(path: Path, match_on: tuple[str, ...]) -> None:
    """`match_on` holds in `harness replay` as it does in scenarios."""
    playback = Playback(load([path]), redactor=Redactor(), match_on=match_on)
    scenario = ScenarioCassette(
        path,
        CassetteMode.VERIFY,
        match_on=matchers_for(match_on, provider={"127.0.0.1"}),
        redact=str,
        guard=lambda _method, _url: None,
        again="",
        place="c.yaml",
    )

    for asked in ASKED:
        assert playback.find(request(*asked))[0] == scenario.recordings_of(request(*asked)), asked


FORM = {"content-type": "application/x-www-form-urlencoded"}
LOGIN = '{"user": "ada", "password": "%s"}'
Call = tuple[str, str, bytes, dict[str, str]]


def login(password: str) -> Call:
    return ("POST", "/login", (LOGIN % password).encode(), JSON)


def get(target: str, **headers: str) -> Call:
    return ("GET", target, b"", headers)


def form(body: str) -> Call:
    return ("POST", "/token", body.encode(), FORM)


RECORDED_ELSEWHERE: dict[str, tuple[list[Call], Call, list[int]]] = {
    "as it is": ([get("/a?access_token=one")], get("/a?access_token=one"), [0]),
    "each its own": ([login("one"), login("two")], login("two"), [1]),
    "another password": ([login("one"), get("/a")], login("two"), [0]),
    "another token": ([get("/a?access_token=one&x=1")], get("/a?x=1&access_token=two"), [0]),
    "another shape": ([get("/a?q=ghp_" + "x" * 36)], get("/a?q=ghp_" + "y" * 36), [0]),
    "betamax": ([get("/a?access_token=<TOKEN>")], get("/a?access_token=two"), [0]),
    "betamax, escaped": ([get("/a?access_token=%3CTOKEN%3E")], get("/a?access_token=two"), [0]),
    "go-vcr": ([login("[REDACTED]")], login("two"), [0]),
    "any word": ([login("not-the-password")], login("two"), [0]),
    "form": ([form("grant_type=password&password=XXX")], form("grant_type=password&password=two"), [0]),
    "query left out": ([get("/a")], get("/a?api_key=two"), [0]),
    "query left out beside another": ([get("/a?x=1")], get("/a?api_key=two&x=1"), [0]),
    "member left out": ([("POST", "/login", b'{"user": "ada"}', JSON)], login("two"), [0]),
    "field left out": ([form("grant_type=password")], form("grant_type=password&client_secret=two"), [0]),
    "ours": ([login("[REDACTED password]")], login("two"), [0]),
    "ours, of the environment": ([login("[REDACTED env:PASSWORD]")], login("known"), [0]),
    "no key": ([get("/a?api_key=one")], get("/a"), []),
    "an empty password": ([login("one")], login(""), []),
    "another user": ([login("one")], ("POST", "/login", (LOGIN % "one").replace("ada", "eve").encode(), JSON), []),
    "another parameter": ([get("/a?access_token=one&x=1")], get("/a?access_token=two&x=2"), []),
    "another page": ([get("/a?page_token=one")], get("/a?page_token=two"), []),
}


def playing(path: Path, recorded: Sequence[Call], mode: CassetteMode) -> tuple[Playback, ScenarioCassette]:
    """Return both ways of playing requests that are stored as they are."""
    answer = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b""}}
    interactions = [{"request": request(*call)._to_dict(), "response": answer} for call in recorded]
    Storage().write(path, CassetteFile(interactions, {}))

    def known(text: str) -> str:
        return text.replace("known", "[REDACTED env:PASSWORD]")

    match_on = matchers_for(["method", "host", "path", "query", "body"], provider={"127.0.0.1"})
    scenario = ScenarioCassette(
        path, mode, match_on=match_on, redact=known, guard=lambda _method, _url: None, again="", place="c.yaml"
    )
    return Playback(load([path]), redactor=Redactor(known)), scenario


@pytest.mark.parametrize("mode", [CassetteMode.REPLAY, CassetteMode.RECORD, CassetteMode.VERIFY])
@pytest.mark.parametrize("name", RECORDED_ELSEWHERE)
def test_a_recording_of_another_tool_is_found_whatever_it_has_for_secrets(
    name: str, mode: CassetteMode, tmp_path: Path
) -> None:
    """The very request comes first; else secrets count on neither side, and everything else does on both."""
    recorded, asked, expected = RECORDED_ELSEWHERE[name]

    playback, scenario = playing(tmp_path / "c.yaml", recorded, mode)

    assert playback.find(request(*asked))[0] == expected
    assert scenario.recordings_of(request(*asked)) == expected
    if mode is not CassetteMode.VERIFY and expected:
        assert scenario.can_play_response_for(request(*asked))


def test_a_scenario_tells_the_secrets_of_its_own_recording_apart(tmp_path: Path) -> None:
    """Placeholders of the harness are numbered, so that a second password is another one; a server takes any."""
    playback, scenario = playing(tmp_path / "c.yaml", [login("[REDACTED password]")], CassetteMode.REPLAY)

    assert [scenario.recordings_of(request(*login(p))) for p in ("one", "two", "one")] == [[0], [], [0]]
    assert [playback.find(request(*login(p)))[0] for p in ("one", "two")] == [[0], [0]]


def test_an_absent_body_and_an_empty_one_are_equal(path: Path) -> None:
    """No client can send the difference."""
    playback = Playback(load([path]), redactor=Redactor())

    assert playback.find(request("POST", "/a", None, {}))[0] == playback.find(request("POST", "/a", b"", {}))[0] == [3]


def test_an_index_knows_its_requests_by_number() -> None:
    """Numbers are given in the order in which requests come."""
    index = RequestIndex(matchers_for(["method", "path"], provider=()))
    for row in RECORDED:
        index.add(request(*row))

    assert len(index) == len(RECORDED)
    assert index.matching(request("POST", "/a", b"other", {})) == [1, 2, 3]
    assert index.matching(request("DELETE", "/a", b"", {})) == []


def test_a_body_far_longer_than_any_recorded_is_not_compared(path: Path) -> None:
    """It matches nothing, and the message gives both lengths; no copy of it is made to search it for secrets."""
    playback = Playback(load([path]), redactor=Redactor())
    asked = request("POST", "/a?api_key=one", b"a" * (2 << 20), {})

    assert playback.find(asked) == ([], "")
    problem = playback.miss(asked)

    assert problem["status"] == 501
    assert problem["detail"] == (
        f"{path} has no recording of POST /a?api_key=%5BREDACTED+api_key%5D with a body of 2,097,152 bytes; "
        "the longest one has 16."
    )


def test_a_long_body_is_no_hindrance_where_none_is_compared(path: Path) -> None:
    """What `match_on` leaves out may be of any size."""
    playback = Playback(load([path]), redactor=Redactor(), match_on=("method", "path"))

    assert playback.find(request("PUT", "/b", b"a" * (2 << 20), {})) == ([], "")
    assert playback.find(request("POST", "/a", b"a" * (2 << 20), {}))[0] == [1, 2, 3]
    assert "Closest recorded" in playback.miss(request("PUT", "/b", b"a" * (2 << 20), {}))["detail"]
