"""Cassettes that vcrpy opens for others are noted, as they are, and vcrpy is left as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import vcr
from vcr.cassette import Cassette
from vcr.request import Request

from harness.cassettes.play.opened_cassettes import OpenedCassette, opened_cassettes
from harness.errors import CassetteError

URL = "http://127.0.0.1:1/x"
STORED = f"""
interactions:
- request: {{body: null, headers: {{authorization: [secret]}}, method: GET, uri: '{URL}'}}
  response: {{body: {{string: one}}, headers: {{}}, status: {{code: 200, message: OK}}}}
- request: {{body: null, headers: {{}}, method: GET, uri: '{URL}/never'}}
  response: {{body: {{string: two}}, headers: {{}}, status: {{code: 200, message: OK}}}}
version: 1
"""


def opened(path: Path, *urls: str, **options: Any) -> OpenedCassette:
    """Open a cassette as a test does, and play the recordings of ``urls``."""
    with opened_cassettes() as found, vcr.use_cassette(str(path), record_mode="none", **options) as cassette:
        for url in urls:
            cassette.play_response(Request("GET", url, None, {}))
    (only,) = found
    return only


def test_what_was_played_is_known(tmp_path: Path) -> None:
    """Each recording that was played is given once, and no other."""
    (tmp_path / "own.yaml").write_text(STORED)

    cassette = opened(tmp_path / "own.yaml", URL)

    assert [(e.request.url, e.response.body if e.response else None) for e in cassette.played()] == [(URL, b"one")]
    assert cassette.path == tmp_path / "own.yaml"


def test_the_file_is_read_without_the_filters(tmp_path: Path) -> None:
    """What vcrpy takes out while it loads is in the file all the same."""
    (tmp_path / "own.yaml").write_text(STORED)

    cassette = opened(tmp_path / "own.yaml", filter_headers=["authorization"])

    assert [dict(request.headers) for request, _ in cassette.stored()] == [{"authorization": "secret"}, {}]


def test_a_file_that_is_missing_or_broken_is_no_secret(tmp_path: Path) -> None:
    """A missing file has nothing to search; one that cannot be read is an error that names it."""
    cassette = opened(tmp_path / "own.yaml")
    assert cassette.stored() == []

    (tmp_path / "own.yaml").write_text("{")
    with pytest.raises(CassetteError, match=r"own\.yaml cannot be read: "):
        cassette.stored()


def test_vcrpy_is_left_as_it_was() -> None:
    """After the block, and after an error in it, cassettes open as before."""
    before = vars(Cassette)["load"]

    with pytest.raises(ZeroDivisionError), opened_cassettes():
        raise ZeroDivisionError

    assert vars(Cassette)["load"] is before
