"""What is wrong with an alert beside its expression: templates, severity, patience, runbook."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

from harness.errors import nearest
from harness.telemetry.rules.misspelling import misspelt_as
from harness.telemetry.rules.rule_checks import Complaint, complaint
from harness.telemetry.rules.rule_file import Rule
from harness.telemetry.rules.series_catalogue import SeriesCatalogue

Anchors = Callable[[Path], Collection[str]]
"""Returns the anchors of a Markdown file's headings; raises ValueError where it cannot be read."""
_ACTION = re.compile(r"\{\{((?:(?!\{\{|\}\}).)*)\}\}", re.DOTALL)
_TEMPLATE_LABEL = re.compile(r"""\$labels\.([A-Za-z_]\w*)|\bindex\s+\$labels\s+["`]([^"`]+)["`]""")
_GUARD = re.compile(r"\s*(?:-\s*)?(?:else\s+)?(?:if|with|and|or)\b")
_SEVERITY = re.compile(r"severity|priority|urgency|criticality|level|importance|\bsev\b|pager?\b", re.IGNORECASE)
_HOW_SEVERE = re.compile(
    r"(?:critical|crit|emergency|fatal|error|major|minor|high|medium|low|warning|warn|info|notice|none|page|ticket)"
    r"|(?:p|s|sev)-?[0-5]",
    re.IGNORECASE,
)
"""Values of labels that state a severity, whatever the label is called."""
_MISSPELT = 0.85
"""From which similarity on (`difflib`) a severity counts as another one misspelt; those of teams' own differ more."""
_RUNBOOK = re.compile(r"run_?book|play_?book|^docs?(?:_|$)|documentation|wiki|guide|procedure|\bsop\b", re.IGNORECASE)
"""Annotations that name a page with what to do: runbook_url, playbook, documentation (Ceph) and the like."""
_INSTRUCTIONS = re.compile(r"^(?:fix|action|remediation|resolution|solution|mitigation|what_to_do)", re.IGNORECASE)
"""Annotations that state what to do in their own text."""
_OF_RUNBOOKS = re.compile(r"run-?book|play-?book", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-zA-Z][\w+.-]*:|//|www\.")
_PATH = re.compile(r"[^\s{}#]*(?:/|\.[a-zA-Z]\w*$|\.[a-zA-Z]\w*(?=#))[^\s{}]*")
"""What looks like a path: one word, with a slash or an extension."""


def missing_template_labels(rules: Sequence[Rule], catalogue: SeriesCatalogue) -> Iterator[Complaint]:
    """Yield the labels that templates expand and the alert's result cannot have; they become empty texts.

    ``$labels`` has the labels of the result alone, not those of the rule (Prometheus: Alerting rules, Templating).
    """
    for rule in rules:
        if not rule.alert or rule.query is None:
            continue
        known = rule.query.result_labels(catalogue.labels_of)
        for part, texts in (("annotations", rule.annotations), ("labels", rule.labels)):
            for key, text in texts.items():
                for label in [name for name in _expanded(text) if name not in known]:
                    reason = (
                        "that only the rule adds"
                        if label in rule.labels
                        else "that the expression's result does not have"
                    )
                    hint = nearest(label, known.names) if known.names and not known.others else ""
                    found = f"{{{{ $labels.{label} }}}} in {key} expands to nothing: it is a label {reason}. {hint}"
                    yield complaint(rule, f"{part}.{key}", found.strip(), f"{key}-{label}")


def impatient(rules: Sequence[Rule], scrape_interval_s: float) -> Iterator[Complaint]:
    """Yield the alerts that fire after less than two scrapes; over a range, an alert needs no ``for``."""
    for rule in [r for r in rules if r.alert and r.query and r.query.selectors]:
        over_range = bool(rule.query and rule.query.ranges_s)
        if rule.for_s < 2 * scrape_interval_s and (rule.for_s or not over_range):
            waits = f"`for` is {rule.for_s:g} s" if rule.for_s else "it has no `for`"
            yield complaint(rule, "for", f"{waits}, and two scrapes take {2 * scrape_interval_s:g} s")


