"""Cassettes made at run time, and opened as the plugin opens them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import vcr

from harness.cassettes.play.matching import matchers_for
from harness.cassettes.play.scenario import CassetteMode, ScenarioCassette
from harness.cassettes.store.cassette_file import CassetteFile
from harness.cassettes.store.metadata import Metadata
from harness.cassettes.store.storage import Storage

MATCH_ON = ("method", "host", "path", "query", "body")
AGAIN = "pytest --harness-mode=rewrite test_x.py::test_x"

Interaction = dict[str, Any]
Opened = Callable[..., ScenarioCassette]


def interaction(method: str, path: str, answer: Any = None, *, body: Any = None, status: int = 200) -> Interaction:
    """Return one exchange with JSON bodies, as it stands in a cassette."""
    content = {"content-type": ["application/json"]}
    sent = b"" if body is None else json.dumps(body).encode()
    url, headers = f"http://127.0.0.1{path}", content if sent else {}
    return {
        "request": {"method": method, "uri": url, "body": sent, "headers": headers},
        "response": {
            "status": {"code": status, "message": "OK"},
            "headers": content,
            "body": {"string": json.dumps(answer).encode()},
        },
    }


def write(path: Path, interactions: Iterable[Interaction], **metadata: str) -> Path:
    """Write a cassette."""
    Storage().write(path, CassetteFile(list(interactions), metadata))
    return path


def stock(path: Path) -> list[tuple[str, str, bytes]]:
    """Return method, URI and response body of every interaction, as stock vcrpy reads them."""
    with vcr.VCR(record_mode="none").use_cassette(str(path)) as cassette:
        return [(r.method, r.uri, response["body"]["string"]) for r, response in cassette.data]


@contextmanager
def open_cassette(
    path: Path, *, record: bool, redact: Callable[[str], str] = str, again: str = AGAIN
) -> Iterator[ScenarioCassette]:
    """Let every client in this process go through the cassette at ``path`` for the block."""
    cassette = ScenarioCassette(
        path,
        CassetteMode.RECORD if record else CassetteMode.REPLAY,
        match_on=matchers_for(MATCH_ON, provider={"127.0.0.1", "localhost"}),
        redact=redact,
        guard=lambda _method, _url: None,
        again=again,
        place=path.name,
    )
    with cassette.patched():
        yield cassette
    cassette.save(Metadata())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the cassette of a test lies."""
    return tmp_path / "cassettes" / "x" / "test_x.yaml"


@pytest.fixture
def opened(path: Path) -> Opened:
    """Open the cassette at ``path`` in a mode."""

    def open_(mode: str = "replay", **settings: Any) -> ScenarioCassette:
        defaults: dict[str, Any] = {
            "match_on": matchers_for(MATCH_ON, provider={"127.0.0.1", "localhost"}),
            "redact": lambda text: text,
            "guard": lambda _method, _url: None,
            "again": AGAIN,
            "place": "cassettes/x/test_x.yaml",
        }
        return ScenarioCassette(path, CassetteMode(mode), **{**defaults, **settings})

    return open_
