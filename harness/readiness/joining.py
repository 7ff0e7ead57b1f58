"""Joins the parts of a gate: each expected part exactly once, of this run, version and configuration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from harness.model import Finding, Outcome, Problem, SkippedTest
from harness.model.part import Claims, Part, Stamp
from harness.model.signals import SignalMatrix
from harness.model.spec_coverage import SeenOperation

_FIELDS = {
    "format": "was written in another format",
    "harness_version": "was written by another version of the harness",
    "run_id": "belongs to another run",
    "config_digest": "belongs to another configuration: harness.toml changed during the run",
}


class Joined(NamedTuple):
    """What all parts saw together."""

    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    """Those of the parts, then one for each part that is missing or was refused."""
    coverage: tuple[SeenOperation, ...]
    signals: SignalMatrix | None
    claims: Claims | None
    left_out: int
    skipped: tuple[SkippedTest, ...]


def join(written: Iterable[tuple[str, bytes]], expected: Sequence[str], stamp: Stamp) -> Joined:
    """Join parts, each given with the name of its file; what is refused or missing becomes a problem of the run.

    ``expected`` names the parts of the gate, ``stamp`` is the stamp that each must have.
    """
    problems: list[Problem] = []
    parts: dict[str, Part] = {}
    for file, content in written:
        try:
            part = msgspec.json.decode(content, type=Part)
        except (msgspec.MsgspecError, UnicodeError) as exc:
            problems.append(_error(f"{file} is not a part of a gate: {exc}."))
            continue
        if complaint := _complaint(part, parts, expected, stamp):
            problems.append(_error(f"{file}: {complaint}."))
        else:
            parts[part.name] = part
    problems += [_error(_MISSING.format(name=name)) for name in expected if name not in parts]
    return _joined([parts[name] for name in expected if name in parts], problems)


_MISSING = (
    "The part {name!r} of the gate is missing: its pytest was killed or could not store it, or its configuration or "
    "PYTEST_ADDOPTS switches off a plugin of the harness (-p no:harness-...) or lets no test run. Its output shows "
    "which."
)


def _complaint(part: Part, taken: Iterable[str], expected: Sequence[str], stamp: Stamp) -> str:
    """Return why a part cannot be taken, as the end of a sentence; empty where it can."""
    for field, complaint in _FIELDS.items():
        if getattr(part.stamp, field) != getattr(stamp, field):
            return f"the part {part.name!r} {complaint}"
    if part.name not in expected:
        return f"the gate has no part {part.name!r}"
    return f"the part {part.name!r} was there already" if part.name in taken else ""


def _joined(parts: Sequence[Part], problems: Sequence[Problem]) -> Joined:
    claims = [part.claims for part in parts if part.claims is not None]
    together = Claims()
    for each in claims:
        together.add(each)
    return Joined(
        findings=tuple(finding for part in parts for finding in part.findings),
        problems=(*(problem for part in parts for problem in part.problems), *problems),
        coverage=tuple(seen for part in parts for seen in part.coverage),
        signals=next((part.signals for part in reversed(parts) if part.signals is not None), None),
        claims=together if claims else None,
        left_out=sum(part.left_out for part in parts),
        skipped=tuple(test for part in parts for test in part.skipped),
    )


def _error(text: str) -> Problem:
    return Problem(outcome=Outcome.ERROR, text=text)
