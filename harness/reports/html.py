"""The report as one HTML page: self-contained, autoescaped, no script, no request to anywhere."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from harness.core.shown_text import visible
from harness.model import Report
from harness.reports import (
    attempt_picture,
    bounds,
    coverage_table,
    exclusion_block,
    folded,
    signal_table,
    text,
    vendor_section,
)

if TYPE_CHECKING:
    from jinja2 import Template


def render(report: Report) -> str:
    """Return the page."""
    page = _template().render(
        report=report,
        wording=text,
        bounds=bounds,
        signals=signal_table,
        vendor=vendor_section,
        coverage=coverage_table,
        exclusions=exclusion_block,
        folded=folded,
        picture=attempt_picture,
        signs=text.SIGNS,
        steps=list(text.steps(report)),
        failures=text.failures(report),
        unknowns=text.unknowns(report),
        shares=report.counts(),
    )
    return visible(page)


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # takes a while, and plain pytest needs no page

    environment = Environment(
        loader=PackageLoader("harness.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")
