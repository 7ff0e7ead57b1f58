"""Judges the team's own Prometheus and Alertmanager, and reports by name what only a scaled exercise can prove."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from harness.model import Check, Finding, Outcome
from harness.model.check import Judgement
from harness.telemetry.monitoring.alert_checks import CHECKS as PROVED
from harness.telemetry.monitoring.alert_checks import ITEM
from harness.telemetry.monitoring.own import OwnMonitoring, OwnRule, SyntheticAlert

_SOURCE = "Prometheus: HTTP API, Rules, Targets and Alertmanagers"
SCRAPED = Check(
    id="own-target-scraped",
    item=ITEM,
    summary="whether your own Prometheus scrapes the integration",
    passed="Your Prometheus scrapes the integration",
    failed="Your Prometheus does not scrape the integration",
    expected="a target with the job or the instance of the integration, which is up",
    source=_SOURCE,
    fix="Add the integration to scrape_configs, at an address that Prometheus can reach, or name its job in "
    "[telemetry.alerts] labels.",
)
HEALTHY = Check(
    id="own-rule-healthy",
    item=ITEM,
    summary="the rule of an alert in your own Prometheus",
    passed="Your Prometheus evaluates the rule without an error",
    failed="Your Prometheus does not evaluate the rule",
    expected="the rule loaded, with health: ok",
    source=_SOURCE,
    fix="Load the rule file through rule_files, and correct what Prometheus reports of the rule.",
)
EXISTING = Check(
    id="own-series-exist",
    item=ITEM,
    summary="the series that an alert reads, in your own Prometheus",
    passed="Your Prometheus has every series that the rule reads",
    failed="Your Prometheus does not have a series that the rule reads",
    expected="at least one series for each metric of the expression",
    source="Prometheus: Avoid missing metrics",
    fix="Correct the name of the metric in the rule, or export it from the start.",
)
SENT = Check(
    id="own-alerts-sent",
    item=ITEM,
    summary="whether your own Prometheus has an Alertmanager",
    passed="Your Prometheus sends alerts to an Alertmanager",
    failed="Your Prometheus sends alerts to nobody",
    expected="at least one Alertmanager",
    source=_SOURCE,
    fix="Name your Alertmanager in Prometheus' configuration, under alerting.alertmanagers.",
)
ROUTED = Check(
    id="own-test-alert-notified",
    item=ITEM,
    summary="a test alert, sent through your own Alertmanager",
    passed="Your Alertmanager notified a receiver of a test alert",
    failed="Your Alertmanager did not notify a receiver of a test alert",
    expected="a receiver for the alert, one more notification, and none that failed",
    source="Alertmanager: Configuration, route; Alertmanager: metrics",
    fix="Route the labels of [telemetry.alerts] synthetic to a receiver with an integration, end what holds the alert "
    "back, and correct how the receiver is reached.",
)
CHECKS = (SCRAPED, HEALTHY, EXISTING, SENT, ROUTED)
UNPROVED = (
    "the rules of your own Prometheus cannot be scaled, so no fault of a gate lasts until this alert fires; name the "
    "rule files in [telemetry.alerts] rules, and the harness proves it with a Prometheus of its own"
)


def judge_own(
    own: OwnMonitoring, synthetic: SyntheticAlert | str, *, counted: Iterable[str], proved: Collection[str] = ()
) -> Iterator[Finding]:
    """Yield the findings on the team's own servers.

    ``synthetic`` can be the reason why no test alert was sent. An exercise proves those of the alerts in ``counted``
    that are in ``proved``; of the others, all that only an exercise can prove is reported as not run.
    """
    yield _finding(SCRAPED, _unless(own, _scraped(own)))
    yield _finding(SENT, _unless(own, _sent(own)))
    rules = {rule.alert: rule for rule in own.rules}
    for name in counted:
        rule = rules.get(name, OwnRule(alert=name, loaded=False))
        yield _finding(HEALTHY, _unless(own, _healthy(rule)), name)
        yield _finding(EXISTING, _unless(own, _existing(rule)), name)
        for check in () if name in proved else PROVED:
            yield _finding(check, (Outcome.NOT_RUN, UNPROVED), name)
    yield _finding(ROUTED, (Outcome.NOT_RUN, synthetic) if isinstance(synthetic, str) else _routed(synthetic))


def _finding(check: Check, judgement: Judgement, alert: str = "") -> Finding:
    outcome, observed = judgement
    if not alert:
        return check.finding(outcome, observed)
    summary = f"{alert}: {check.sentence(outcome)}"
    return check.finding(outcome, observed, summary=summary, case=f"{check.id}-{alert}")


def _unless(own: OwnMonitoring, judgement: Judgement) -> Judgement:
    return (Outcome.ERROR, own.error) if own.error else judgement


def _scraped(own: OwnMonitoring) -> Judgement:
    if own.target_unread:
        return Outcome.ERROR, own.target_unread
    if own.target_problem:
        return Outcome.FAIL, own.target_problem
    return Outcome.PASS, f"Prometheus {own.version} scrapes {own.target}"


def _sent(own: OwnMonitoring) -> Judgement:
    if own.alertmanagers_unread:
        return Outcome.ERROR, own.alertmanagers_unread
    if not own.alertmanagers:
        return Outcome.FAIL, "its list of Alertmanagers is empty"
    return Outcome.PASS, ", ".join(own.alertmanagers)


def _healthy(rule: OwnRule) -> Judgement:
    if not rule.loaded:
        return Outcome.FAIL, f"no alert of this name is loaded. {rule.close}".strip()
    if rule.health == "unknown":
        return Outcome.ERROR, "health: unknown, for it was not evaluated yet"
    if rule.health != "ok":
        return Outcome.FAIL, f"health: {rule.health}, {rule.last_error}"
    return Outcome.PASS, "health: ok"


def _existing(rule: OwnRule) -> Judgement:
    if not rule.loaded:
        return Outcome.NOT_RUN, "the rule is not loaded"
    if rule.unread:
        return Outcome.ERROR, f"the expression could not be parsed: {rule.unread}"
    if rule.missing:
        return Outcome.FAIL, f"no series of {'; '.join(rule.missing)}"
    return Outcome.PASS, "each metric of the expression has series"


def _routed(sent: SyntheticAlert) -> Judgement:
    end = "" if sent.resolved else " It could not be resolved: it ends by itself within 5 minutes."
    if sent.error:
        return Outcome.ERROR, f"the test alert could not be followed: {sent.error}{end}"
    if not sent.receivers:
        return Outcome.FAIL, f"it was routed to no receiver.{end}"
    receivers = ", ".join(sent.receivers)
    if sent.held_back:
        return Outcome.FAIL, f"routed to {receivers}, but held back: {sent.held_back}.{end}"
    if not sent.integrations:
        return Outcome.FAIL, f"routed to {receivers}, which has no integration: nobody is notified.{end}"
    (before, after), (failed_before, failed_after) = sent.sent, sent.failed
    counts = f"notifications: {before} before, {after} after; failed: {failed_before} before, {failed_after} after"
    works = after > before and failed_after == failed_before
    observed = f"routed to {receivers} ({', '.join(sent.integrations)}); {counts}.{end}"
    if after == before and failed_after == failed_before and sent.beside:
        others = ", ".join(sent.beside)
        return Outcome.ERROR, (
            f"{observed} Active for the same receiver: {others}. In one group with them, it waits for group_interval: "
            "run this again without them, or add alertname to group_by"
        )
    return (Outcome.PASS if works else Outcome.FAIL), observed
