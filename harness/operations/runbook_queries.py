"""Queries of PromQL in the code of runbooks: advice where one cannot be pasted into Prometheus as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from harness.model import Check, Finding, Level, Outcome
from harness.operations.alert_runbooks import ITEM, Runbooks
from harness.operations.runbook_page import Snippet

PARSES = Check(
    id="runbook-queries",
    item=ITEM,
    level=Level.SHOULD,
    summary="the PromQL in the runbooks",
    passed="The queries in the runbooks are PromQL",
    failed="A query in a runbook is not PromQL",
    expected="a query that can be pasted into Prometheus",
    source="Prometheus: Querying basics",
    fix="Correct the query, or give the block another language than promql.",
)
_PLACEHOLDER = re.compile(r"\{\{|\{%|\$\w|\$\{|<[\w -]+>|\.\.\.|\N{HORIZONTAL ELLIPSIS}")
_PROMPT = re.compile(r"^[ \t]*\$\s", re.MULTILINE)


def judge_queries(runbooks: Runbooks, parse: Callable[[str], object]) -> list[Finding]:
    """Return a finding for each block of ``promql`` in which nothing is a query, or one pass.

    ``parse`` raises ValueError for what is not PromQL. Blocks with placeholders are left alone; so is the output that
    follows a query after an empty line.
    """
    failed, judged = [], 0
    for page in runbooks.pages:
        for snippet in page.snippets:
            if snippet.language not in ("promql", "prometheus") or _PLACEHOLDER.search(snippet.text):
                continue
            judged += 1
            if why := _not_a_query(snippet, parse):
                text = f"{runbooks.shown(page.path)}:{snippet.line}: {why}"
                case = f"{PARSES.id}-{runbooks.shown(page.path)}-{judged}"
                failed.append(PARSES.finding(Outcome.FAIL, text, summary=f"{PARSES.failed}: {text}", case=case))
    if failed or not judged:
        return failed
    return [PARSES.finding(Outcome.PASS, f"{judged} queries")]


def _not_a_query(snippet: Snippet, parse: Callable[[str], object]) -> str:
    """Return why a block is no query: neither as a whole, nor any of its paragraphs or lines."""
    reasons = [reason for text in _readings(_PROMPT.sub("", snippet.text)) for reason in [_reason(text, parse)]]
    return reasons[0] if reasons and all(reasons) else ""


def _readings(text: str) -> Iterator[str]:
    yield text
    yield from filter(str.strip, re.split(r"\n\s*\n", text)[:9])
    yield from filter(str.strip, text.splitlines()[:9])


def _reason(text: str, parse: Callable[[str], object]) -> str:
    try:
        parse(text)
    except ValueError as exc:
        return str(exc)
    return ""
