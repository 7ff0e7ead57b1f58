"""Every format says the verdict first, tells what stands in the way, and keeps hostile text from being markup."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from markdown_it import MarkdownIt

from harness.errors import HarnessError
from harness.model import Finding, Outcome, Problem, Report, Verdict, Waiver
from harness.model.finding import Member
from harness.reports import FORMATS, html, json, junit, markdown, terminal, write

ReportOf = Callable[[Verdict], Report]
TAG = re.compile(r"<(script|img)", re.IGNORECASE)


@pytest.mark.parametrize("verdict", Verdict)
def test_the_verdict_comes_first(verdict: Verdict, report_of: ReportOf) -> None:
    """A reader of any format meets the verdict before anything else."""
    report = report_of(verdict)

    assert re.search(r"<body>\s*<header>\s*<h1[^>]*>([A-Z ]+)", html.render(report))[1] == verdict  # type: ignore[index]
    assert markdown.render(report).startswith(f"# {verdict}")
    assert next(terminal.lines(report, written="reports/readiness.html"))[0].startswith(verdict)
    assert ET.fromstring(junit.render(report)).get("name", "").endswith(f": {verdict}")
    assert json.read(json.render(report)) == report


@pytest.mark.parametrize("verdict", Verdict)
def test_hostile_text_is_text(verdict: Verdict, report_of: ReportOf) -> None:
    """What a target answered cannot become an element of the page, of a summary or of an XML file."""
    report = report_of(verdict)
    tokens = [
        t
        for block in MarkdownIt("gfm-like", {"linkify": False}).parse(markdown.render(report))
        for t in block.children or ()
    ]

    assert not TAG.search(html.render(report))
    assert {t.content for t in tokens if t.type == "html_inline"} <= {"<br>"}
    assert not [t for t in tokens if t.type == "image"]
    assert ET.fromstring(junit.render(report)) is not None
    assert all(text.isprintable() for text, _ in terminal.lines(report, written="reports/readiness.html"))


def test_control_characters_of_any_text_are_shown(report_of: ReportOf) -> None:
    """The title of a step comes from harness.toml, the rest from answers: none breaks the XML or moves the cursor."""
    hostile = "\x1b[2J\x07\x00\ud800"
    report = report_of(Verdict.NOT_READY)
    items = tuple(
        msgspec.structs.replace(item, step=f"9 {hostile}", text=f"{item.text}{hostile}") for item in report.items
    )
    report = msgspec.structs.replace(report, items=items)

    assert ET.fromstring(junit.render(report).encode()) is not None
    assert all(text.isprintable() for text, _ in terminal.lines(report, written="reports/readiness.html"))


def test_the_page_links_each_line_of_the_guide_to_what_proves_it(report_of: ReportOf) -> None:
    """Every link of the page leads to an element of the page, and every item has one."""
    report = report_of(Verdict.NOT_READY)
    page = html.render(report)
    anchors = set(re.findall(r'id="([^"]+)"', page))

    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors
    assert {i.id for i in report.items} <= anchors
    assert {i for line in report.guide_checklist for i in line.items} <= set(re.findall(r'href="#([^"]+)"', page))


@pytest.mark.parametrize("verdict, times", [(Verdict.NOT_READY, 1), (Verdict.INCOMPLETE, 0)])
def test_a_reader_of_a_failure_learns_once_of_the_command_that_explains(
    verdict: Verdict, times: int, report_of: ReportOf
) -> None:
    """Terminal, page and Markdown name the command once after the failures, and not without a failure."""
    report = report_of(verdict)
    shown = "\n".join(text for text, _ in terminal.lines(report, written="reports/readiness.html"))

    for text in (shown, html.render(report), markdown.render(report)):
        assert text.count("harness explain ID") == times


def test_what_was_seen_of_the_spec_stands_in_a_table(report_of: ReportOf) -> None:
    """Page and Markdown tell per operation what was called, by whom, and what was never seen; JSON holds it all."""
    report = report_of(Verdict.READY)

    for text in (html.render(report), markdown.render(report)):
        assert "1 of 1 operations called with valid input (100 %), 1 of 2 documented responses seen (50 %)" in text
        assert "scenarios 2" in text
        assert "1 satisfied and 0 violated of 1" in text
    assert "| 200 | 503 | 0 of 1 |" in markdown.render(report)
    assert json.read(json.render(report)).coverage == report.coverage


def test_blind_spots_are_a_table_of_faults_and_signals(report_of: ReportOf) -> None:
    """Page and Markdown show each cell by sign and word, JSON holds all; the terminal has a line where one is blind."""
    report = report_of(Verdict.READY)
    assert report.signals is not None
    page, summary = html.render(report), markdown.render(report)
    shown = [text for text, _ in terminal.lines(report, written="reports/readiness.html")]

    for text in (page, summary):
        assert "8 of 10 caused faults were shown by at least one signal; nothing showed duplicate." in text
        assert text.count("No alert was observed: no rules") == 1
    shown_twice = "\N{CHECK MARK} shown | \N{CHECK MARK} shown"
    assert f"| forged | {shown_twice} | \N{EN DASH} nothing | ? not observed |" in summary
    assert f"| stale | {shown_twice} | \N{MULTIPLICATION X} missing | ? not observed |" in summary
    blind = " | ".join(["\N{MULTIPLICATION X} nothing"] * 3)
    assert f"| duplicate | {blind} | ? not observed |" in summary
    assert "nothing, although [telemetry] shown_by declares it" in page
    assert "| poison | not caused: harness.toml does not set " in summary
    assert '<a href="#fault-forged"><code>forged</code></a>' in page
    assert "n_total{outcome=&#34;rejected&#34;} +1" in page
    assert [line for line in shown if line.startswith("Blind")] == ["Blind spots: nothing showed duplicate"]
    assert json.read(json.render(report)).signals == report.signals


def test_a_run_without_blind_spots_has_no_line_of_them(report_of: ReportOf) -> None:
    """Nor a section, where no fault was caused."""
    report = report_of(Verdict.READY)
    assert report.signals is not None
    seeing = msgspec.structs.replace(report.signals, rows=report.signals.rows[:1])
    clear, none = (msgspec.structs.replace(report, signals=matrix) for matrix in (seeing, None))

    assert not [line for line, _ in terminal.lines(clear, written="x") if "lind" in line]
    assert "1 of 1 caused faults were shown by at least one signal." in markdown.render(clear)
    for text in (html.render(none), markdown.render(none)):
        assert "lind spots" not in text


def test_a_failure_shows_its_evidence(report_of: ReportOf) -> None:
    """What was expected and seen, and how to see it again, stands in every format a person reads in CI."""
    report = report_of(Verdict.NOT_READY)

    for text in (html.render(report), markdown.render(report), junit.render(report)):
        for label in ("expected", "observed", "source", "reproduce"):
            assert label in text


def test_what_is_not_known_is_told_once_for_each_reason(report_of: ReportOf) -> None:
    """Items that lack the same thing share one line, broken where a terminal ends."""
    lines = [text for text, _ in terminal.lines(report_of(Verdict.INCOMPLETE), written="reports/readiness.html")]

    assert "? not run webhooks.ack, webhooks.robust" in lines
    assert "          Why: harness.toml does not set [receiver] url" in lines
    assert max(len(line) for line in lines if line.startswith("? not run")) <= 110


def test_what_may_be_absent_is_declared_in_one_place(report_of: ReportOf) -> None:
    """Every format that a person reads names it where a part is missing, and not otherwise."""
    missing, ready = report_of(Verdict.INCOMPLETE), report_of(Verdict.READY)
    place = "What your integration does not have is declared under [target.absent] in harness.toml, with the reason."

    for render in (html.render, markdown.render, lambda report: str([*terminal.lines(report, written="x")])):
        assert place in render(missing)
        assert place not in render(ready)


def test_what_could_not_be_checked_tells_why_and_blames_nobody(report_of: ReportOf) -> None:
    """Items that broke off for one cause share it, with a command to see it, and no advice that presumes a fault."""
    report = report_of(Verdict.NOT_READY)
    cause = msgspec.structs.replace(
        next(i for i in report.items if i.outcome is Outcome.ERROR), id="auth.accepts", remediation="Presume a fault."
    )
    both = msgspec.structs.replace(report, items=(*report.items, cause))
    lines = [text for text, _ in terminal.lines(both, written="reports/readiness.html")]
    at = lines.index("! error   auth.rejects, auth.accepts")

    assert lines[at + 1].startswith("          Why: ")
    assert lines[at + 2].startswith("          Reproduce: ")
    assert not [line for line in lines if "Presume a fault" in line]
    assert "! error: `auth.rejects`, `auth.accepts`<br>" in markdown.render(both)


def test_the_first_line_names_the_one_error_that_is_in_the_way(report_of: ReportOf) -> None:
    """Where nothing failed and one error is the reason for all blockers, terminal and Markdown begin with it."""
    report = report_of(Verdict.NOT_READY)
    broken = next(i for i in report.items if i.outcome is Outcome.ERROR)
    finding = msgspec.structs.replace(broken.findings[0], observed="prometheus is not <installed>")
    broken = msgspec.structs.replace(broken, findings=(finding,))
    alone = msgspec.structs.replace(report, verdict=Verdict.INCOMPLETE, items=(broken,), problems=())

    first = next(terminal.lines(alone, written="reports/readiness.html"))[0]

    assert first == "INCOMPLETE: 1 blocker: prometheus is not <installed>"
    assert markdown.render(alone).startswith("# INCOMPLETE: 1 blocker: prometheus is not \\<installed")


def test_a_failed_case_tells_what_to_do_before_its_item_does(report_of: ReportOf) -> None:
    """The fix of the failed case is shown instead of its item's, and only once."""
    report = report_of(Verdict.NOT_READY)
    wrong = Finding(item="x", outcome=Outcome.FAIL, summary="s", fix="Mend just this.")
    failed = next(i for i in report.items if i.outcome is Outcome.FAIL)
    told = msgspec.structs.replace(report, items=(msgspec.structs.replace(failed, findings=(wrong,)),))

    shown = [text.count("Mend just this.") for text in (markdown.render(told), junit.render(told), html.render(told))]
    assert shown == [1, 1, 2], "the page has it in the blockers, and beside the item"
    assert "          Fix: Mend just this." in [
        text for text, _ in terminal.lines(told, written="reports/readiness.html")
    ]


