"""The folder of all cassettes: those that no scenario was played from, and those that no scenario plays any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from harness.cassettes.checks.recording_checks import ORPHANED
from harness.cassettes.checks.staleness import judge_age
from harness.cassettes.store.cassette_file import CassetteFile
from harness.cassettes.store.cassette_paths import FOLDER, folders_of
from harness.cassettes.store.metadata import Metadata
from harness.cassettes.store.storage import Storage
from harness.errors import CassetteError
from harness.model import Finding, Outcome
from harness.model.part import Claims


class Stray(msgspec.Struct):
    """A cassette that no test of this run was played from."""

    place: str
    document: CassetteFile
    metadata: Metadata


def strays(root: Path, claims: Claims, *, cache: Path | None = None) -> Iterator[Stray | Finding]:
    """Yield every cassette that no test plays, or a finding for one that cannot be read."""
    for path in sorted((root / FOLDER).rglob("*.yaml")):
        place = path.relative_to(root).as_posix()
        if place in claims.played or path.is_dir():
            continue
        try:
            document = Storage(cache).read(path)
        except CassetteError as exc:
            yield unreadable(str(exc).replace(str(path), place))
        else:
            yield Stray(place, document, Metadata.of(document.metadata))


def judge_stray(stray: Stray, claims: Claims, *, root: Path, max_age_s: float | None) -> Iterator[Finding]:
    """Yield whether a cassette is an orphan, whose scenario is gone, and whether it is too old."""
    if is_orphan(stray, claims, root=root):
        by = f", recorded by {stray.metadata.scenario}," if stray.metadata.scenario else ""
        text = f"{stray.place}{by} is an orphan: no scenario plays it"
        yield _finding(text, again=f"git rm {stray.place}")
    else:
        yield from judge_age(stray.metadata, stray.place, again="", max_age_s=max_age_s)


def is_orphan(stray: Stray, claims: Claims, *, root: Path) -> bool:
    """Whether the scenario of a cassette is known to be gone; what this run did not collect may still be there."""
    if stray.place in claims.claimed:
        return False
    if stray.metadata.scenario:
        file = stray.metadata.scenario.partition("::")[0]
        return file in claims.files or not (root / file).exists()
    folder = PurePosixPath(stray.place).parent
    return any(folder in folders_of(PurePosixPath(file)) for file in claims.files)


def unreadable(summary: str) -> Finding:
    """Return the finding for a cassette that cannot be read, or not judged."""
    return _finding(summary)


def _finding(summary: str, again: str = "") -> Finding:
    return ORPHANED.finding(Outcome.FAIL, summary, summary=summary, reproduce=again, case="", cause=summary)
