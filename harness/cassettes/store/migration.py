"""Cassettes under the names of earlier versions, and what becomes of each: renamed, or left for a stated reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from harness.cassettes.store.cassette_paths import FOLDER, CassettePath
from harness.cassettes.store.metadata import Metadata
from harness.cassettes.store.storage import Storage
from harness.errors import CassetteError

TABLE = "HARNESS_CASSETTE_TABLE"
"""Environment variable with the file into which pytest, collecting, writes the list of every `Owner`, as JSON."""


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """A test that has a cassette."""

    test: str
    """Its node id, without the mode it runs in."""
    path: CassettePath


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One cassette under its former name; paths are relative to the folder of harness.toml."""

    former: str
    current: str = ""
    """Its new name; empty for one that is left where it is."""
    why_not: str = ""
    """Why it is left, and what to do; empty for one that can be renamed."""


def moves(owners: Iterable[Owner], root: Path) -> Iterator[Move]:
    """Yield what becomes of every cassette that lies under a former name of one of the tests."""
    owned: dict[str, dict[str, str]] = defaultdict(dict)
    for owner in owners:
        if owner.path.former != owner.path.current:
            owned[owner.path.former][owner.path.current] = owner.test
    for former in sorted(owned):
        if (root / former).is_file():
            current = next(iter(owned[former]))
            why_not = _why_not(former, owned[former], root)
            yield Move(former=former, why_not=why_not) if why_not else Move(former=former, current=current)


def _why_not(former: str, tests: Mapping[str, str], root: Path) -> str:
    """Return why a cassette is not renamed; ``tests`` has the node id of each test it may be of, by its new path."""
    names = sorted(tests.values())
    if len(tests) > 1:
        return f"{' and '.join(names)} share it. Record each with pytest --harness-mode=rewrite, then remove this file."
    (current,) = tests
    if (root / current).exists():
        return f"{current} already exists. Compare the two, and remove one."
    try:
        recorded_by = Metadata.of(Storage().read(root / former).metadata).scenario
    except CassetteError as exc:
        return str(exc)
    if recorded_by and not (recorded_by.endswith(names[0]) or names[0].endswith(recorded_by)):
        return (
            f"{recorded_by} recorded it, and {names[0]} would play it. Record {names[0]} again, or rename it yourself."
        )
    return ""


def carry_out(move: Move, root: Path) -> None:
    """Rename one cassette, and remove the folders that it leaves empty.

    Raises `CassetteError` where that fails, also for a file that has come to be there; the cassette is then as it was.
    """
    former, current = root / move.former, root / move.current
    try:
        current.parent.mkdir(parents=True, exist_ok=True)
        current.hardlink_to(former)  # unlike a renaming, it never replaces what another process has just written
        try:
            former.unlink()
        except OSError:
            current.unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise CassetteError(f"{move.former} could not be renamed to {move.current}: {exc.strerror}.") from None
    for folder in former.parents:
        if folder == root / FOLDER or any(folder.iterdir()):
            break
        folder.rmdir()