def test_the_output_of_a_process_that_died_is_shown_by_line(report_of: ReportOf) -> None:
    """The page has the whole output, folded, below its problem; terminal and Markdown have its last lines."""
    output = "".join(f"\n    line {n}" for n in range(9))
    died = Problem(outcome=Outcome.ERROR, text=f"[process.app] exited with status 1. Its last output:{output}")
    report = msgspec.structs.replace(report_of(Verdict.READY), problems=(died,))
    lines = [text for text, _ in terminal.lines(report, written="reports/readiness.html")]
    at = lines.index("! error   [process.app] exited with status 1. Its last output:")

    assert lines[at + 1 : at + 4] == ["          line 6", "          line 7", "          line 8"]
    assert lines[at + 4].startswith("\N{MULTIPLICATION X}")
    assert "Its last output:\n  - `line 6`\n  - `line 7`\n  - `line 8`\n" in markdown.render(report)
    assert "9 lines</summary>\n<p><code>line 0</code></p>" in html.render(report)


def test_the_line_that_names_the_error_is_shown_before_a_stack_of_calls(report_of: ReportOf) -> None:
    """Node.js ends with its version, Go with goroutines: the cause is further up."""
    stack = ["server.mjs:89", "TypeError: no amount", "at work (server.mjs:89)", "at onError (node:1)", "Node.js v20"]
    died = Problem(outcome=Outcome.ERROR, text="\n    ".join(["It exited. Its last output:", *stack]))
    report = msgspec.structs.replace(report_of(Verdict.READY), problems=(died,))
    lines = [text for text, _ in terminal.lines(report, written="reports/readiness.html")]
    at = lines.index("! error   It exited. Its last output:")

    assert [line.strip() for line in lines[at + 1 : at + 4]] == [stack[1], *stack[3:]]
    assert f"  - `{stack[1]}`\n  - `{stack[3]}`" in markdown.render(report)


