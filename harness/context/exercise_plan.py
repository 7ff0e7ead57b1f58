"""What an exercise of a target does: its faults with the alerts that they fire, the scaled rules, and its waits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from harness.model.config import Alerts
from harness.model.signals import FAULTS
from harness.model.strict import listed
from harness.telemetry.dashboards.dashboard import Dashboard
from harness.telemetry.dashboards.dashboard_reader import read_dashboards
from harness.telemetry.dashboards.panel_queries import PanelQuery, asked
from harness.telemetry.exercise.driver import ExerciseTiming, PlannedFault
from harness.telemetry.monitoring.alert_proof import Compared, CountedAlert
from harness.telemetry.monitoring.monitoring_config import one_route
from harness.telemetry.promql import parse
from harness.telemetry.promql.durations import duration_text
from harness.telemetry.rules.alertmanager_config import read_alertmanager
from harness.telemetry.rules.harness_routes import harness_config
from harness.telemetry.rules.rule_file import RuleFile, read_rules
from harness.telemetry.rules.scaled_rules import scaled_rules

if TYPE_CHECKING:
    from harness.context.fault_causes import Cause, FaultCauses
    from harness.context.run_context import RunContext
    from harness.context.target import Target

GOOD_S = 3.0
"""Good traffic lasts so long beyond the longest ``for``: for a scrape, an evaluation and a notification."""
FIRES_S = 10.0
"""A fault is caused again for so long beyond an alert's ``for``."""
LONGEST_S = 60.0
"""No single wait of an exercise is longer."""
RESOLVES_S = 12.0
"""An alert may fire so long beyond its longest range."""


