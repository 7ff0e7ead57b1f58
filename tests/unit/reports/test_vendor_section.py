"""What a vendor's API does differently stands in a section of its own in every format, and is bounded."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

import msgspec
import pytest

from harness.model import Finding, FixedBy, Level, Outcome, ProviderOwner, Report, VendorDifference, Verdict
from harness.reports import html, json, junit, markdown, terminal
from harness.reports.plain_run import plain_lines
from harness.reports.vendor_section import HEADING, owner, total

ReportOf = Callable[[Verdict], Report]
OPERATIONS = tuple(f"GET /things/{n}" for n in range(465))
HOSTILE = "<script>alert(1)</script>"


def difference(cause: str, operations: tuple[str, ...] = OPERATIONS) -> VendorDifference:
    findings = tuple(
        Finding(
            item="contract.fuzz",
            outcome=Outcome.FAIL,
            summary=f"{o}: {cause}",
            observed="seen " * 100,
            fixed_by=FixedBy.PROVIDER,
            level=Level.SHOULD,
        ).named(o, "generated", cause)
        for o in operations
    )
    return VendorDifference(
        item="contract.fuzz",
        check="generated",
        cause=cause,
        operations=operations,
        ids=tuple(f.id for f in findings),
        findings=findings,
    )


@pytest.fixture
def at_a_vendor(report_of: ReportOf) -> Report:
    """A report that is READY although the vendor's API has differences of several hundred causes."""
    differences = (difference("answers 404"), *(difference(f"cause {n} {HOSTILE}", OPERATIONS[:1]) for n in range(300)))
    return msgspec.structs.replace(
        report_of(Verdict.READY), vendor=differences, provider=ProviderOwner(ours=False, declared=False)
    )


def in_terminal(report: Report) -> str:
    return "\n".join(text for text, _ in terminal.lines(report, written="reports/readiness.html"))


FORMATS: dict[str, Callable[[Report], str]] = {
    "terminal": in_terminal,
    "html": html.render,
    "markdown": markdown.render,
    "junit": junit.render,
}


@pytest.mark.parametrize("render", FORMATS.values(), ids=FORMATS)
def test_every_format_has_the_section_with_the_first_operations(
    render: Callable[[Report], str], at_a_vendor: Report
) -> None:
    """One cause at 465 operations is one line that names three of them, and how many more there are."""
    text = render(at_a_vendor).replace("&#39;", "'").replace("\n    ", " ")

    assert HEADING in text
    assert "answers 404: GET /things/0, GET /things/1, GET /things/2 and 462 more" in text
    assert "GET /things/464" not in text
    assert "ours = true under" in text
    assert "<script" not in html.render(at_a_vendor)


def test_what_is_printed_is_bounded_and_json_holds_all(at_a_vendor: Report) -> None:
    """Terminal and page name the first differences and how many more there are."""
    assert in_terminal(at_a_vendor).count("\N{EN DASH} contract.fuzz") == 10
    assert "and 291 more in the report" in in_terminal(at_a_vendor)
    assert "301 differences in 765 findings, of which none blocks" in in_terminal(at_a_vendor)
    assert "and 201 more in readiness.json" in html.render(at_a_vendor)
    assert len(html.render(at_a_vendor)) < 400_000
    assert json.read(json.render(at_a_vendor)).vendor == at_a_vendor.vendor


def test_the_verdict_and_the_results_are_those_without_the_section(at_a_vendor: Report, report_of: ReportOf) -> None:
    """READY stays the first word, and no CI system counts a difference as a failure."""
    plain = report_of(Verdict.READY)

    assert in_terminal(at_a_vendor).startswith("READY")
    assert HEADING not in in_terminal(plain)
    for suites in (ET.fromstring(junit.render(r)) for r in (plain, at_a_vendor)):
        failed = suites.findall("testsuite/testcase/failure")
        assert failed == []
    section = next(s for s in ET.fromstring(junit.render(at_a_vendor)) if s.get("name") == HEADING)
    assert (section.get("tests"), section.get("failures")) == ("0", "0")


def test_a_missing_answer_is_shown_as_not_checked(report_of: ReportOf) -> None:
    """What could not be judged at the vendor's API is not called a difference."""
    failed = difference("no answer came", ("GET /a",))
    unknown = tuple(msgspec.structs.replace(f, outcome=Outcome.ERROR) for f in failed.findings)
    report = msgspec.structs.replace(
        report_of(Verdict.READY), vendor=(msgspec.structs.replace(failed, findings=unknown),)
    )

    assert "contract.fuzz: could not be checked: no answer came: GET /a" in in_terminal(report)
    for render in (in_terminal, html.render, markdown.render):
        assert "no differences; 1 could not be checked, which blocks nothing either" in render(report)


def test_what_could_not_be_checked_is_counted_apart() -> None:
    """Beside differences it is no difference, and none of its findings is counted as one."""
    seen, failed = difference("answers 404", OPERATIONS[:2]), difference("no answer came", OPERATIONS[:3])
    unknown = tuple(msgspec.structs.replace(f, outcome=Outcome.ERROR) for f in failed.findings)

    counted = total([seen, msgspec.structs.replace(failed, findings=unknown)])

    assert counted == (
        "1 difference in 2 findings, of which none blocks; 1 could not be checked, which blocks nothing either"
    )


@pytest.mark.parametrize(
    "provider, words",
    [
        (ProviderOwner(ours=True, declared=True), "yours ([provider] ours = true), so its findings count"),
        (ProviderOwner(ours=True, declared=False), "started by the harness, so its findings count. If it is a vendor"),
        (ProviderOwner(ours=False, declared=True), "a vendor's API ([provider] ours = false)"),
        (ProviderOwner(ours=False, declared=False), "If it is yours, write ours = true under [provider]"),
        (None, ""),
    ],
)
def test_whose_the_provider_is_stands_in_the_report(
    provider: ProviderOwner | None, words: str, report_of: ReportOf
) -> None:
    """With the line of harness.toml that decides it, in terminal, page and Markdown."""
    report = msgspec.structs.replace(report_of(Verdict.READY), provider=provider)

    assert words in owner(report)
    for text in (
        in_terminal(report),
        html.render(report).replace("&#39;", "'"),
        markdown.render(report).replace("\\", ""),
    ):
        assert (owner(report) in text) if provider else ("Provider:" not in text)


def test_plain_pytest_has_the_section_too() -> None:
    """And not with -q, which shows failures alone."""
    shown = [text for text, _ in plain_lines([], vendor=[difference("answers 404")])]

    assert any(HEADING in line for line in shown)
    assert list(plain_lines([], vendor=[difference("answers 404")], verbosity=-1)) == []
