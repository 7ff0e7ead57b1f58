"""docs/checks.md: every check with its item, level, expectation, source and fix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from harness.model import Check, Item

_HEAD = """# Checks

Every check that is shipped, by the item of the checklist that it speaks to. `make pages` writes this page anew, and a
test holds it to the checks. Items without checks here are for your own tests: see
[writing a check](writing-a-check.md).
"""


def checks_page(checks: Iterable[Check], items: Iterable[Item]) -> str:
    """Return the page as Markdown; items that have no check are left out."""
    by_item = defaultdict(list)
    for check in checks:
        by_item[check.item].append(check)
    return "\n".join([_HEAD, *(line for item in items if item.id in by_item for line in _part(item, by_item[item.id]))])


def _part(item: Item, checks: Iterable[Check]) -> Iterator[str]:
    yield f"## {item.id}"
    yield ""
    yield f"{item.text} ({item.level})."
    yield ""
    yield "| check | level | what is looked at | expected | source | fix |"
    yield "|---|---|---|---|---|---|"
    for check in checks:
        texts = (check.summary, str(check.expected), check.source, check.fix)
        yield f"| `{check.id}` | {check.level} | {' | '.join(map(_cell, texts))} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "\\<").replace("\n", " ")
