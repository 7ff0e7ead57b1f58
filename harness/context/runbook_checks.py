"""Judges the runbooks of a target's alerts: composes the rules of telemetry with the runbooks of operations."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.context.exercise_plan import rule_files_of
from harness.context.named_files import judge_globs
from harness.model import Outcome
from harness.operations.alert_runbooks import FIT, LISTED, judge_alert_runbooks, load_runbooks
from harness.operations.runbook_link import AlertLink
from harness.operations.runbook_queries import judge_queries
from harness.operations.runbooks import CHECKS, INCIDENTS, judge_runbooks
from harness.telemetry.promql import parse

if TYPE_CHECKING:
    from pathlib import Path

    from harness.context.run_context import RunContext
    from harness.context.target import Target
    from harness.model import Finding
    from harness.telemetry.rules.rule_file import Rule, RuleFile

_LINK = re.compile(r"run_?book|play_?book", re.IGNORECASE)
"""Annotations that link to a runbook: ``runbook_url`` (kubernetes-mixin), ``runbook``, ``playbook`` and the like."""


def judge_runbooks_of_incidents(context: RunContext, paths: Sequence[Path]) -> list[Finding]:
    """Return one finding for the runbook of each incident that the integration can have."""
    operations = context.config.operations
    assert operations is not None
    return judge_runbooks(
        paths,
        today=dt.datetime.now(tz=dt.UTC).date(),
        review_within_s=operations.review_within,
        root=context.target.root,
        incidents=[incident for incident in INCIDENTS if CHECKS[incident].item not in context.declared],
        receives_webhooks=context.config.receiver is not None,
    )


def judge_runbooks_of_alerts(target: Target, today: dt.date) -> list[Finding]:
    """Return the findings on the runbooks of all alerts."""
    operations = target.config.operations
    if operations is None or operations.runbooks is None:
        return [FIT.finding(Outcome.NOT_APPLICABLE, "harness.toml does not set [operations] runbooks")]
    if unmatched := list(judge_globs(target, LISTED, "[operations] runbooks", [operations.runbooks])):
        return unmatched
    paths = target.files(operations.runbooks)
    runbooks = load_runbooks(paths, today=today, review_within_s=operations.review_within, root=target.root)
    files = rule_files_of(target)
    known = not any(file.template or file.faults for file in files)
    alerts = list(alert_links(files))
    return judge_alert_runbooks(alerts, runbooks, all_alerts_are_known=known) + judge_queries(runbooks, parse)


def alert_links(files: Sequence[RuleFile]) -> Iterator[AlertLink]:
    """Yield each alert of the rules once, with the link to its runbook."""
    found: dict[str, AlertLink] = {}
    for file in files:
        for rule in file.rules:
            key = _link_key(rule)
            link = rule.annotations[key].strip() if key else ""
            if rule.alert and (rule.alert not in found or (link and not found[rule.alert].link)):
                where = rule.where(f"annotations.{key}" if key else "")
                found[rule.alert] = AlertLink(name=rule.alert, link=link, where=where, folder=file.path.parent)
    yield from found.values()


def _link_key(rule: Rule) -> str:
    keys = [key for key, text in rule.annotations.items() if _LINK.search(key) and text.strip()]
    return "runbook_url" if "runbook_url" in keys else next(iter(keys), "")