def test_blank_lines_of_an_output_take_no_place(report_of: ReportOf) -> None:
    """The few lines that are shown below a problem are lines with text, in every format."""
    died = Problem(outcome=Outcome.ERROR, text="It exited. Its last output:\n    a\n    b\n\n    c\n  \n\n")
    one = Problem(outcome=Outcome.ERROR, text="It died. Its last output:\n    only\n\n")
    report = msgspec.structs.replace(report_of(Verdict.READY), problems=(died, one))
    lines = [text for text, _ in terminal.lines(report, written="reports/readiness.html")]
    at = lines.index("! error   It exited. Its last output:")

    assert lines[at + 1 : at + 4] == ["          a", "          b", "          c"]
    assert lines[at + 4].startswith("! error   It died.")
    assert "Its last output:\n  - `a`\n  - `b`\n  - `c`\n- " in markdown.render(report)
    assert "3 lines</summary>\n<p><code>a</code></p>\n<p><code>b</code></p>" in html.render(report)
    assert "1 line</summary>\n<p><code>only</code></p>" in html.render(report)


def test_junit_counts_what_a_ci_system_would_show(report_of: ReportOf) -> None:
    """A failed item is a failure, an unknown one an error; a waived and a weak one are skipped."""
    report = report_of(Verdict.NOT_READY)
    root = ET.fromstring(junit.render(report))
    cases = {case.get("name"): case for case in root.iter("testcase")}
    tags = {name: [child.tag for child in case] for name, case in cases.items()}

    assert tags["webhooks.signatures"] == ["failure"]
    assert tags["auth.rejects"] == ["error"]
    assert tags["runbook.webhooks"] == ["skipped"]
    assert tags["webhooks.burst"] == ["skipped"]
    assert tags["auth.accepts"] == []
    assert sum(int(suite.get("tests", 0)) for suite in root) == len(report.items) + len(report.problems)