class ExercisePlan:
    """The plan of one exercise."""

    def __init__(self, target: RunContext, causes: FaultCauses, unkillable: str) -> None:
        """``unkillable`` is why the receiver of ``target`` must not be killed; empty where it may."""
        assert target.config.telemetry is not None
        self._target = target
        self._telemetry = target.config.telemetry
        self._alerts = self._telemetry.alerts or Alerts()
        self._unkillable = unkillable
        self.causes = causes
        files = rule_files_of(target.target)
        self._rule_of = {rule.alert: rule for file in files for rule in file.rules if rule.alert}
        self.scaled = scaled_rules(files, self._alerts.fires)

    @property
    def unwatched(self) -> str:
        """Why no Prometheus is to watch; empty where one is."""
        if self._telemetry.metrics is None:
            return "harness.toml does not set [telemetry] metrics"
        if self._alerts.rules or self._telemetry.dashboards:
            return ""
        return "harness.toml does not set [telemetry.alerts] rules"

    @property
    def labels(self) -> dict[str, str]:
        """What the team's scrape configuration adds to every series."""
        return self._alerts.labels

    def routes(self, hook_url: str) -> str:
        """Return Alertmanager's configuration, whose receivers are the harness; one route where that is broken."""
        if self._alerts.routes is None:
            return one_route(hook_url)
        path = self._target.target.root / self._alerts.routes
        config = read_alertmanager(path, self._alerts.routes)
        return one_route(hook_url) if config.faults else harness_config(config, hook_url)

    @property
    def asked(self) -> tuple[PanelQuery, ...]:
        """The queries of the team's dashboards."""
        return asked(dashboards_of(self._target.target))

    @property
    def alerts(self) -> tuple[str, ...]:
        """Every alert of the rules."""
        return tuple(self._rule_of)

    @property
    def constant(self) -> frozenset[str]:
        """The alerts that read no series, such as a watchdog."""
        rules = self._rule_of.values()
        return frozenset(rule.alert for rule in rules if rule.query is not None and not rule.query.selectors)

    @cached_property
    def counted(self) -> tuple[CountedAlert, ...]:
        """The alerts that the team counts on, of those that its rules define."""
        fires = self._alerts.fires.items()
        return tuple(self._counted(alert, cause) for alert, cause in fires if alert in self.scaled.rules)

    def faults(self) -> list[PlannedFault]:
        """Return every fault, with the alerts that it is to fire; commands of the team's last."""
        counted = set(map(str, self._alerts.fires.values()))
        faults = (fault for fault in FAULTS if fault in counted or not self._declared(fault))
        return [*(self._planned(fault, self.causes.named[fault]) for fault in faults), *self._commands()]

    def _declared(self, fault: str) -> str:
        """Return the reason why the integration does not have what a fault is about."""
        return self._target.target.declared(self.causes.named[fault].needs)

    @property
    def timing(self) -> ExerciseTiming:
        """How long the exercise waits."""
        longest = max((alert.for_s for alert in self.counted), default=0.0)
        fire_s = {alert.name: self._patience_s(alert) for alert in self.counted}
        return ExerciseTiming(
            good_s=min(longest, FIRES_S) + GOOD_S,
            settle_s=self._telemetry.settle_within,
            fire_s=fire_s,
            resolve_s=min(LONGEST_S, self._longest_range_s() + RESOLVES_S),
        )

    def _patience_s(self, alert: CountedAlert) -> float:
        """Return how long the fault of an alert is repeated; not for a ``for`` that is too long anyway."""
        return FIRES_S if alert.too_late or alert.beyond else alert.for_s + FIRES_S

    def _longest_range_s(self) -> float:
        queries = [rule.query for rule in self.scaled.rules.values() if rule.query]
        longest_s = max((seconds for query in queries for seconds in query.ranges_s), default=0.0)
        return self.scaled.factor * longest_s + max(
            (r.keep_firing_for_s for r in self.scaled.rules.values()), default=0.0
        )

    def _planned(self, fault: str, cause: Cause) -> PlannedFault:
        alerts = tuple(alert for alert, caused_by in self._alerts.fires.items() if caused_by == fault)
        missing = self.causes.missing(cause)
        why = f"harness.toml does not set {listed(missing)}" if missing else ""
        if fault == "crash":
            why = why or self._unkillable
        return PlannedFault(fault, None if why else cause, why, alerts)

    def _commands(self) -> Iterator[PlannedFault]:
        for alert, words in self._alerts.fires.items():
            if not isinstance(words, str):
                yield PlannedFault(_command(alert), self.causes.command(alert, words), "", (alert,))

    def _counted(self, name: str, cause: str | tuple[str, ...]) -> CountedAlert:
        written, scaled = self._rule_of[name], self.scaled.rules[name]
        threshold = parse(scaled.expr).threshold
        return CountedAlert(
            name=name,
            fault=cause if isinstance(cause, str) else _command(name),
            written_for=duration_text(written.for_s) if written.for_s else "",
            for_s=scaled.for_s,
            too_late=_too_late(written.for_s, self._alerts.fires_within),
            beyond=_beyond(scaled.for_s),
            compared=Compared(left=threshold.left, operator=threshold.op, threshold=threshold.value)
            if threshold
            else None,
        )


def _too_late(for_s: float, within_s: float) -> str:
    if for_s <= within_s:
        return ""
    written, within = duration_text(for_s), duration_text(within_s)
    return f"`for: {written}` alone takes longer than [telemetry.alerts] fires_within, which is {within}"


def _beyond(for_s: float) -> str:
    longest_s = LONGEST_S - FIRES_S
    if for_s <= longest_s:
        return ""
    return (
        f"its `for`, scaled by the factor that all alerts of [telemetry.alerts] fires share, takes {for_s:.0f} s, and "
        f"the harness waits {longest_s:.0f} s at most. Name it in a run without alerts of shorter ranges"
    )


def _command(alert: str) -> str:
    return f"command for {alert}"


def rule_files_of(target: Target) -> tuple[RuleFile, ...]:
    """Read the rule files of ``[telemetry.alerts]``; whatever is wrong with one is in it."""
    alerts = target.config.telemetry.alerts if target.config.telemetry else None
    paths = target.files(*(alerts.rules if alerts else ()))
    return tuple(read_rules(path, target.shown(path)) for path in paths)


def dashboards_of(target: Target) -> tuple[Dashboard, ...]:
    """Read the dashboards of ``[telemetry]``; whatever is wrong with one is in it."""
    telemetry = target.config.telemetry
    return read_dashboards(target.files(*(telemetry.dashboards if telemetry else ())), target.root)
