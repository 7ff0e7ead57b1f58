"""The report as JUnit XML: one test case per checklist item, for CI systems that show such files."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from harness.core.cutting import cut
from harness.core.shown_text import visible
from harness.model import ItemResult, Level, Outcome, Report, Verdict
from harness.reports import folded, vendor_section
from harness.reports.text import accepted_lines, advice, bad_findings, evidence, headline, parts, steps

# Characters XML 1.0 cannot carry in any form (section 2.2).
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """Return the report as JUnit XML; a ``should`` item that does not hold is reported as skipped."""
    root = ET.Element("testsuites", name=f"readiness of {report.target.name}: {report.verdict}")
    for step, items in steps(report):
        suite = ET.SubElement(root, "testsuite", name=step, timestamp=report.started_at)
        if report.waivers and report.verdict is Verdict.READY and len(root) == 1:
            _waived(suite, report)
        for item in items:
            _case(suite, item)
        _count(suite)
    if report.problems:
        suite = ET.SubElement(root, "testsuite", name="the run itself")
        for problem in report.problems:
            case = ET.SubElement(suite, "testcase", classname="readiness.run", name=cut(parts(problem)[0], 120))
            tag = "failure" if problem.outcome is Outcome.FAIL else "error"
            ET.SubElement(case, tag, message=problem.text)
        _count(suite)
    _vendor(root, report)
    for element in root.iter():
        element.text = _clean(element.text or "") or None
        for name, value in element.items():
            element.set(name, _clean(value))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _vendor(root: ET.Element, report: Report) -> None:
    """Add what a vendor's API does differently as the output of a suite without cases: it is no result of a test."""
    if not report.vendor:
        return
    suite = ET.SubElement(root, "testsuite", name=vendor_section.HEADING)
    _count(suite)
    lines = [vendor_section.owner(report), *(vendor_section.sentence(d) for d in report.vendor)]
    ET.SubElement(suite, "system-out").text = "\n".join(lines)


def _waived(suite: ET.Element, report: Report) -> None:
    """Add what READY rests on beside the checks as properties: the headline, and a waiver each."""
    properties = ET.SubElement(suite, "properties")
    ET.SubElement(properties, "property", name="verdict", value=headline(report))
    for line in accepted_lines(report):
        ET.SubElement(properties, "property", name="waiver", value=line)


def _case(suite: ET.Element, item: ItemResult) -> None:
    case = ET.SubElement(suite, "testcase", classname=f"readiness.{item.id.partition('.')[0]}", name=item.id)
    if tag := _tag(item):
        element = ET.SubElement(case, tag, message=item.summary)
        element.text = "\n".join(_detail(item))
    if item.notes:
        lines = (folded.notes_title(item.notes), *(f"- {line}" for line in folded.note_lines(item.notes)))
        ET.SubElement(case, "system-out").text = "\n".join(lines)


def _tag(item: ItemResult) -> str | None:
    if item.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):
        return None
    if item.outcome is Outcome.WAIVED or item.level is Level.SHOULD:
        return "skipped"
    return "failure" if item.outcome is Outcome.FAIL else "error"  # not run is not known, which CI must not show green


def _detail(item: ItemResult) -> list[str]:
    label, text = advice(item)
    lines = [item.text, f"{label}: {text}"]
    if item.waiver:
        lines.append(f"Waived by {item.waiver.owner} until {item.waiver.expires}: {item.waiver.reason}")
    for finding in bad_findings(item):
        lines.append(f"- {finding.headline}")
        lines += (f"    {name}: {value}" for name, value in evidence(finding, shown=text))
        if title := folded.members_title(finding):
            lines += (f"    {title}:", *(f"    - {line}" for line in folded.member_lines(finding)))
    return lines


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", visible(text))