def test_a_waiver_is_shown_with_its_owner_and_its_end(report_of: ReportOf) -> None:
    """Who accepted a gap, and until when, stands beside it."""
    report = report_of(Verdict.READY)

    assert [i.outcome for i in report.items if i.waiver] == [Outcome.WAIVED]
    assert "until 2027-01-31" in markdown.render(report)
    assert '<time datetime="2027-01-31">' in html.render(report)
    assert "until 2027-01-31" in junit.render(report)


def test_files_are_written_whole_and_readable_by_others(tmp_path: Path, report_of: ReportOf) -> None:
    """Every format is a file of its own, and nothing else is left in the folder."""
    report = report_of(Verdict.READY)

    write({name: render(report) for name, render in FORMATS.items()}, tmp_path / "reports")

    assert sorted(p.name for p in (tmp_path / "reports").iterdir()) == sorted(FORMATS)
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "reports").iterdir()} == {0o644}


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    """The message says where the report was to go and which option chooses another place."""
    (tmp_path / "reports").write_text("a file is in the way")

    with pytest.raises(HarnessError, match=r"could not be written to .*reports: .* --harness-reports"):
        write({"readiness.md": ""}, tmp_path / "reports")


def test_what_passed_is_listed_only_on_demand(report_of: ReportOf) -> None:
    """By default it is counted, so that it never buries what failed; with -v it comes after that."""
    report = report_of(Verdict.NOT_READY)
    brief, full = (
        [text for text, _ in terminal.lines(report, written="x", verbosity=verbosity)] for verbosity in (0, 1)
    )
    passed = [f"{terminal.mark(i.outcome)} {i.id}: " for i in report.items if i.outcome == "pass"]
    assert passed
    assert not [line for line in brief if line.startswith(tuple(passed))]
    listed = [n for n, line in enumerate(full) if line.startswith(tuple(passed))]
    assert len(listed) == len(passed)
    assert listed[0] > full.index(next(line for line in full if line.startswith(terminal.mark(Outcome.FAIL))))


