"""Which routes an alert takes, as far as its rule shows: labels that Prometheus adds elsewhere can be anything."""

from __future__ import annotations

import enum
from collections.abc import Container, Iterable, Mapping, Sequence

import msgspec

from harness.telemetry.promql import LabelMatcher
from harness.telemetry.rules.alertmanager_config import Route
from harness.telemetry.rules.misspelling import misspelt_as
from harness.telemetry.rules.rule_file import Rule

_MISSPELT_LABEL = 0.85
_MISSPELT_VALUE = 0.8
"""From which similarity on (`difflib`) a label or a value counts as a misspelling of one that alerts have."""


class Fit(enum.IntEnum):
    """Whether an alert fulfils matchers."""

    NO = 0
    PERHAPS = 1
    YES = 2


class LabelledAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as Alertmanager sees it."""

    rule: Rule
    labels: Mapping[str, str]
    """Labels with values that are known; every other label may be there too."""

    @classmethod
    def of(cls, rule: Rule) -> LabelledAlert:
        """Return an alert with the labels of its rule; one that a template expands has no known value."""
        written = {key: value for key, value in rule.labels.items() if "{{" not in value}
        return cls(rule=rule, labels={**written, "alertname": rule.alert})

    def fits(self, matchers: Iterable[LabelMatcher], misspelt: Container[LabelMatcher] = ()) -> Fit:
        """Return whether it fulfils all matchers; one that is ``misspelt`` matches no value."""
        return min((self._fit(matcher, misspelt) for matcher in matchers), default=Fit.YES)

    def _fit(self, matcher: LabelMatcher, misspelt: Container[LabelMatcher]) -> Fit:
        if matcher.label in self.labels:
            return Fit.YES if matcher.matches(self.labels) else Fit.NO
        if matcher in misspelt:
            return Fit.NO if matcher.op in ("=", "=~") else Fit.YES
        return Fit.PERHAPS


def routes_taken(alert: LabelledAlert, route: Route, misspelt: Container[LabelMatcher] = ()) -> tuple[Fit, list[Route]]:
    """Return whether an alert enters a route, and the routes below or at it that may handle it.

    A route handles what enters it and no route below takes; the first that takes it ends the search, unless it has
    ``continue`` (Alertmanager: Configuration, route).
    """
    own, handling, taken = alert.fits(route.matchers, misspelt), list[Route](), False
    if own is Fit.NO:
        return own, []
    for child in route.routes:
        fit, found = routes_taken(alert, child, misspelt)
        handling += found
        if fit is Fit.YES:
            taken = True
            if not child.goes_on:
                break
    return own, handling if taken else [*handling, route]


def misspelt_labels(route: Route, alerts: Iterable[LabelledAlert]) -> dict[LabelMatcher, str]:
    """Return the matchers of routes whose label is almost one of the alerts' labels, with that label."""
    known = {label for alert in alerts for label in alert.labels}
    matchers = {m for each in route.walk() for m in each.matchers if m.label not in known}
    near = {matcher: misspelt_as(matcher.label, known, _MISSPELT_LABEL) for matcher in matchers}
    return {matcher: meant for matcher, meant in near.items() if meant}


def misspelt_values(route: Route, alerts: Sequence[LabelledAlert]) -> dict[LabelMatcher, str]:
    """Return the matchers of routes whose value is almost one that an alert's label has, with that value."""
    near = {}
    for matcher in {m for each in route.walk() for m in each.matchers if m.op == "="}:
        values = {alert.labels[matcher.label] for alert in alerts if matcher.label in alert.labels}
        if matcher.value not in values:
            near[matcher] = misspelt_as(matcher.value, values, _MISSPELT_VALUE)
    return {matcher: meant for matcher, meant in near.items() if meant}
