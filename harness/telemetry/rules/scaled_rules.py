"""The team's rules over shorter times, so that an exercise proves in seconds what takes minutes in production."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import yaml

from harness.telemetry.promql import Query
from harness.telemetry.promql.durations import duration_text
from harness.telemetry.rules.rule_file import Rule, RuleFile

MIN_RANGE_S = 4.0
"""Seconds of the shortest range, scaled: four scrapes, which `rate` needs to be steady."""
MIN_FOR_S = 2.0
"""Seconds of the shortest ``for``, scaled, where no rule has a range."""


class ScaledRules(msgspec.Struct, frozen=True, kw_only=True):
    """Rule files to give to a Prometheus that scrapes and evaluates every second."""

    texts: tuple[str, ...]
    """Contents of the files, plain groups in YAML."""
    rules: Mapping[str, Rule]
    """The scaled rules of the alerts that the team counts on, by name."""
    factor: float
    """By which every range, offset, subquery, ``for`` and ``keep_firing_for`` is multiplied; at most 1."""
    thresholds: tuple[str, ...] = ()
    """Alerts that compare with a number, which is not scaled, each with file, line and its comparison."""
    left_out: tuple[str, ...] = ()
    """Rules that were not given to Prometheus, each with file and line, and why."""


def scaled_rules(files: Sequence[RuleFile], counted: Iterable[str]) -> ScaledRules:
    """Scale all rules by the one factor that suits the alerts in ``counted`` and the rules that record their series."""
    names = set(counted)
    every = [rule for file in files for rule in file.rules]
    needed = _with_recorded([rule for rule in every if rule.alert in names], every)
    factor = _factor([rule for rule in every if id(rule) in needed])
    refused = {id(rule): why for rule in every if (why := _unusable(rule, counted=id(rule) in needed))}
    scaled = {id(rule): _scaled(rule, factor) for rule in every if id(rule) not in refused}
    texts = [plain_text([scaled[id(r)] for r in file.rules if id(r) in scaled]) for file in files]
    return ScaledRules(
        texts=tuple(text for text in texts if text),
        rules={rule.alert: scaled[id(rule)] for rule in every if rule.alert in names and id(rule) in scaled},
        factor=factor,
        thresholds=tuple(_thresholds(rule for rule in every if rule.alert in names)),
        left_out=tuple(f"{r.where('expr')}: {r.name}: {refused[id(r)]}" for r in every if id(r) in refused),
    )


def _with_recorded(rules: list[Rule], every: Sequence[Rule]) -> set[int]:
    """Return the identities of rules, and of all that record what these read; circles end where they began."""
    recording: dict[str, list[Rule]] = {}
    for rule in every:
        if rule.record:
            recording.setdefault(rule.record, []).append(rule)
    found: set[int] = set()
    waiting = list(rules)
    while waiting:
        rule = waiting.pop()
        if id(rule) not in found:
            found.add(id(rule))
            waiting += [each for name in _read(rule.query) for each in recording.get(name, ())]
    return found


def _read(query: Query | None) -> list[str]:
    return [selector.name for selector in query.selectors] if query else []


def _factor(rules: Sequence[Rule]) -> float:
    ranges = [seconds for rule in rules if rule.query for seconds in rule.query.ranges_s]
    if ranges:
        return min(1.0, MIN_RANGE_S / min(ranges))
    patience = [rule.for_s for rule in rules if rule.for_s]
    return min(1.0, MIN_FOR_S / min(patience)) if patience else 1.0


def _unusable(rule: Rule, *, counted: bool) -> str:
    """Return why Prometheus would refuse the whole file with this rule; empty where it would not.

    A rule that nobody counts on must not hinder the others, so that it is left out where only newer versions know it.
    """
    if rule.newer:
        return f"it contains {rule.newer}"
    if rule.query is None:
        return "its expression is not PromQL"
    if not counted and (newer := rule.query.newer | rule.newer_names):
        return f"Prometheus before 3 does not know {', '.join(sorted(newer))}"
    return ""


def _scaled(rule: Rule, factor: float) -> Rule:
    assert rule.query is not None
    return msgspec.structs.replace(
        rule,
        expr=rule.query.scaled(factor),
        for_s=rule.for_s * factor,
        keep_firing_for_s=rule.keep_firing_for_s * factor,
    )


def plain_text(rules: Sequence[Rule]) -> str:
    """Return a file of plain groups, empty without rules; groups lose their interval, and are evaluated as all are."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for rule in rules:
        groups.setdefault(rule.group or "unnamed", []).append(_plain(rule))
    document = {"groups": [{"name": name, "rules": inside} for name, inside in groups.items()]}
    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, width=10_000) if groups else ""


def _plain(rule: Rule) -> dict[str, Any]:
    durations = {"for": rule.for_s, "keep_firing_for": rule.keep_firing_for_s}
    written: dict[str, Any] = {"alert": rule.alert} if rule.alert else {"record": rule.record}
    written["expr"] = rule.expr
    written |= {key: duration_text(seconds) for key, seconds in durations.items() if seconds}
    written |= {key: value for key, value in (("labels", rule.labels), ("annotations", rule.annotations)) if value}
    return written


def _thresholds(rules: Iterable[Rule]) -> Iterator[str]:
    for rule in rules:
        threshold = rule.query.threshold if rule.query else None
        if threshold:
            yield f"{rule.where('expr')}: {rule.alert}: {threshold.op} {threshold.value:g}"
