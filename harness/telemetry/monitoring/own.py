"""The team's own Prometheus and Alertmanager: what is loaded there, what exists there, and where a test alert goes."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TypeVar

import msgspec

from harness.core.dates import as_rfc3339
from harness.errors import HarnessError, MonitoringError, nearest
from harness.telemetry.monitoring.alertmanager_api import AlertmanagerApi, NotificationCounts, RoutedAlert
from harness.telemetry.monitoring.prometheus_api import LoadedRule, PrometheusApi
from harness.telemetry.promql import PromqlError, parse

SYNTHETIC_NAME = "ReadinessHarnessTest"
RUN_LABEL = "readiness_harness_run"
_SUMMARY = "Test of the readiness harness: nothing is wrong, and it is resolved at once."
LASTS = dt.timedelta(minutes=5)
"""When a test alert ends by itself, should the harness not be able to end it."""
NOTIFIED_WITHIN_S = 90.0
"""For a notification: Alertmanager's default ``group_wait`` is 30 s, and ``group_interval`` of a group 5 min."""
SETTLED_S = 2.0
"""For an attempt to fail that has begun: Alertmanager counts a notification before it is sent."""
POLL_S = 0.5
T = TypeVar("T")
_EXPECTS_NONE = ("absent", "absent_over_time")


class OwnRule(msgspec.Struct, frozen=True, kw_only=True):
    """The rule of one alert as the team's Prometheus has it."""

    alert: str
    loaded: bool = True
    close: str = ""
    """Where it is not loaded, the nearest name, as a sentence."""
    health: str = ""
    last_error: str = ""
    missing: tuple[str, ...] = ()
    """Metrics that its expression reads and Prometheus does not have, each with the nearest name."""
    unread: str = ""
    """Why its expression could not be checked."""


