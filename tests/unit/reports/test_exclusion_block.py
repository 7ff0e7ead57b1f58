"""What would leave operations out is shown as lines of harness.toml that can be copied: bounded in the terminal."""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import msgspec
import pytest

from harness.model import (
    Exclusion,
    Finding,
    ItemResult,
    Level,
    Outcome,
    ProviderOwner,
    Report,
    VendorDifference,
    Verdict,
)
from harness.reports import html, json, markdown, terminal
from harness.reports.exclusion_block import INTRODUCTION, as_toml, toml_lines

ReportOf = Callable[[Verdict], Report]
MANY = Exclusion(section="provider", selectors=tuple(f"GET /v1/a_long_name/{n}/*" for n in range(100)))
FEW = Exclusion(section="fuzz", selectors=("/v1/treasury/*", 'tag:"quoted"'))


@pytest.mark.parametrize("exclusion", [MANY, FEW])
def test_it_is_toml_and_whole(exclusion: Exclusion) -> None:
    """No selector is broken at its space; each comes once, in its order."""
    read = tomllib.loads(as_toml(exclusion))

    assert read == {exclusion.section: {"exclude": list(exclusion.selectors)}}
    assert max(map(len, as_toml(exclusion).splitlines())) < 100


def test_the_first_of_many_are_toml_too() -> None:
    """A comment counts the others."""
    text = "\n".join(toml_lines(MANY, most=12))

    assert tomllib.loads(text)["provider"]["exclude"] == list(MANY.selectors[:12])
    assert "# and 88 more, in the report" in text


@pytest.fixture(params=["ours", "a vendor's"])
def report(request: pytest.FixtureRequest, report_of: ReportOf) -> Report:
    """A report with one finding about hundred operations."""
    found = Finding(item="contract.fuzz", outcome=Outcome.FAIL, summary="s", exclude=MANY, operations=("GET /a",))
    if request.param == "ours":
        item = ItemResult(
            id="contract.fuzz",
            step="s",
            level=Level.MUST,
            outcome=Outcome.FAIL,
            text="t",
            summary="s",
            remediation="r",
            findings=(found,),
        )
        return msgspec.structs.replace(report_of(Verdict.NOT_READY), items=(item,))
    difference = VendorDifference(
        item="contract.fuzz",
        check="unserved",
        cause="c",
        operations=("GET /a",),
        ids=("F-0",),
        findings=(msgspec.structs.replace(found, exclude=None),),
        exclude=MANY,
    )
    owner = ProviderOwner(ours=False, declared=True)
    return msgspec.structs.replace(report_of(Verdict.READY), vendor=(difference,), provider=owner)


def test_each_format_has_it(report: Report) -> None:
    """The page, Markdown and readiness.json have all of it, the terminal the first selectors."""
    shown = "\n".join(text for text, _ in terminal.lines(report, written="x"))
    last = MANY.selectors[-1]

    assert INTRODUCTION in shown
    assert MANY.selectors[0] in shown
    assert last not in shown
    assert f"&#34;{last}&#34;" in html.render(report)
    assert f'"{last}"' in markdown.render(report)
    assert "```toml" in markdown.render(report)
    assert json.read(json.render(report)) == report
