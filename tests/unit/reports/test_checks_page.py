"""docs/checks.md is what the checks say."""

from __future__ import annotations

from pathlib import Path

from harness.context.checks import registered
from harness.model import Check, Item, Level
from harness.readiness.checklist import shipped
from harness.reports.checks_page import checks_page

PAGE = Path(__file__).parents[3] / "docs/checks.md"


def test_the_page_is_up_to_date() -> None:
    """A row that was changed is changed there too: `make pages`."""
    assert PAGE.read_text(encoding="utf-8") == checks_page(registered(), shipped())


def test_a_cell_holds_any_text() -> None:
    """What Markdown would take for something else is written so that it stays what it is."""
    item = Item(id="a.b", level=Level.MUST, text="It holds", remediation="")
    check = Check(id="c", item="a.b", summary="x|y", expected="<b>", source="\\u00e9", fix="one\ntwo")
    page = checks_page([check], [item, Item(id="no.check", level=Level.MUST, text="", remediation="")])

    assert "| `c` | must | x\\|y | \\<b> | \\\\u00e9 | one two |" in page
    assert "It holds (must)." in page
    assert "no.check" not in page