def test_ready_names_its_waivers(report_of: ReportOf) -> None:
    """Every format has their number and first end beside READY, and lists them under it, up to a bound."""
    ends = [dt.date(2027, 1, 31), *[dt.date(2027, 6, 1)] * 21]
    waivers = tuple(Waiver(item=f"own.{n}", reason="known", owner="ops", expires=end) for n, end in enumerate(ends))
    report = msgspec.structs.replace(report_of(Verdict.READY), problems=(), waivers=waivers)

    texts = [render(report) for name, render in FORMATS.items() if name != "readiness.json"]
    texts.append("\n".join(line for line, _ in terminal.lines(report, written="")))

    assert all("READY, 22 waived until 2027-01-31" in text for text in texts)
    listed = [text for text in texts if "own.0: waived by ops until 2027-01-31: known" in text]
    assert len(listed) == 4
    assert all("and 2 more, in harness.toml" in text and "own.20:" not in text for text in listed)
    assert json.read(json.render(report)).verdict == "READY"


def _grouped(report: Report) -> Report:
    """Return a report whose first failure stands for seven findings, and whose first item that passed has notes."""
    members = tuple(
        Member(id=f"F-{n}", check="generated", subject=f"GET /{n}", reproduce=f"harness fuzz --replay F-{n}")
        for n in range(7)
    )
    note = Finding(item="contract.fuzz", outcome=Outcome.FAIL, summary="GET /n: refused", note="no schema has words")
    failed = next(i for i in report.items if i.outcome is Outcome.FAIL)
    passed = next(i for i in report.items if i.outcome is Outcome.PASS)
    first = msgspec.structs.replace(failed.findings[0], members=members)
    changed = {
        failed.id: msgspec.structs.replace(failed, findings=(first, *failed.findings[1:])),
        passed.id: msgspec.structs.replace(passed, notes=(note,)),
    }
    return msgspec.structs.replace(report, items=tuple(changed.get(i.id, i) for i in report.items))


LISTING = {"html": html.render, "junit": junit.render, "markdown": markdown.render}


@pytest.mark.parametrize(
    "render, most", [(render, 5 if name == "markdown" else 7) for name, render in LISTING.items()], ids=LISTING.keys()
)
def test_what_a_finding_stands_for_is_listed(render: Callable[[Report], str], most: int, report_of: ReportOf) -> None:
    """Each member has its operation, id and command; Markdown lists the first, and how many more there are."""
    text = render(_grouped(report_of(Verdict.NOT_READY)))

    assert "7 findings of this cause, each with its command" in text
    assert [n for n in range(7) if f"GET /{n} (F-{n}, generated): harness fuzz --replay F-{n}" in text] == [
        *range(most)
    ]
    assert ("and 2 more in readiness.json" in text) == (most < 7)


@pytest.mark.parametrize("render", LISTING.values(), ids=LISTING.keys())
def test_notes_stand_apart(render: Callable[[Report], str], report_of: ReportOf) -> None:
    """A note is listed with its reason behind a line with their number, also at an item that passed."""
    text = render(_grouped(report_of(Verdict.NOT_READY)))

    assert "1 note: true, but hardly worth correcting; it decides nothing" in text
    assert "GET /n: refused: no schema has words" in text


def test_notes_make_no_result_of_a_passed_item(report_of: ReportOf) -> None:
    """In JUnit they are output of the test case, which stays passed."""
    root = ET.fromstring(junit.render(_grouped(report_of(Verdict.NOT_READY))))
    [case] = [case for case in root.iter("testcase") if case.find("system-out") is not None]

    assert [child.tag for child in case] == ["system-out"]
