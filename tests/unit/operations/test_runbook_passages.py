"""Whatever stands in place of a heading opens a section as a heading does."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.operations.runbook_page import read_document

OPENED = {
    "a heading": "# Title\n\n## Impact\n\nNobody can pay.",
    "one under a line": "Title\n=====\n\nImpact\n------\n\nNobody can pay.",
    "with a number": "## 2. Impact\n\nNobody can pay.",
    "in bold": "## **Impact**\n\nNobody can pay.",
    "with an emoji": "## \N{POLICE CARS REVOLVING LIGHT} Impact\n\nNobody can pay.",
    "a link": "## [Impact](https://example.com/impact)\n\nNobody can pay.",
    "in HTML": "<h2>Impact</h2>\n\nNobody can pay.",
    "in HTML, all in one": "<h2>Impact</h2>\n<p>Nobody can pay.</p>",
    "what folds": "<details>\n<summary>Impact</summary>\n\nNobody can pay.\n\n</details>",
    "below a heading of its own": "## Impact\n\n### Shops\n\nNobody can pay.",
    "a bold line": "**Impact**\n\nNobody can pay.",
    "a bold line with a colon": "**Impact:**\n\nNobody can pay.",
    "bold before the text": "**Impact:** Nobody can pay.",
    "bold before a colon": "**Impact**: Nobody can pay.",
    "bold before a dash": "**Impact** \N{EN DASH} Nobody can pay.",
    "bold with a full stop": "**Impact.** Nobody can pay.",
    "a plain line": "Impact: Nobody can pay.",
    "an item of a list": "- **Impact**: Nobody can pay.\n- **Owner**: team",
    "an item with a list": "- Impact:\n  - Nobody can pay.",
    "the second line of a paragraph": "**Severity**: high\n**Impact**: Nobody can pay.",
    "a definition": "Impact\n: Nobody can pay.",
    "a row of a table": "| | |\n|-|-|\n| Impact | Nobody can pay. |",
    "a column of a table": "| Meaning | Impact |\n|-|-|\n| Down | Nobody can pay. |",
}


def impact(tmp_path: Path, text: str) -> str:
    """Return what is read as the section on impact."""
    path = tmp_path / "runbook.md"
    path.write_text(text)
    passages = read_document(path).passages
    return " ".join(" ".join(p.text.split()) for p in passages if "impact" in p.sections)


@pytest.mark.parametrize("text", OPENED.values(), ids=OPENED)
def test_a_section_is_found_by_what_opens_it(tmp_path: Path, text: str) -> None:
    """The text below belongs to it."""
    assert "Nobody can pay." in impact(tmp_path, text)


NOT_OPENED = {
    "the title of the page": "# Impact of outages\n\n## Steps\n\nNobody can pay.",
    "the title in HTML": "<h1>Impact of outages</h1>\n\n## Steps\n\nNobody can pay.",
    "a comment": "<!--\n## Impact\nNobody can pay.\n-->",
    "code": "```\n## Impact\nNobody can pay.\n```",
    "a bold word in a sentence": "The **impact** is large.\n\nNobody can pay.",
    "the heading after it": "## Impact\n\n## Steps\n\nNobody can pay.",
    "the item of a list after it": "- **Impact**: users see errors at checkout\n- Nobody can pay.",
}


@pytest.mark.parametrize("text", NOT_OPENED.values(), ids=NOT_OPENED)
def test_nothing_else_opens_a_section(tmp_path: Path, text: str) -> None:
    """A title of the page names what the page is about, not one of its sections."""
    assert "Nobody can pay." not in impact(tmp_path, text)


def test_code_belongs_to_the_text_that_introduces_it(tmp_path: Path) -> None:
    """So a sentence and its command are one passage; a heading in between divides them."""
    path = tmp_path / "runbook.md"
    path.write_text("Roll it back:\n\n```sh\nhelm rollback\n```\n\n## Steps\n\n```sh\nmake\n```\n")

    first, second = read_document(path).passages

    assert (first.text, first.code.strip(), first.command) == ("Roll it back:", "helm rollback", True)
    assert (second.text, second.code.strip(), second.opened_at) == ("", "make", 7)
