"""Other people's rules, routes, dashboards and runbooks: how many are read, and what is called a fault in them."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from _table import Row

from harness.model import Finding, Outcome
from harness.operations.runbook_page import read_document
from harness.telemetry.dashboards.dashboard_figures import dashboard_figures
from harness.telemetry.dashboards.dashboard_reader import read_dashboards
from harness.telemetry.dashboards.judging import judge_dashboards
from harness.telemetry.rules.route_checks import static_route_findings
from harness.telemetry.rules.rule_judgement import static_findings

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("HARNESS_SHARED_DATA", ROOT.parent / "shared" / "data")) / "monitoring"
SAMPLE = 30


class Read(NamedTuple):
    """What became of one file."""

    path: Path
    findings: list[Finding]
    crashed: str = ""


def rules(path: Path) -> list[Finding]:
    """Return what is called a fault in a file of rules."""
    return static_findings([path])


def routes(path: Path) -> list[Finding]:
    """Return what is called a fault in a configuration of Alertmanager."""
    return static_route_findings([path])


def panels(path: Path) -> list[Finding]:
    """Return what is called a fault in a dashboard."""
    found = judge_dashboards(read_dashboards([path], path.parent), None, None)
    return [finding for finding in found if finding.outcome is Outcome.FAIL]


def runbook(path: Path) -> list[Finding]:
    """Read a runbook; whether it is fit depends on the team's own settings."""
    read_document(path)
    return []


READERS: dict[str, Callable[[Path], list[Finding]]] = {
    "alert-rules": rules,
    "alertmanager": routes,
    "dashboards": panels,
    "runbooks": runbook,
}


def read_all() -> Iterator[Read]:
    """Read every file of every folder."""
    for folder, reader in READERS.items():
        for path in sorted((SHARED / folder).iterdir()):
            try:
                yield Read(path, reader(path))
            except Exception as exc:  # noqa: BLE001 - that it crashes is the figure
                yield Read(path, [], f"{type(exc).__name__}: {exc}")


def rows() -> Iterator[Row]:
    """Yield the figures; nothing where the folder is absent."""
    if not SHARED.is_dir():
        return
    found = list(read_all())
    crashed = [read for read in found if read.crashed]
    yield Row(work=f"files of other people, {len(found)}, read", value=share(crashed, found), unit="%", bar=">= 100")
    yield Row(work="what is called a fault in them", value=sum(len(read.findings) for read in found), unit="")
    figures = dashboard_figures(read_dashboards(sorted((SHARED / "dashboards").iterdir()), SHARED))
    queries = figures.parsed + figures.errors + sum(figures.not_checked.values())
    yield Row(work="queries of their dashboards", value=queries, unit="")
    reported = 100 * (figures.parsed + sum(figures.not_checked.values())) / queries
    yield Row(work="of these, parsed or with a reason", value=reported, unit="%", bar=">= 100")


def share(bad: list[Read], whole: list[Read]) -> float:
    """Return how many of a hundred are not bad."""
    return 100 * (len(whole) - len(bad)) / len(whole)


def sample(seed: int) -> Iterator[str]:
    """Yield some of what is called a fault, one line each, drawn by a seed."""
    faults = [(read.path.name, f) for read in read_all() for f in read.findings]
    drawn = random.Random(seed).sample(faults, min(SAMPLE, len(faults)))
    yield f"{len(drawn)} of {len(faults)} faults, seed {seed}, {dt.date.today()}"  # noqa: DTZ011 - for a reader
    yield from (f"{name}: {finding.summary}" for name, finding in sorted(drawn, key=lambda pair: pair[0]))
