"""However many findings there are, page, Markdown and the failures of tests show the first of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec

from harness.model import Finding, Outcome, Report, Verdict
from harness.model.spec_coverage import Coverage, OperationCoverage, Source
from harness.reports import html, json, markdown
from harness.reports.bounds import IN_PYTEST, LINES_OF_A_KIND, ON_A_PAGE, Kind, failure_lines, firsts

ReportOf = Callable[[Verdict], Report]


def finding(operation: str, cause: str = "answers 404", outcome: Outcome = Outcome.FAIL) -> Finding:
    made = Finding(
        item="contract.fuzz",
        outcome=outcome,
        summary=f"{operation}: {cause}",
        observed="seen " * 100,
        check="generated",
        cause=cause,
    )
    return made.named(operation, "generated", cause)


MANY = [finding(f"GET /{n}", f"cause {n % 400}") for n in range(1300)]


def with_findings(report: Report, findings: list[Finding]) -> Report:
    first = msgspec.structs.replace(report.items[0], outcome=Outcome.FAIL, findings=tuple(findings))
    return msgspec.structs.replace(report, items=(first, *report.items[1:]))


def test_the_first_of_each_kind_stands_for_the_others() -> None:
    """Findings of which the operation alone differs are one, with their number; an outcome of its own is a kind."""
    found = [finding("GET /a"), finding("GET /b"), finding("GET /b", "answers 500"), finding("GET /c")]
    passed = finding("GET /d", outcome=Outcome.PASS)
    shares = firsts([passed, *found], 10)
    assert [(s.finding, s.alike) for s in shares.shown] == [(passed, 0), (found[0], 2), (found[2], 0)]
    assert shares.more == 0


def test_too_many_kinds_leave_out_what_passes_first() -> None:
    """What failed is shown before what holds, and the rest is counted."""
    passed = [finding(f"GET /{n}", f"fine {n}", Outcome.PASS) for n in range(5)]
    failed = [finding("GET /x"), finding("GET /y"), finding("GET /z", "answers 500")]
    shares = firsts([*passed, *failed], 3)
    assert [s.finding for s in shares.shown] == [failed[0], failed[2], passed[0]]
    assert shares.more == 4


def test_findings_without_a_subject_are_all_shown() -> None:
    """Nothing but the operation may differ between findings that are shown as one."""
    plain = [Finding(item="a.b", outcome=Outcome.FAIL, summary="same", test=f"test_{n}") for n in range(4)]
    assert [s.finding for s in firsts(plain, 10).shown] == plain


def test_page_and_markdown_are_bounded(report_of: ReportOf) -> None:
    """Ten times as many findings make neither page nor Markdown longer; readiness.json has all of them."""
    base = report_of(Verdict.NOT_READY)
    some, ten_times = (with_findings(base, MANY * n) for n in (1, 10))
    page = html.render(some)
    assert page.count("cause ") < 2 * ON_A_PAGE + 100
    assert "and 3 more of this kind in readiness.json" in page
    assert len(html.render(ten_times)) < len(page) + 10_000
    assert ", and 3 more of this kind" in markdown.render(some)
    assert len(markdown.render(ten_times)) < len(markdown.render(some)) + 100
    assert len(json.read(json.render(some)).items[0].findings) == len(MANY)


def test_the_failures_of_tests_are_bounded() -> None:
    """The first of a kind is in full, some more in a line, across all tests; the rest is counted."""
    shown: Counter[Kind] = Counter()
    alike = [finding(f"GET /{n}") for n in range(30)]
    one, rest = (list(failure_lines(part, shown, lambda f: [f"full {f.summary}"])) for part in (alike[:1], alike[1:]))
    assert one == [f"full {alike[0].summary}"]
    assert rest[:-1] == [f"contract.fuzz: {f.headline}" for f in alike[1:LINES_OF_A_KIND]]
    assert rest[-1].startswith(f"and {30 - LINES_OF_A_KIND} more; readiness.json has all of them")
    many = list(failure_lines(MANY, Counter(), lambda _: ["full"]))
    assert many.count("full") == IN_PYTEST
    assert len(many) <= IN_PYTEST * LINES_OF_A_KIND + 1


def test_the_table_of_coverage_is_bounded(report_of: ReportOf) -> None:
    """Of too many operations, those of which something was not seen come first, and the others are counted."""
    seen = Source(name="checks", valid=1, statuses={"200": 1})
    complete = [OperationCoverage(operation=f"GET /whole/{n}", responses=("200",), sources=(seen,)) for n in range(300)]
    refused = Source(name="checks", valid=1, statuses={"404": 1})
    partial = OperationCoverage(operation="GET /partly", responses=("200",), sources=(refused,))
    report = msgspec.structs.replace(
        report_of(Verdict.READY), coverage=Coverage(operations=(*complete, partial, *complete))
    )
    for text in (html.render(report), markdown.render(report)):
        assert text.index("GET /partly") < text.index("GET /whole/0")
        assert text.count("GET /whole/") == 199
        assert "and 401 more in readiness.json" in text


def test_operations_that_were_not_called_are_one_line(report_of: ReportOf) -> None:
    """A run of some tags of a large document shows a row for each operation that it called, and counts the others."""
    seen = Source(name="checks", valid=1, statuses={"200": 1, "418": 1})
    called = OperationCoverage(operation="GET /called", responses=("200",), sources=(seen,))
    rest = [OperationCoverage(operation=f"GET /rest/{n}", responses=("200",)) for n in range(50)]
    report = msgspec.structs.replace(report_of(Verdict.READY), coverage=Coverage(operations=(called, *rest)))
    for text in (html.render(report), markdown.render(report)):
        assert "50 operations were not called: GET /rest/0, GET /rest/1, " in text
        assert text.count("GET /rest/") == 20
        assert "and 30 more." in text
        assert "200; undocumented: 418" in text
