"""Gates of real API servers and receivers, each held against what a person found in it by hand.

A folder of ``providers`` or ``receivers`` has a ``harness.toml``, its ``causes.toml`` and the files that these need.
REAL/ and SHARED/ in the first are replaced by the folders of the installed parts and of the shared data.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.model import Finding, Outcome
from harness.model.report import Report
from harness.reports.json import read
from tests.real.conftest import REAL

MOST_FOR_A_CAUSE = 1.3
"""Findings of a gate for each distinct cause, at most."""
SEED = 7
GATE_S = 600
"""Seconds after which a gate is taken to hang."""


class Kind(StrEnum):
    """What a person thinks of a cause."""

    TRUE = "true"
    """Somebody would correct it."""
    NOTE = "note"
    """It is so, and nobody would correct it."""
    FALSE = "false"
    """It is no fault of the server; no finding may report it."""


class Cause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of ``causes.toml``."""

    operations: str = ".*"
    """Pattern of the operations, such as ``GET /.*``; it fits the empty text for findings about none of them."""
    checks: str = ".*"
    """Pattern that the ids of all checks of a finding fit, such as ``body-.*``."""
    shows: str
    """Pattern that occurs in the summary, the cause or the observation of each of its findings."""
    kind: Kind
    rare: bool = False
    """Whether a run may miss it, because generated requests do not always reach it."""
    findings: int = 1
    """How many findings may report it, at most."""
    why: str
    confirmed: tuple[str, ...] = ()
    """Where the source of a library shows it: path and line below the folder that it is installed in, and text of that
    line, such as ``stripe/_http_client.py:159 if status_code >= 500``."""

    def misplaced(self, libraries: Path) -> list[str]:
        """Return the places that do not have their text, in packages installed in ``libraries``."""
        places = (each.split(" ", 1) for each in self.confirmed)
        return [f"{place} {text}" for place, text in places if text not in _line_at(libraries, place)]

    def explains(self, finding: Finding) -> bool:
        """Whether ``finding`` is of this cause."""
        about = finding.operations or (finding.subject,)
        text = f"{finding.summary}\n{finding.cause}\n{finding.observed}"
        fits = any(re.fullmatch(self.operations, each) for each in about) and bool(re.search(self.shows, text))
        return fits and all(re.fullmatch(self.checks, each) for each in checks_of(finding))


def _line_at(libraries: Path, place: str) -> str:
    file, _, number = place.rpartition(":")
    lines = (libraries / file).read_text(encoding="utf-8").splitlines()
    return lines[int(number) - 1] if int(number) <= len(lines) else ""


def checks_of(finding: Finding) -> tuple[str, ...]:
    """Return the ids of the checks that found it: several where it joins the findings of one cause."""
    return tuple(dict.fromkeys(member.check for member in finding.members)) or (finding.check or finding.case,)


class Causes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``causes.toml``."""

    cause: tuple[Cause, ...]


class Judgement(NamedTuple):
    """The findings of a gate beside the causes."""

    found: dict[Cause, list[Finding]]
    """By cause; a finding that several explain counts for the first."""
    unknown: list[Finding]

    def missing(self) -> list[str]:
        """Return the true causes without a finding, except those that a run may miss."""
        needed = {c: of_it for c, of_it in self.found.items() if c.kind is Kind.TRUE and not c.rare}
        return [cause.why for cause, of_it in needed.items() if not of_it]

    def repeated(self) -> list[str]:
        """Return the true causes that more findings report than their rows state."""
        return [c.why for c, of_it in self.found.items() if c.kind is Kind.TRUE and len(of_it) > c.findings]

    def false(self) -> list[str]:
        """Return the findings that report no fault."""
        return [f.summary for cause, of_it in self.found.items() if cause.kind is Kind.FALSE for f in of_it]

    def for_a_cause(self) -> float:
        """Return how many findings there are for each cause that has one."""
        of_it = [len(found) for found in self.found.values() if found]
        return (sum(of_it) + len(self.unknown)) / max(1, len(of_it))


def causes(target: Path) -> tuple[Cause, ...]:
    """Return the rows of a target; none where nobody found anything in it."""
    if not (target / "causes.toml").is_file():
        return ()
    return msgspec.toml.decode((target / "causes.toml").read_bytes(), type=Causes).cause


def gate(target: Path, folder: Path, *options: str, shared: Path | str = "") -> tuple[Report, float]:
    """Run the gate as the owner of ``target`` would; return its report, and how many seconds it took."""
    shutil.copytree(target, folder, dirs_exist_ok=True)
    toml = (folder / "harness.toml").read_text(encoding="utf-8")
    (folder / "harness.toml").write_text(toml.replace("REAL/", f"{REAL}/").replace("SHARED/", f"{shared}/"))
    return gate_in(folder, folder / "reports", *options)


def gate_in(folder: Path, reports: Path, *options: str) -> tuple[Report, float]:
    """Run the gate in the folder of a harness.toml; return its report, and how many seconds it took."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "HARNESS_"))}
    command = [sys.executable, "-m", "harness.cli", "gate", "--harness-seed", str(SEED), "--reports", str(reports)]
    began = time.monotonic()
    ended = subprocess.run(
        [*command, *options],
        cwd=folder,
        env=env | {"TILED_KEY": secrets.token_hex(32)},
        capture_output=True,
        text=True,
        check=False,
        timeout=GATE_S,
    )
    took = time.monotonic() - began
    report = reports / "readiness.json"
    assert report.is_file(), ended.stdout[-3000:] + ended.stderr[-3000:]
    return read(report.read_bytes()), took


def listed(report: Report) -> list[Finding]:
    """Return what the report lists as wrong."""
    wrong = (Outcome.FAIL, Outcome.ERROR)
    return [f for item in report.items for f in item.findings if f.outcome in wrong]


def judge(findings: Iterable[Finding], rows: Iterable[Cause]) -> Judgement:
    """Attribute each finding to the first cause that explains it."""
    judgement = Judgement({cause: [] for cause in rows}, [])
    for finding in findings:
        cause = next((cause for cause in judgement.found if cause.explains(finding)), None)
        (judgement.unknown if cause is None else judgement.found[cause]).append(finding)
    return judgement
