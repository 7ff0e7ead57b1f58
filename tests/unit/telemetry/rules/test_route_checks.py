"""Routes judged against the alerts: who is reached, which routes are dead, what is hidden."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.model import Finding, Outcome
from harness.telemetry.rules.alertmanager_config import read_alertmanager
from harness.telemetry.rules.route_checks import (
    CHECKS,
    INHIBITED,
    REACHED,
    REACHES,
    ROUTES_PARSE,
    judge_routes,
    static_route_findings,
)
from tests.unit.telemetry.rules.conftest import ReadText

ALERTS = [
    {"alert": "Refused", "expr": "increase(a_total[5m]) > 3", "labels": {"severity": "page", "team": "payments"}},
    {"alert": "Poison", "expr": "increase(b_total[5m]) > 0", "labels": {"severity": "ticket", "team": "payments"}},
    {"alert": "Late", "expr": "b_oldest > 5", "labels": {"severity": "{{ $labels.level }}"}},
]
FIRES = {"Refused": "forged", "Poison": "poison", "Late": "poison"}


@pytest.fixture
def judged(read_text: ReadText, tmp_path: Path) -> Any:
    """Return a function that judges routes below a topmost one to somebody, and inhibitions."""

    def judge(
        *routes: Mapping[str, Any],
        inhibit: Mapping[str, Any] | None = None,
        root: str = "somebody",
        fires: Mapping[str, str] = FIRES,
        alerts: list[dict[str, Any]] = ALERTS,
    ) -> dict[str, list[Finding]]:
        config = {
            "route": {"receiver": root, "routes": list(routes)},
            "receivers": [
                {"name": "somebody", "webhook_configs": [{"url": "http://x"}]},
                {"name": "nobody"},
                {"name": "null"},
            ],
            "inhibit_rules": [inhibit] if inhibit else [],
        }
        path = tmp_path / "alertmanager.yml"
        path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        rules = read_text(yaml.safe_dump({"groups": [{"name": "g", "rules": alerts}]}, sort_keys=False))
        found = judge_routes(read_alertmanager(path, "am.yml"), [rules], fires=fires, labels={"job": "app"})
        return {check.id: [f for f in found if f.check == check.id] for check in CHECKS}

    return judge


def faults(findings: list[Finding]) -> list[str]:
    """Return the summaries of failures, without the place."""
    return [f.summary.partition(": ")[2] for f in findings if f.outcome is Outcome.FAIL]


def test_good_routing_passes(judged: Any) -> None:
    """One finding for each check, all passed."""
    found = judged({"match": {"team": "payments"}, "receiver": "somebody"})

    assert [[f.outcome for f in each] for each in found.values()] == [[Outcome.PASS]] * 4
    assert found[REACHES.id][0].observed == "3 alerts, 2 routes, 0 inhibitions"


@pytest.mark.parametrize(
    "routes, root, reached_nobody",
    [
        ([{"matchers": ['severity="page"'], "receiver": "nobody"}], "somebody", ["Refused"]),
        ([{"match": {"alertname": "Poison"}, "receiver": "null"}], "somebody", ["Poison"]),
        ([{"match_re": {"severity": "page|ticket"}, "receiver": "somebody"}], "nobody", []),
        ([{"match": {"severity": "page"}, "receiver": "somebody"}], "nobody", ["Poison"]),
        ([{"match": {"severty": "page"}, "receiver": "somebody"}], "nobody", ["Refused", "Poison", "Late"]),
        ([{"match": {"team": "payments"}, "receiver": "nobody", "continue": True}], "somebody", ["Refused", "Poison"]),
        (
            [{"match": {"team": "payments"}, "receiver": "nobody", "continue": True}, {"receiver": "somebody"}],
            "somebody",
            [],
        ),
        ([{"match": {"cluster": "x"}, "receiver": "somebody"}], "nobody", []),
        (
            [{"match": {"team": "payments"}, "receiver": "nobody", "routes": [{"receiver": "somebody"}]}],
            "nobody",
            [],
        ),
    ],
    ids=["page", "null", "both", "one", "misspelt", "alone", "goes-on", "unknown", "below"],
)
def test_an_alert_that_reaches_nobody_is_found(
    judged: Any, routes: list[dict[str, Any]], root: str, reached_nobody: list[str]
) -> None:
    """Only where every receiver that it may reach notifies nobody: labels from elsewhere can be anything."""
    found = faults(judged(*routes, root=root)[REACHES.id])

    assert [text.partition(": ")[0] for text in found] == reached_nobody
    assert all("has no integration and notifies nobody" in text for text in found)


def test_an_alert_may_be_silenced_on_purpose(judged: Any) -> None:
    """A receiver called null is meant to notify nobody, unless the alert is one that is counted on."""
    route = {"match": {"alertname": "Refused"}, "receiver": "null"}

    assert faults(judged(route, fires={})[REACHES.id]) == []
    assert len(faults(judged(route)[REACHES.id])) == 1


@pytest.mark.parametrize(
    "routes, fault",
    [
        ([{"match": {"team": "paymants"}}], "team=\"paymants\" to 'somebody'. team: Did you mean 'payments'?"),
        ([{"match": {"severty": "page"}}], "severty=\"page\" to 'somebody'. Did you mean the label 'severity'?"),
        (
            [{"match": {"alertname": "Gone"}}],
            "alertname=\"Gone\" to 'somebody'. alertname: Known: Late, Poison, Refused.",
        ),
        ([{"receiver": "somebody"}, {"match": {"team": "payments"}}], "team=\"payments\" to 'somebody'."),
        ([{"match": {"team": "payments"}, "routes": [{"match": {"alertname": "Late"}}]}], ""),
        ([{"match": {"cluster": "x"}}], ""),
        ([{"match": {"team": "payments"}}, {"match": {"severity": "page"}}], ""),
    ],
    ids=["value", "label", "alert", "caught", "below", "unknown", "late-level"],
)
def test_a_route_that_no_alert_takes_is_found(judged: Any, routes: list[dict[str, Any]], fault: str) -> None:
    """A label that none of the rules has may come from Prometheus itself, unless it is almost one of theirs."""
    found = faults(judged(*routes)[REACHED.id])

    assert found == ([f"no alert of the rules takes the route {fault}"] if fault else [])


STEPS = [
    {"alert": "Refused", "expr": "increase(a_total[5m]) > 9", "labels": {"severity": "page"}},
    {"alert": "Poison", "expr": "increase(a_total[5m]) > 3", "labels": {"severity": "ticket"}},
]
HIDES = {"source_matchers": ['alertname="Late"'], "target_matchers": ['severity="ticket"']}


@pytest.mark.parametrize(
    "inhibit, hidden",
    [
        (HIDES, True),
        (HIDES | {"equal": ["instance"]}, True),
        (HIDES | {"equal": ["job", "namespace"]}, False),
        (HIDES | {"equal": ["alertname"]}, False),
        (HIDES | {"source_matchers": ['alertname="Refused"']}, False),
        ({"source_matchers": ['alertname=~"Late|Poison"'], "target_matchers": ['alertname=~"Late|Poison"']}, False),
        ({"source_match": {"severity": "page"}, "target_match": {"severity": "ticket"}}, False),
        ({"source_match": {"alertname": "Poison"}, "target_match_re": {"alertname": "P.*"}}, False),
    ],
    ids=["hidden", "equal", "unknown", "unequal", "other-fault", "both", "severity", "itself"],
)
def test_an_alert_that_another_always_hides_is_found(judged: Any, inhibit: dict[str, Any], hidden: bool) -> None:  # noqa: FBT001 - a row of the table
    """Both fire for one fault, and the matchers and equal labels surely hold."""
    found = faults(judged(inhibit=inhibit)[INHIBITED.id])

    assert len(found) == hidden
    if hidden:
        assert found[0].startswith("Poison: Late fires for the same fault and hides it: the inhibition in am.yml:")


def test_inhibition_between_steps_of_one_expression_is_legal(judged: Any) -> None:
    """A critical alert may hide its warning, which fires before."""
    inhibit = {"source_match": {"severity": "page"}, "target_match": {"severity": "ticket"}, "equal": ["instance"]}
    fires = {"Refused": "forged", "Poison": "forged"}

    assert faults(judged(inhibit=inhibit, fires=fires, alerts=STEPS)[INHIBITED.id]) == []


def test_a_file_that_alertmanager_refuses_is_not_judged_further(judged: Any) -> None:
    """Its faults are all that is reported."""
    found = judged({"receiver": "gone"})

    assert faults(found[ROUTES_PARSE.id]) == ["the receiver 'gone' is not defined"]
    assert found[REACHES.id] == []


def test_a_configuration_alone_is_judged_by_what_it_contains(tmp_path: Path) -> None:
    """Without alerts, only what Alertmanager refuses is a fault."""
    path = tmp_path / "am.yml"
    path.write_text("route: {receiver: gone}\nreceivers: []\n", encoding="utf-8")

    assert [f.summary for f in static_route_findings([path])] == [f"{path}:1: the receiver 'gone' is not defined"]


def test_without_an_alert_nobody_knows_who_is_reached(judged: Any) -> None:
    """Rules without a readable alert, such as templates, prove nothing about routes and receivers."""
    found = judged(alerts=[])

    for check in (REACHES, REACHED):
        assert [(f.outcome, f.observed) for f in found[check.id]] == [
            (Outcome.NOT_RUN, "the rules of [telemetry.alerts] have no alert that could be read")
        ]
