"""What `harness explain` prints: an item, a check or a finding in full, as labelled texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from harness.core.shown_text import printable
from harness.model import Check, Finding, FixedBy, Item, Level
from harness.reports.folded import member_lines
from harness.reports.text import SIGNS, evidence, wrapped

_LABEL = 12
_OWN_TEST = 'none is shipped; verify it by a test of your own, marked @pytest.mark.verifies("{item}")'
_OF_THE_CHECK = ("source", "fix", "check")

Labelled = tuple[str, str]
"""A label and its text; what has no label is a line of its own."""


def of_item(item: Item, checks: Sequence[Check]) -> Iterator[Labelled]:
    """Yield what an item asks for, why, and the checks that verify it, a line each."""
    yield "", f"{item.id} ({item.level}), step {item.step}"
    yield "Holds when", item.text
    yield "Why", item.why
    yield "Fix", item.remediation
    yield "Needs", ", ".join(item.needs)
    yield "Checks", "harness explain CHECK explains each" if checks else _OWN_TEST.format(item=item.id)
    for check in checks:
        level = " (should)" if check.level is Level.SHOULD else ""
        yield "", f"  {check.key}{level}: {check.passed}"


def of_check(check: Check) -> Iterator[Labelled]:
    """Yield what a check does and expects, where that comes from, and what to do when it fails."""
    yield "", f"{check.key} ({check.levels})"
    yield from details(check)


def details(check: Check) -> Iterator[Labelled]:
    """Yield the texts of a check, without its name and its level."""
    yield "Looks at", check.summary
    yield "Expected", check.expected
    yield "Pass", check.passed
    yield "Fail", check.failed
    yield "Source", check.source
    yield "Fix", check.fix
    yield "Fixed by", "the provider" if check.fixed_by is FixedBy.PROVIDER else ""


def of_finding(finding: Finding, *, beside: bool = False) -> Iterator[Labelled]:
    """Yield what was observed, and the command that shows it again.

    Source and fix are left out where its check is shown ``beside`` it.
    """
    sign = SIGNS[finding.outcome]
    yield "", f"{sign.mark} {sign.word}: {finding.headline}"
    shown = ((label, text) for label, text in evidence(finding) if not beside or label not in _OF_THE_CHECK)
    yield from ((label.capitalize(), text) for label, text in shown)
    yield "Test", finding.test
    yield from (("", f"  {line}") for line in member_lines(finding))


def lines(texts: Iterable[Labelled], redact: Callable[[str], str]) -> Iterator[str]:
    """Yield what is printed: each text that there is, redacted before it is wrapped under its label."""
    for label, text in texts:
        clean = redact(text)
        if not label:
            yield printable(clean)
        elif clean:
            yield from _wrapped(label, clean.splitlines())


def _wrapped(label: str, texts: Iterable[str]) -> Iterator[str]:
    """Yield a text beside its label; its own lines stay lines."""
    indent = " " * _LABEL
    for number, text in enumerate(texts):
        first = f"{label:<{_LABEL}}" if number == 0 else indent
        yield from wrapped(printable(text), first=first, indent=indent)
