"""Globs of harness.toml that name no file: a failure, as what they were to name would otherwise go unchecked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.model import Outcome

if TYPE_CHECKING:
    from harness.context.target import Target
    from harness.model import Check, Finding


def unmatched(target: Target, key: str, globs: Iterable[str], *, folders: bool = False) -> Iterator[tuple[str, str]]:
    """Yield each glob of a key, such as ``[telemetry] dashboards``, that names no file, and a sentence about that.

    With ``folders``, a glob may also name a folder that has files.
    """
    for glob in globs:
        if not target.files(glob, f"{glob.rstrip('/')}/**/*" if folders else None):
            place = f"no file matches {glob!r}, from the folder of harness.toml"
            yield glob, f"harness.toml: {key}: {place}. Correct it, or remove it"


def judge_globs(target: Target, check: Check, key: str, globs: Iterable[str]) -> Iterator[Finding]:
    """Yield a failure of ``check`` for each glob of a key that names no file."""
    for glob, observed in unmatched(target, key, globs):
        yield check.finding(Outcome.FAIL, observed, summary=observed, case=f"{check.id}-{glob}")
