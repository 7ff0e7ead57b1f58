"""`harness explain`: what an item, a check or a finding of the last report means, and what to do about it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
import msgspec

from harness.cli.json_output import json_option, print_json
from harness.cli.say import say
from harness.cli.surroundings import Surroundings
from harness.core.foreign_files import read_file
from harness.errors import ConfigurationError, nearest
from harness.model import Check, Finding, Item, Report
from harness.model.finding import EXCUSABLE
from harness.readiness.checklist import Checklist
from harness.reports import json
from harness.reports.explanation import Labelled, lines, of_check, of_finding, of_item
from harness.reports.text import bad_findings, when

DEFAULT_REPORT = "reports/readiness.json"
NOT_FOUND = 2
SHOWN = 8
"""Candidates and findings that are listed."""
_OF_CHECK = ("id", "item", "level", "summary", "expected", "source", "fix", "fixed_by")
_WRITE_ONE = "Run harness gate, or name a report with --report FILE."


class NameNotFoundError(Exception):
    """Nothing has the name that was asked for, or several checks have it."""


@click.command()
@click.argument("name", metavar="ITEM|CHECK|FINDING")
@click.option("--report", "file", metavar="FILE", help="Report with the finding; reports/readiness.json by default.")
@json_option
def explain(name: str, file: str | None, *, as_json: bool) -> None:
    """Explain an item, a check, or a finding of the last report.

    Give an item (webhooks.signatures), a check (webhooks.signatures/missing, or missing where only one check has that
    name), or the id of a finding (F-0123456789).
    """
    here = Surroundings(Path.cwd(), commands=False)
    try:
        report = _report(here.directory, file)
        if as_json:
            print_json(explained(name, here.checklist, _checks(), report))
            return
        texts = list(explanation(name, here.checklist, _checks(), report))
    except NameNotFoundError as exc:
        say(f"ERROR: {exc}", err=True)
        sys.exit(NOT_FOUND)
    for line in lines(texts, here.vault.redact):
        say(line)


def explanation(name: str, checklist: Checklist, checks: Sequence[Check], report: Report | None) -> Iterator[Labelled]:
    """Yield what there is about ``name``; raises `NameNotFoundError` with the nearest names where nothing has it."""
    findings = _findings(report)
    items = {item.id: item for item in checklist}
    by_key = {check.key: check for check in checks}
    if name in items:
        yield from of_item(items[name], [c for c in checks if c.item == name])
        yield from _last_seen(report, lambda f: f.item == name)
    elif name in by_key:
        yield from of_check(by_key[name])
        yield from _last_seen(report, lambda f: key_of(f) == name)
    elif named := [f for f in findings if name in (f.id, *f.ids, f"{f.item}/{f.case}")]:
        for finding in named[:SHOWN]:
            yield from of_finding(finding, beside=key_of(finding) in by_key)
        yield "", ""
        yield from _row_of(named[0], items, by_key)
    else:
        key = _in_full(name, items, checks, report)
        yield from explanation(key, checklist, checks, report)


def explained(name: str, checklist: Checklist, checks: Sequence[Check], report: Report | None) -> dict[str, Any]:
    """Return the same for a program: the item, its check or checks, and the findings of the last report."""
    items = {item.id: item for item in checklist}
    findings = _findings(report)
    if named := [f for f in findings if name in (f.id, *f.ids, f"{f.item}/{f.case}")]:
        key, item = key_of(named[0]), named[0].item
        rows, found = [c for c in checks if c.key == key], named
    elif name in items or name in {check.key for check in checks}:
        item = name.partition("/")[0]
        rows = [c for c in checks if name in (c.item, c.key)]
        found = [f for f in findings if name in (f.item, key_of(f)) and f.outcome in EXCUSABLE]
    else:
        return explained(_in_full(name, items, checks, report), checklist, checks, report)
    shown = [{field: getattr(check, field) for field in _OF_CHECK} for check in rows]
    return {"item": items.get(item), "checks": shown, "findings": found}


def key_of(finding: Finding) -> str:
    """Return the key of the check that a finding comes from; one of an earlier version only names its case."""
    return f"{finding.item}/{finding.check or finding.case}"


def _findings(report: Report | None) -> list[Finding]:
    if report is None:
        return []
    return [f for item in report.items for f in (*item.findings, *item.notes)] + [
        f for d in report.vendor for f in d.findings
    ]


def _row_of(finding: Finding, items: Mapping[str, Item], by_key: Mapping[str, Check]) -> Iterator[Labelled]:
    """Explain the check that a finding comes from, or its item where a test of one's own made it."""
    if check := by_key.get(key_of(finding)):
        yield from of_check(check)
    elif item := items.get(finding.item):
        yield from of_item(item, [c for c in by_key.values() if c.item == item.id])


def _last_seen(report: Report | None, about: Callable[[Finding], bool]) -> Iterator[Labelled]:
    """Show what the last report holds against it."""
    if report is None:
        return
    bad = [f for item in report.items for f in bad_findings(item) if about(f)]
    bad += [f for difference in report.vendor for f in difference.findings if about(f)]
    if not bad:
        return
    yield "", ""
    yield "", f"In the report of {when(report)}:"
    for finding in bad[:SHOWN]:
        yield from of_finding(finding, beside=True)
    if len(bad) > SHOWN:
        yield "", f"and {len(bad) - SHOWN} more in that report"


def _in_full(name: str, items: Mapping[str, Item], checks: Sequence[Check], report: Report | None) -> str:
    """Return the key of the only check whose id is ``name``; raises `NameNotFoundError`."""
    keys = [c.key for c in checks if c.id == name]
    if len(keys) == 1:
        return keys[0]
    if keys:
        raise NameNotFoundError(f"{len(keys)} checks are called {name!r}. Name one in full: {', '.join(keys)}.")
    ids = [each for f in _findings(report) for each in (f.id, *f.ids) if each]
    if name.startswith("F-") and not ids:
        state = "The report names no defect" if report else f"There is no {DEFAULT_REPORT}"
        raise NameNotFoundError(f"No finding is called {name!r}. {state}. {_WRITE_ONE}")
    known = [*items, *(c.key for c in checks), *(c.id for c in checks), *ids]
    close = [*get_close_matches(name, known, n=SHOWN), *(k for k in sorted(known) if name in k)]
    near = (
        f"Did you mean {', '.join(map(repr, list(dict.fromkeys(close))[:SHOWN]))}?" if close else nearest(name, items)
    )
    raise NameNotFoundError(f"No item, check or finding is called {name!r}. {near}")


def _report(directory: Path, file: str | None) -> Report | None:
    """Return the report, None where none was asked for and none is there; raises `ConfigurationError`."""
    path = directory / (file or DEFAULT_REPORT)
    try:
        return json.read(read_file(path))
    except OSError as exc:
        if file is None and isinstance(exc, FileNotFoundError):
            return None
        reason = f"{file or DEFAULT_REPORT} cannot be read: {exc.strerror}. Run harness gate, which writes one."
        raise ConfigurationError(f"harness explain: {reason}") from None
    except msgspec.MsgspecError as exc:
        raise ConfigurationError(
            f"harness explain: {path} is not a readiness.json of this version: {exc}. Run harness gate again."
        ) from None


def _checks() -> tuple[Check, ...]:
    from harness.context.checks import registered  # it imports every room

    return registered()
