"""`secrets.never-logged`: what the team's scanner found, each rule and file once, without a part of any secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from harness.model import Check, Finding, Level, Outcome
from harness.operations.sarif import SarifLevel, ScannerReport, ScannerResult
from harness.operations.scanner import CONTROL, FILES, ScannerFiles
from harness.secrets.redaction.redactor import Redactor

MOST_FINDINGS = 100

SCANNER = Check(
    id="scanner",
    item="secrets.never-logged",
    summary="the files of the run, searched by [operations] scanner",
    passed="The scanner of [operations] found no secret in the files of the run",
    failed="The scanner of [operations] found a secret",
    expected="no result in logs, spans, cassettes and fixtures of this run, and one in the control",
    source="SARIF 2.1.0",
    fix="If it is real, take it out where it is written, and rotate it. If it is no secret, waive this finding, or "
    "suppress it in the scanner's configuration.",
)
_RUN = re.compile(r"[^\s\"'`()<>,;=]{6,}")
_PLAIN = re.compile(r"[A-Za-z]+(?:[-_][A-Za-z]+)*[.:]?")
_HIDDEN = "[REDACTED]"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One result at its place."""

    result: ScannerResult
    place: str
    line: int
    message: str
    """Without what the line holds; empty where that is not known."""


def judge_scanner(
    report: ScannerReport, files: ScannerFiles, *, cwd: Path, redact: Callable[[str], str]
) -> list[Finding]:
    """Return a finding for each rule and file, and whether the scanner found the control: else it may read nothing.

    Results in lines with known secrets, which ``redact`` replaces, are passed over: these have findings of their own.
    """
    named = [(files.name_of(result.path, cwd), result) for result in report.results]
    found = list(_found(sorted(named, key=lambda pair: pair[0]), files, redact))
    findings = [_finding(same) for same in list(_grouped(found).values())]
    findings, more = findings[:MOST_FINDINGS], len(findings) - MOST_FINDINGS
    if more > 0:
        summary = f"{SCANNER.failed}: {more} further rules and files"
        findings.append(SCANNER.finding(Outcome.FAIL, "only the first are reported", summary=summary, case="more"))
    tools = ", ".join(report.tools)
    if not any(name == CONTROL for name, _ in named):
        findings.append(not_run(_NO_CONTROL.format(tools=tools, control=CONTROL, files=FILES)))
    elif not findings:
        accepted = f"; {report.suppressed} results are suppressed" * bool(report.suppressed)
        findings.append(SCANNER.finding(Outcome.PASS, f"{tools}: {len(files)} files, and the control{accepted}"))
    return findings


_NO_CONTROL = (
    "{tools} reported no result in {control}, which has made-up keys of GitHub, AWS, Stripe and Slack and a private "
    "key, so nothing shows that it searched. Have it search {files} as a folder, which is no Git repository, with its "
    "usual rules."
)


def not_run(why: str) -> Finding:
    """Return the finding for a scanner that could not search."""
    return SCANNER.finding(Outcome.ERROR, why, summary="The scanner of [operations] could not search", case="")


def _found(
    named: Sequence[tuple[str, ScannerResult]], files: ScannerFiles, redact: Callable[[str], str]
) -> Iterator[Found]:
    redactor = Redactor(redact)
    for name, result in named:
        if name == CONTROL or result.level is SarifLevel.NONE:
            continue
        place, line, text = files.located(name, result.line, result.last_line)
        if redact(text) == text:
            message = redactor.text(without_contents(result.message, text)) if text else ""
            yield Found(result=result, place=place, line=line, message=message)


def without_contents(message: str, line: str) -> str:
    """Return a scanner's message without what it quotes from the line, whole, or its beginning where it is masked."""

    def hidden(word: re.Match[str]) -> str:
        visible = word[0].split("*", 1)[0].split("...", 1)[0].rstrip(".:")
        if _PLAIN.fullmatch(word[0]):
            return word[0]
        return _HIDDEN if len(visible) >= 3 and visible in line else word[0]

    return _RUN.sub(hidden, message)


def _grouped(found: Sequence[Found]) -> dict[tuple[str, str], list[Found]]:
    groups: dict[tuple[str, str], list[Found]] = {}
    for each in found:
        groups.setdefault((each.result.rule, each.place), []).append(each)
    return groups


def _finding(same: Sequence[Found]) -> Finding:
    first = min(same, key=lambda each: each.line)
    must = any(each.result.level is SarifLevel.ERROR and each.result.settled for each in same)
    where = f"{first.place}:{first.line}" if first.line else first.place or "a place that it does not name"
    times = "once" if len(same) == 1 else f"{len(same)} times"
    found = SCANNER.finding(
        Outcome.FAIL,
        f"{times}, {first.result.level}{f': {first.message}' if first.message else ''}",
        summary=f"{SCANNER.failed}: {first.result.rule}, in {where}",
        case="",
        subject=f"{first.result.rule} in {first.place}",
        cause=SCANNER.failed,
    )
    return found if must else msgspec.structs.replace(found, level=Level.SHOULD)
