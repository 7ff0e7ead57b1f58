"""What every alert did: its state now, and afterwards each time that it was pending or firing."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec

from harness.errors import MonitoringError
from harness.telemetry.monitoring.alertmanager_api import AlertmanagerApi
from harness.telemetry.monitoring.monitoring_config import EACH_S
from harness.telemetry.monitoring.notifications import NotificationHook
from harness.telemetry.monitoring.prometheus_api import PrometheusApi, QueriedSeries

GAP_S = 3.5 * EACH_S
"""Seconds without a sample after which an alert is over: a busy Prometheus leaves out two evaluations at most."""
NOTIFIED_WITHIN_S = 3.0
"""Seconds within which the notification of an alert arrives, which Alertmanager sends at once or a second later."""
PATIENCE_S = 8.0
"""The same on a busy machine, where Alertmanager is to send it."""
_STATE = "alertstate"


class AlertEpisode(msgspec.Struct, frozen=True, kw_only=True):
    """One time that an alert with certain labels was pending or firing; times in Unix seconds, of evaluations."""

    alert: str
    labels: dict[str, str]
    pending_at: float
    """When its expression first held; an alert without ``for`` fires at once."""
    firing_at: float | None = None
    """None where it did not fire."""
    resolved_at: float | None = None
    """None while it lasts."""


class AlertWatch:
    """Asks Prometheus about alerts; raises `MonitoringError` as `PrometheusApi` does."""

    def __init__(self, prometheus: PrometheusApi, alertmanager: AlertmanagerApi, hook: NotificationHook) -> None:
        """All three watch the target during the exercise."""
        self._prometheus = prometheus
        self._alertmanager = alertmanager
        self._hook = hook
        self._fires_since: dict[str, float] = {}
        self.held_back: dict[str, str] = {}
        """By alert that fired without a notification, why."""

    def firing(self) -> frozenset[str]:
        """Return the names of the alerts that fire now, and whose notification arrived or is not to be expected.

        So a fault that is repeated until its alert fires lasts long enough for the notification.
        """
        now = time.time()
        begun: dict[str, float] = {}
        for alert in self._prometheus.alerts():
            if alert.state == "firing":
                began = alert.active_at.timestamp() if alert.active_at else now
                begun[alert.name] = min(began, begun.get(alert.name, began))
        self._fires_since = {name: self._fires_since.get(name, time.monotonic()) for name in begun}
        return frozenset(name for name, since in begun.items() if self._is_settled(name, since))

    def _is_settled(self, name: str, since: float) -> bool:
        if self._hook.wait_for(name, "firing", since=since, within_s=0):
            return True
        waited_s = time.monotonic() - self._fires_since[name]
        if waited_s < NOTIFIED_WITHIN_S:
            return False
        reason = self._held_back_by(name)
        if not reason and waited_s < PATIENCE_S:
            return False
        self.held_back.setdefault(name, reason or self._routed(name))
        return True

    def active(self) -> frozenset[str]:
        """Return the names of the alerts that are pending or firing now."""
        return frozenset(alert.name for alert in self._prometheus.alerts())

    def episodes(self, since: float) -> tuple[AlertEpisode, ...]:
        """Return all that happened since a time in Unix seconds, in order.

        Read from the series ALERTS, to which every evaluation adds a sample: no state is too short to be seen.
        """
        now = time.time()
        found = self._prometheus.query(f"ALERTS[{math.ceil(now - since) + 1}s]", at=now)
        lasting = [alert.labels for alert in self._prometheus.alerts()]
        return tuple(sorted(_episodes(found, lasting), key=lambda episode: episode.pending_at))

    def stalls(self, since: float) -> tuple[tuple[float, float], ...]:
        """Return the gaps between two scrapes since a time in which this Prometheus did not do its work.

        A target that does not answer is no gap: it is scraped, and `up` is 0.
        """
        now = time.time()
        found = self._prometheus.query(f"up[{math.ceil(now - since) + 1}s]", at=now)
        moments = [[moment for moment, _ in series.points] for series in found]
        return tuple(gap for each in moments for gap in pairwise(each) if gap[1] - gap[0] > GAP_S)

    def reached(self, expression: str, since: float, until: float) -> tuple[float, float] | None:
        """Return the least and the greatest value of an expression between two times; None where it had none."""
        try:
            found = self._prometheus.query_range(expression, since, until, EACH_S)
        except MonitoringError:
            return None  # the rule itself is reported as unhealthy
        values = [value for series in found for _, value in series.points if not math.isnan(value)]
        return (min(values), max(values)) if values else None

    def unhealthy(self) -> dict[str, str]:
        """Return why alert rules cannot be evaluated, by alert."""
        rules = (rule for group in self._prometheus.rules() for rule in group.rules)
        return {r.name: r.last_error or r.health for r in rules if r.type == "alerting" and r.health == "err"}

    def _held_back_by(self, alert: str) -> str:
        """Return what keeps Alertmanager from sending an alert that fires; empty where it is to send it."""
        held = self._alertmanager.alerts()
        found = [routed for routed in held if routed.name == alert]
        if silenced := {ids for routed in found for ids in routed.status.silenced_by}:
            return f"Alertmanager holds it back: a silence ({', '.join(sorted(silenced))}) matches it"
        if inhibiting := {ids for routed in found for ids in routed.status.inhibited_by}:
            names = sorted({routed.name for routed in held if routed.fingerprint in inhibiting})
            return f"Alertmanager holds it back: it is inhibited by {', '.join(names) or 'another alert'}"
        return ""

    def _routed(self, alert: str) -> str:
        """Return where Alertmanager sends an alert, and whether that works."""
        found = [routed for routed in self._alertmanager.alerts() if routed.name == alert]
        if not found:
            return "Alertmanager does not hold it: Prometheus did not send it"
        counts = self._alertmanager.counts()
        receivers = ", ".join(sorted({name for routed in found for name in routed.receiver_names}))
        return (
            f"Alertmanager routes it to {receivers or 'no receiver'}; of {sum(counts.sent.values())} notifications "
            f"that it attempted, {sum(counts.failed.values())} failed"
        )


def _episodes(found: Iterable[QueriedSeries], lasting: Sequence[dict[str, str]]) -> Iterator[AlertEpisode]:
    states: dict[tuple[tuple[str, str], ...], list[tuple[float, str]]] = defaultdict(list)
    for series in found:
        labels = {name: value for name, value in series.labels.items() if name not in {"__name__", _STATE}}
        samples = states[tuple(sorted(labels.items()))]
        samples.extend((moment, series.labels.get(_STATE, "")) for moment, _ in series.points)
    for key, samples in states.items():
        runs = list(_runs(sorted(samples)))
        for run in runs:
            lasts = run is runs[-1] and dict(key) in lasting
            yield AlertEpisode(
                alert=dict(key).get("alertname", ""),
                labels=dict(key),
                pending_at=run[0][0],
                firing_at=next((moment for moment, state in run if state == "firing"), None),
                resolved_at=None if lasts else run[-1][0] + EACH_S,
            )


def _runs(samples: list[tuple[float, str]]) -> Iterator[list[tuple[float, str]]]:
    """Yield samples that follow each other without a gap."""
    begun = 0
    for index in range(1, len(samples) + 1):
        if index == len(samples) or samples[index][0] - samples[index - 1][0] > GAP_S:
            yield samples[begun:index]
            begun = index