class SyntheticAlert(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a test alert; pairs are counts of Alertmanager's notifications before and after."""

    labels: dict[str, str]
    receivers: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ()
    """Kinds of integration of these receivers, such as ``webhook``, to which the counts belong."""
    held_back: str = ""
    """Why Alertmanager holds it back; empty where it does not."""
    beside: tuple[str, ...] = ()
    """Other alerts that were active for these receivers, with which it may be grouped."""
    sent: tuple[int, int] = (0, 0)
    failed: tuple[int, int] = (0, 0)
    error: str = ""
    """Why it could not be sent or followed."""
    resolved: bool = False
    """Whether the harness could end it."""


class OwnMonitoring(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of the team's Prometheus."""

    error: str = ""
    """Why it could not be read; then nothing else is known."""
    version: str = ""
    target: str = ""
    """The URL at which it scrapes the integration; empty where it does not."""
    target_problem: str = ""
    target_unread: str = ""
    """Why its targets could not be read: servers that take PromQL alone have none."""
    alertmanagers: tuple[str, ...] = ()
    alertmanagers_unread: str = ""
    rules: tuple[OwnRule, ...] = ()


def observe_own(
    prometheus: PrometheusApi, counted: Iterable[str], *, job: str = "", instance: str = ""
) -> OwnMonitoring:
    """Read what concerns the alerts in ``counted``; the integration is the target with this job or this instance."""
    try:
        loaded = {r.name: r for group in prometheus.rules() for r in group.rules if r.type == "alerting"}
        version = prometheus.version()
        rules = tuple(_rule(prometheus, name, loaded) for name in counted)
    except MonitoringError as exc:
        return OwnMonitoring(error=str(exc))
    (target, problem), target_unread = _tried(lambda: _target(prometheus, job, instance), ("", ""))
    none: tuple[str, ...] = ()
    alertmanagers, alertmanagers_unread = _tried(prometheus.alertmanagers, none)
    return OwnMonitoring(
        version=version,
        rules=rules,
        target=target,
        target_problem=problem,
        target_unread=target_unread,
        alertmanagers=alertmanagers,
        alertmanagers_unread=alertmanagers_unread,
    )


def _tried(read: Callable[[], T], otherwise: T) -> tuple[T, str]:
    """Return what could be read, and why it could not."""
    try:
        return read(), ""
    except MonitoringError as exc:
        return otherwise, str(exc)


def _target(prometheus: PrometheusApi, job: str, instance: str) -> tuple[str, str]:
    """Return the URL that is scraped, and what is wrong with it."""
    label, wanted = ("job", job) if job else ("instance", instance)
    targets = [target for target in prometheus.targets() if target.labels.get(label) == wanted]
    if not targets:
        return "", f"it scrapes no target with {label}={wanted!r}"
    up = [target for target in targets if target.health == "up"]
    if not up:
        reason = targets[0].last_error or "no scrape yet"
        return targets[0].scrape_url, f"its target {targets[0].scrape_url} is {targets[0].health}: {reason}"
    return up[0].scrape_url, ""


def _rule(prometheus: PrometheusApi, name: str, loaded: Mapping[str, LoadedRule]) -> OwnRule:
    rule = loaded.get(name)
    if rule is None:
        return OwnRule(alert=name, loaded=False, close=_close(name, loaded))
    health, last_error = rule.health, rule.last_error
    try:
        names = {s.name: None for s in parse(rule.query).selectors if s.function not in _EXPECTS_NONE and s.name}
    except PromqlError as exc:
        return OwnRule(alert=name, health=health, last_error=last_error, unread=str(exc))
    missing = tuple(_missing(prometheus, names))
    return OwnRule(alert=name, health=health, last_error=last_error, missing=missing)


def _missing(prometheus: PrometheusApi, names: Iterable[str]) -> Iterator[str]:
    known: tuple[str, ...] | None = None
    for name in names:
        if not prometheus.query(f'count({{__name__="{name}"}})'):
            known = prometheus.label_values("__name__") if known is None else known
            yield f"{name}. {_close(name, known)}".rstrip(". ")


def _close(name: str, known: Iterable[str]) -> str:
    """Return the nearest name as a sentence; empty where none is near."""
    sentence = nearest(name, known)
    return sentence if sentence.startswith("Did") else ""


def send_synthetic(
    alertmanager: AlertmanagerApi, labels: Mapping[str, str], run_id: str, *, within_s: float = NOTIFIED_WITHIN_S
) -> SyntheticAlert:
    """Send one alert that is marked as a test, follow it to a notification, and end it."""
    own = {"alertname": SYNTHETIC_NAME, **labels, RUN_LABEL: run_id}
    observed = SyntheticAlert(labels=own)
    try:
        observed = _followed(alertmanager, observed, within_s)
    except HarnessError as exc:
        observed = msgspec.structs.replace(observed, error=str(exc))
    with suppress(HarnessError):
        alertmanager.send([_posted(own, ends=dt.timedelta())])
        observed = msgspec.structs.replace(observed, resolved=True)
    return observed


def _followed(alertmanager: AlertmanagerApi, observed: SyntheticAlert, within_s: float) -> SyntheticAlert:
    before = alertmanager.counts()
    alertmanager.send([_posted(observed.labels, ends=LASTS)])
    deadline = time.monotonic() + within_s
    while not (routed := next((a for a in alertmanager.alerts() if a.labels == observed.labels), None)):
        if time.monotonic() > deadline:
            return observed
        time.sleep(POLL_S)
    receivers, others = routed.receiver_names, [a for a in alertmanager.alerts() if a.labels != observed.labels]
    observed = msgspec.structs.replace(
        observed,
        receivers=receivers,
        integrations=(integrations := alertmanager.integrations(receivers)),
        beside=tuple(sorted({a.name for a in others if set(receivers).intersection(a.receiver_names)})),
    )
    settled: float | None = None
    while True:
        observed = _counted(alertmanager, observed, before)
        if settled is None and observed.sent[1] > observed.sent[0]:
            settled = time.monotonic() + SETTLED_S
        over = time.monotonic() > min(deadline, settled or deadline)
        if over or not integrations or observed.held_back or observed.failed[1] > observed.failed[0]:
            return observed
        time.sleep(POLL_S)


def _counted(alertmanager: AlertmanagerApi, observed: SyntheticAlert, before: NotificationCounts) -> SyntheticAlert:
    held_back = (_held_back(alert) for alert in alertmanager.alerts() if alert.labels == observed.labels)
    first, now = before.of(observed.integrations), alertmanager.counts().of(observed.integrations)
    return msgspec.structs.replace(
        observed, held_back=next(held_back, ""), sent=(first[0], now[0]), failed=(first[1], now[1])
    )


def _held_back(alert: RoutedAlert) -> str:
    if alert.status.silenced_by:
        return f"a silence matches it ({', '.join(alert.status.silenced_by)})"
    if alert.status.inhibited_by:
        return "another alert inhibits it"
    return ""


def _posted(labels: Mapping[str, str], *, ends: dt.timedelta) -> dict[str, object]:
    now = dt.datetime.now(dt.UTC)
    return {
        "labels": dict(labels),
        "annotations": {"summary": _SUMMARY},
        "startsAt": as_rfc3339(now - dt.timedelta(seconds=1), "milliseconds"),
        "endsAt": as_rfc3339(now + ends, "milliseconds"),
    }
