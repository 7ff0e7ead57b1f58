"""The report as one HTML page: self-contained, autoescaped, no request to anywhere."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from harness.model import Report
from harness.reports.wording import MEANING, SIGNS, counts, headline, steps


def render(report: Report) -> str:
    """Return the page."""
    return _template().render(
        report=report,
        headline=headline(report),
        meaning=MEANING[report.verdict],
        signs=SIGNS,
        counts=counts(report),
        steps=list(steps(report)),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("harness.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")
