"""docs/checks.md: every item of the checklist, and every check with its expectation, source and fix."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from harness.model import Check, Item
from harness.reports.explanation import details

_HEAD = """# Checks

Every item of the checklist, in its order, with the checks that are shipped for it: what each looks at and expects,
where that expectation comes from, and what to do when it fails. The report uses the same sentences.

The terminal prints the same: `harness explain ITEM`; `harness explain CHECK`, such as `webhooks.signatures/missing`, or
`missing` where only one check has that name; and `harness explain FINDING` for a finding of the last report, with the
command that shows it again.
"""
_OWN_TEST = (
    'No check is shipped: verify it by a test of your own, marked `@pytest.mark.verifies("{item}")`; see '
    "[writing a check](writing-a-check.md)."
)


def checks_page(checks: Iterable[Check], items: Iterable[Item]) -> str:
    """Return the page as Markdown: a list of the items, then a section for each, with a part for each check."""
    by_item = defaultdict(list)
    for check in checks:
        by_item[check.item].append(check)
    listed = [(item, by_item[item.id]) for item in items]
    return "\n".join([_HEAD, *_contents(listed), *(line for item, own in listed for line in _section(item, own))])


def _contents(listed: Iterable[tuple[Item, Sequence[Check]]]) -> Iterator[str]:
    yield "| step | item | level | checks |"
    yield "|---|---|---|---|"
    for item, checks in listed:
        link = f"[{item.id}](#{item.id.replace('.', '')})"
        yield f"| {item.step} | {link} | {item.level} | {len(checks) or 'your own'} |"
    yield ""


def _section(item: Item, checks: Sequence[Check]) -> Iterator[str]:
    yield from (f"## {item.id}", "")
    yield from (f"{_text(item.text)} ({item.level}). {_text(item.why)}", "")
    yield from (f"**Fix:** {_text(item.remediation)}", "")
    if not checks:
        yield from (_OWN_TEST.format(item=item.id), "")
    for check in checks:
        yield from _part(check)


def _part(check: Check) -> Iterator[str]:
    yield from (f"### {check.key}", "")
    labelled = (("level", check.levels), *details(check))
    yield from (f"- **{label.lower()}:** {_text(text)}" for label, text in labelled if text)
    yield ""


def _text(text: str) -> str:
    """Escape what Markdown or HTML would read as markup; one line."""
    return re.sub(r"([\\<*_]|\](?=\())", r"\\\1", " ".join(text.split()))
