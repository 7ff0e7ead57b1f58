"""Markdown is read as GitHub shows it: anchors, links, keys of the front matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.operations.runbook_page import read_document, snake_case

ANCHORS = {
    "plain": ("## Rollback", {"rollback"}),
    "numbered": ("## 1. Roll back", {"1-roll-back"}),
    "code, bold and a link": ("## `up` is **down**: [see](x.md)", {"up-is-down-see"}),
    "emoji": ("## \N{FIRE} Impact", {"-impact", "impact"}),
    "letters with marks": ("## Größe & Umfang", {"größe--umfang"}),
    "the same again": ("## A\n\n## A\n\n### A", {"a", "a-1", "a-2"}),
    "underlined": ("Impact\n======\n\nDiagnosis\n---------\n", {"impact", "diagnosis"}),
    "an id of its own": ("## Impact on users {#impact}", {"impact-on-users", "impact"}),
    "an id of kramdown": ("## Impact on users {: #impact}", {"impact-on-users", "impact"}),
    "HTML": ('<h2 id="Who">Who is <b>hit</b></h2>', {"who-is-hit", "who"}),
    "an anchor in the text": ('Text <a name="here"></a> goes on.', {"here"}),
    "an anchor in a comment": ('<!-- <a name="here"></a> -->', set[str]()),
    "braces that are no id": ("## Set {x}", {"set"}),
}


@pytest.mark.parametrize("text, anchors", ANCHORS.values(), ids=ANCHORS)
def test_headings_have_the_anchors_of_github(tmp_path: Path, text: str, anchors: set[str]) -> None:
    """Equal headings are numbered, and an id that the text gives counts too."""
    path = tmp_path / "runbook.md"
    path.write_text(text)

    assert read_document(path).anchors == anchors


def test_links_are_found_wherever_they_stand(tmp_path: Path) -> None:
    """In text, by reference, as a picture, and in HTML; with their lines."""
    path = tmp_path / "runbook.md"
    path.write_text('---\nowner: a\n---\n[a](a.md), [b], ![c](c.png)\n\n<a href="d.md">d</a>\n\n[b]: b.md "B"\n')

    assert [tuple(link) for link in read_document(path).links] == [
        ("a.md", 4),
        ("b.md", 4),
        ("c.png", 4),
        ("d.md", 6),
    ]


@pytest.mark.parametrize("key", ["last_reviewed", "last-reviewed", "Last reviewed", "lastReviewed", " Last Reviewed "])
def test_keys_have_one_spelling(key: str) -> None:
    """However a team writes them."""
    assert snake_case(key) == "last_reviewed"
