"""docs/checks.md is what the checks say."""

from __future__ import annotations

import re
from pathlib import Path

from harness.context.checks import registered
from harness.model import Check, Item, Level
from harness.readiness.checklist import shipped
from harness.reports.checks_page import checks_page

PAGE = Path(__file__).parents[3] / "docs/checks.md"


def test_the_page_is_up_to_date() -> None:
    """A row that was changed is changed there too: `make pages`."""
    assert PAGE.read_text(encoding="utf-8") == checks_page(registered(), shipped())


def test_any_text_stays_what_it_is() -> None:
    """Characters with a meaning in Markdown are escaped."""
    item = Item(id="a.b", level=Level.MUST, text="It holds", why="Or not", remediation="Mend it")
    check = Check(
        id="c",
        item="a.b",
        summary="x|y",
        passed="It held",
        failed="It did not hold",
        expected="<b>",
        source="\\u00e9 [a_b](c)*",
        fix="one\ntwo",
    )
    page = checks_page([check], [item])

    assert "### a.b/c\n\n- **level:** must\n- **looks at:** x|y\n- **expected:** \\<b>\n" in page
    assert "- **source:** \\\\u00e9 [a\\_b\\](c)\\*\n- **fix:** one two\n" in page
    assert "It holds (must). Or not\n\n**Fix:** Mend it\n" in page


def test_every_item_is_listed_in_the_order_of_the_checklist() -> None:
    """The section of an item without a shipped check shows how to verify it with a test."""
    page = PAGE.read_text(encoding="utf-8")
    sections = re.findall(r"^## (\S+)$", page, re.MULTILINE)

    assert sections == [item.id for item in shipped()]
    assert 'verify it by a test of your own, marked `@pytest.mark.verifies("workflow.core")`' in page
