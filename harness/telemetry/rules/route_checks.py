"""Judges Alertmanager's configuration: every alert reaches somebody, every route some alert, and nothing hides one."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.errors import nearest
from harness.model import Check, Finding, Level, Outcome
from harness.telemetry.promql import LabelMatcher
from harness.telemetry.rules.alert_routing import Fit, LabelledAlert, misspelt_labels, misspelt_values, routes_taken
from harness.telemetry.rules.alertmanager_config import AlertmanagerConfig, Inhibition, Route, read_alertmanager
from harness.telemetry.rules.rule_checks import ITEM, Complaint, complaint_findings
from harness.telemetry.rules.rule_file import RuleFile
from harness.telemetry.rules.series_catalogue import BY_SCRAPING

_SOURCE = "Alertmanager: Configuration"
ROUTES_PARSE = Check(
    id="routes-parse",
    item=ITEM,
    summary="Alertmanager's configuration, as Alertmanager reads it",
    passed="Alertmanager's configuration parses",
    failed="Alertmanager refuses its configuration",
    expected="a file that Alertmanager loads, with every receiver defined",
    source=_SOURCE,
    fix="Correct the line; `amtool check-config` checks the file too.",
)
REACHES = Check(
    id="alert-reaches-somebody",
    item=ITEM,
    summary="the receivers of each alert",
    passed="Every alert is routed to a receiver that notifies somebody",
    failed="An alert is routed to nobody",
    expected="a receiver with an integration, such as a pager or a channel",
    source=f"{_SOURCE}, route and receiver",
    fix="Correct the route's matchers or the alert's labels, or give the receiver an integration.",
)
REACHED = Check(
    id="route-reached",
    item=ITEM,
    level=Level.SHOULD,
    summary="the routes that no alert of these rules takes",
    passed="Every route is taken by an alert",
    failed="A route is taken by no alert",
    expected="matchers that an alert of the rules can fulfil",
    source=f"{_SOURCE}, route",
    fix="Correct its matchers; or remove it, unless it is for alerts of others.",
)
INHIBITED = Check(
    id="alert-inhibited",
    item=ITEM,
    summary="the inhibitions between alerts that you count on",
    passed="No alert that you count on is always hidden by another",
    failed="An alert that you count on is always hidden by another",
    expected="a notification of each alert in [telemetry.alerts] fires",
    source=f"{_SOURCE}, inhibit_rule",
    fix="Narrow the inhibition's matchers, or add to `equal` what the two alerts do not share.",
)
CHECKS = (ROUTES_PARSE, REACHES, REACHED, INHIBITED)
NO_ALERTS = "the rules of [telemetry.alerts] have no alert that could be read"
_DELIBERATE = re.compile(r"null|black.?hole|dev.?null|none|void|discard|drop|ignore|silen|mute|noop", re.IGNORECASE)
"""Names of receivers that are meant to notify nobody."""


def judge_routes(
    config: AlertmanagerConfig, files: Sequence[RuleFile], *, fires: Mapping[str, object], labels: Mapping[str, str]
) -> list[Finding]:
    """Return the findings of every check of routes.

    ``fires`` has the alerts that are counted on, each with what fires it; ``labels`` are those of every series.
    """
    if config.faults or config.route is None:
        faults = [Complaint(fault.at(config.name).partition(": ")[0], "", fault.text) for fault in config.faults]
        return complaint_findings(ROUTES_PARSE, faults, config.name)
    alerts = [LabelledAlert.of(rule) for file in files for rule in file.rules if rule.alert]
    looked = f"{len(alerts)} alerts, {len(list(config.route.walk()))} routes, {len(config.inhibitions)} inhibitions"
    complaints: dict[Check, Iterable[Complaint]] = {
        ROUTES_PARSE: (),
        REACHES: _reaching_nobody(config, config.route, alerts, set(fires)),
        REACHED: _unreached(config, config.route, alerts) if alerts else (),
        INHIBITED: _hidden(
            config, [alert for alert in alerts if alert.rule.alert in fires], fires, (*BY_SCRAPING, *labels)
        ),
    }
    unknown = {REACHES: NO_ALERTS, REACHED: NO_ALERTS} if not alerts else {}
    return [
        finding
        for check, found in complaints.items()
        for finding in complaint_findings(check, found, looked, unknown.get(check, ""))
    ]


def static_route_findings(paths: Iterable[Path]) -> list[Finding]:
    """Return what is wrong with configurations of Alertmanager by themselves, without any alerts."""
    judged = (judge_routes(read_alertmanager(path), (), fires={}, labels={}) for path in paths)
    return [finding for findings in judged for finding in findings if finding.outcome is Outcome.FAIL]


def _reaching_nobody(
    config: AlertmanagerConfig, root: Route, alerts: Sequence[LabelledAlert], counted: set[str]
) -> Iterator[Complaint]:
    """Yield the alerts all of whose receivers notify nobody; a receiver that is meant to is left alone."""
    misspelt = misspelt_labels(root, alerts)
    for alert in alerts:
        handling = routes_taken(alert, root, misspelt)[1]
        if any(config.receivers.get(route.receiver) for route in handling):
            continue
        name, meant = alert.rule.alert, all(_is_deliberate(route, root) for route in handling)
        if name in counted or not meant:
            places = ", ".join(f"{r.receiver!r} ({config.name}:{r.line})" for r in handling)
            text = f"it is routed to {places}, which has no integration and notifies nobody"
            yield Complaint(alert.rule.where("labels"), name, text)


def _is_deliberate(route: Route, root: Route) -> bool:
    return route is not root and route.names_receiver and _DELIBERATE.search(route.receiver) is not None


def _unreached(config: AlertmanagerConfig, root: Route, alerts: Sequence[LabelledAlert]) -> Iterator[Complaint]:
    """Yield the routes that no alert can enter, without those below them."""
    labels, values = misspelt_labels(root, alerts), misspelt_values(root, alerts)
    entered = {id(route) for alert in alerts for route in _entered(alert, root, labels | values)}
    waiting = [root]
    while waiting:
        route = waiting.pop(0)
        if id(route) in entered:
            waiting += route.routes
            continue
        matchers = ", ".join(map(str, route.matchers))
        text = f"no alert of the rules takes the route {matchers} to {route.receiver!r}. {_hint(route, alerts, labels)}"
        yield Complaint(f"{config.name}:{route.line}", "", text.strip(), matchers)


def _entered(alert: LabelledAlert, route: Route, misspelt: Container[LabelMatcher]) -> Iterator[Route]:
    """Yield the routes that an alert may enter."""
    if alert.fits(route.matchers, misspelt) is Fit.NO:
        return
    yield route
    for child in route.routes:
        yield from _entered(alert, child, misspelt)
        if not child.goes_on and alert.fits(child.matchers, misspelt) is Fit.YES:
            return


def _hint(route: Route, alerts: Sequence[LabelledAlert], labels: Mapping[LabelMatcher, str]) -> str:
    for matcher in route.matchers:
        if matcher in labels:
            return f"Did you mean the label {labels[matcher]!r}?"
        values = {alert.labels[matcher.label] for alert in alerts if matcher.label in alert.labels}
        if values and matcher.op == "=" and matcher.value not in values:
            return f"{matcher.label}: {nearest(matcher.value, values)}"
    return ""


def _hidden(
    config: AlertmanagerConfig, alerts: Sequence[LabelledAlert], fires: Mapping[str, object], scraped: Collection[str]
) -> Iterator[Complaint]:
    """Yield the alerts that another one hides whenever their common fault fires both.

    Two thresholds of one expression, such as a warning and a critical alert, are none: the first fires before.
    """
    for target in alerts:
        for inhibition in config.inhibitions:
            for source in alerts:
                name = source.rule.alert
                same_fault = fires[name] == fires[target.rule.alert]
                if source is target or not same_fault or _are_steps(source, target):
                    continue
                if _inhibits(inhibition, source, target, scraped):
                    text = (
                        f"{name} fires for the same fault and hides it: the inhibition in "
                        f"{config.name}:{inhibition.line} matches both"
                    )
                    yield Complaint(target.rule.where(), target.rule.alert, text, name)


def _are_steps(one: LabelledAlert, other: LabelledAlert) -> bool:
    lefts = [
        alert.rule.query.threshold.left for alert in (one, other) if alert.rule.query and alert.rule.query.threshold
    ]
    return len(lefts) == 2 and lefts[0] == lefts[1]


def _inhibits(inhibition: Inhibition, source: LabelledAlert, target: LabelledAlert, scraped: Collection[str]) -> bool:
    """Whether one alert surely hides another; one that matches both sides is hidden by no other that does so too."""
    if source.fits(inhibition.source) is not Fit.YES or target.fits(inhibition.target) is not Fit.YES:
        return False
    both = target.fits(inhibition.source) is not Fit.NO and source.fits(inhibition.target) is not Fit.NO
    return not both and all(_are_equal(label, source, target, scraped) for label in inhibition.equal)


def _are_equal(label: str, source: LabelledAlert, target: LabelledAlert, scraped: Collection[str]) -> bool:
    """Whether a label surely has one value on both: as written, or as scraping gives it to the one target."""
    if label in source.labels or label in target.labels:
        return source.labels.get(label) == target.labels.get(label)
    queries = [alert.rule.query for alert in (source, target)]
    there = [query is not None and label in query.result_labels() for query in queries]
    return not any(there) or (all(there) and label in scraped)
