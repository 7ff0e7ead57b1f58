"""`harness replay` and scenarios find the same recording for the same call."""

from __future__ import annotations

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
