"""Recordings of real APIs, as SDKs publish them with their tests, are read, played, and held against a document."""

from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.cassettes.formats.conversion import read_any
from harness.cassettes.play.playback import Playback
from harness.cassettes.store.recording import Recording
from harness.cassettes.store.vcr_messages import vcr_request
from harness.openapi.spec_document import load_spec
from harness.secrets.redaction.redactor import Redactor
from tests.real.conftest import INSTALL, REAL


class Sdk(NamedTuple):
    """A source distribution, and what it holds."""

    folder: str
    """Of its cassettes."""
    files: int
    exchanges: int


SDKS = {
    "github3.py-4.0.1": Sdk("tests/cassettes", files=402, exchanges=1059),  # Betamax of several years
    "prawcore-4.0.0": Sdk("tests/integration/cassettes", files=55, exchanges=104),  # Betamax
    "asyncpraw-8.0.3": Sdk("tests/integration/cassettes", files=648, exchanges=2858),  # vcrpy's JSON, of aiohttp
}
DESCRIBED = 0.8
"""Least share of github3.py's calls that GitHub's document of today describes; it has dropped the others since."""


def recordings(name: str, folder: Path) -> Iterator[list[Recording]]:
    """Yield the exchanges of each cassette of an SDK."""
    archive = REAL / "sdists" / f"{name}.tar.gz"
    if not (archive.parent / ".ready").exists():
        pytest.skip(f"{archive} is missing. {INSTALL}")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    for path in sorted((folder / name / SDKS[name].folder).glob("*.json")):
        found = read_any(path)
        assert not found.left_out, path.name
        yield found.exchanges


@pytest.mark.parametrize("name", SDKS)
def test_every_recording_answers_the_request_that_it_is_of(name: str, tmp_path: Path) -> None:
    """Each is read, and asked again in the order of its cassette each request gets its own response."""
    files = exchanges = 0
    for cassette in recordings(name, tmp_path):
        files, exchanges = files + 1, exchanges + len(cassette)
        playback = Playback(cassette, redactor=Redactor())
        for number, exchange in enumerate(playback.recordings):
            found, differences = playback.find(vcr_request(exchange.request))
            assert (playback.serve(found), differences) == (number, ""), exchange.request.url

    assert (files, exchanges) == SDKS[name][1:]


def test_githubs_document_describes_the_recordings_of_its_api(node_modules: Path, tmp_path: Path) -> None:
    """What an SDK called is found in the document by method and path."""
    document = node_modules / "node_modules/@octokit/openapi/generated/api.github.com.json"
    spec = load_spec(str(document), root=tmp_path)

    found = Counter(
        spec.find(exchange.request.method, exchange.request.url) is not None
        for cassette in recordings("github3.py-4.0.1", tmp_path)
        for exchange in cassette
    )

    assert found[True] / found.total() >= DESCRIBED