def without_severity(rules: Sequence[Rule]) -> Iterator[Complaint]:
    """Yield the alerts without a label that states how urgent they are, by any of its usual names, or misspelt."""
    for rule in rules:
        labels = rule.labels.items()
        if rule.alert and not any(_SEVERITY.search(name) or _HOW_SEVERE.fullmatch(value) for name, value in labels):
            yield complaint(rule, "labels", "it has no label `severity`")
    used = Counter(rule.labels.get("severity", "") for rule in rules if rule.alert)
    for rule in rules:
        stated = rule.labels.get("severity", "")
        usual = [value for value, times in used.items() if times > used[stated] and _HOW_SEVERE.fullmatch(value)]
        likely = usual if rule.alert and not _HOW_SEVERE.fullmatch(stated) else []
        if meant := misspelt_as(stated, likely, _MISSPELT):
            text = f"its severity is {stated!r}, which no other alert has. Did you mean {meant!r}?"
            yield complaint(rule, "labels.severity", text, stated)


def without_runbook(rules: Sequence[Rule]) -> Iterator[Complaint]:
    """Yield the alerts without an annotation that names a page with what to do, links to one, or states it."""
    for rule in rules:
        stated = any(_INSTRUCTIONS.search(k) or _links_to_runbook(v) for k, v in rule.annotations.items())
        if rule.alert and not stated and not _runbooks(rule):
            yield complaint(rule, "annotations", "it has no annotation `runbook_url`")


def missing_runbooks(
    rules: Sequence[Rule], root: Path, anchors: Anchors, folders: dict[str, Path]
) -> Iterator[Complaint]:
    """Yield the runbooks that do not exist; URLs and texts that are no path are skipped.

    ``folders`` has the folder of each rule file; a path is relative to it, or to ``root``, as one with a slash is.
    """
    for rule in rules:
        for key, target in _runbooks(rule).items() if rule.alert else ():
            if not _PATH.fullmatch(target) or _ELSEWHERE.match(target):
                continue
            file, _, anchor = target.partition("#")
            places = [root, folders[rule.file]]
            found = _existing(places, unquote(file).lstrip("/"))
            if found is None:
                yield complaint(rule, f"annotations.{key}", f"the runbook {target} does not exist", target)
            elif anchor and (text := _without_anchor(found, unquote(anchor), anchors)):
                yield complaint(rule, f"annotations.{key}", f"the runbook {target} {text}", target)


def _existing(places: Sequence[Path], name: str) -> Path | None:
    """Return the file of a path, or its folder; an address of a site may leave the ending of Markdown out."""
    for path in (place / written for place in places for written in (name, f"{name.rstrip('/')}.md") if name):
        try:
            if path.exists():
                return path
        except OSError:  # its name is too long
            continue
    return None


def _links_to_runbook(text: str) -> bool:
    return any("/" in word and _OF_RUNBOOKS.search(word) for word in text.split())


def _runbooks(rule: Rule) -> dict[str, str]:
    return {key: text.strip() for key, text in rule.annotations.items() if _RUNBOOK.search(key) and text.strip()}


def _without_anchor(path: Path, anchor: str, anchors: Anchors) -> str:
    """Return why a page has no such heading; empty where it has, or is no Markdown."""
    if path.suffix.lower() not in (".md", ".markdown"):
        return ""
    try:
        known = anchors(path)
    except ValueError as exc:
        return f"cannot be read: {exc}"
    return (
        ""
        if anchor.lower() in known
        else f"has no such heading. {nearest(anchor, known)}"
        if known
        else "has no headings"
    )


def _expanded(text: str) -> list[str]:
    """Return the labels that a template expands without asking first whether they are there."""
    actions = [match[1] for match in _ACTION.finditer(text)]
    guarded = {name for action in actions if _GUARD.match(action) for name in _names(action)}
    return [name for name in dict.fromkeys(n for a in actions for n in _names(a)) if name not in guarded]


def _names(action: str) -> list[str]:
    return [match[1] or match[2] for match in _TEMPLATE_LABEL.finditer(action)]
