"""Scaled rules: one factor for all times, thresholds as they are, and files that Prometheus takes."""

from __future__ import annotations

import pytest
import yaml

from harness.telemetry.rules.rule_file import RuleFile
from harness.telemetry.rules.scaled_rules import scaled_rules
from tests.unit.telemetry.rules.conftest import ReadText


def one(alert: str, expr: str, **more: str) -> dict[str, str]:
    """Return an alert as in a file."""
    return {"alert": alert, "expr": expr, **more}


def recorded(record: str, expr: str) -> dict[str, str]:
    """Return a recording rule as in a file."""
    return {"record": record, "expr": expr}


@pytest.fixture
def files(read_text: ReadText) -> dict[str, RuleFile]:
    """Files by a letter."""
    written = {
        "a": [
            one("Refused", "increase(refusals_total[5m] offset 10m) > 3", **{"for": "5m", "keep_firing_for": "50s"}),
            one("Slow", "job:wait:rate20s > 1"),
            one("Quick", "rate(other_total[2s]) > 1"),
            recorded("job:wait:rate20s", "rate(wait[20s]) + job:base"),
            recorded("job:base", "job:wait:rate20s"),
        ],
        "b": [one("Down", "up == 0", **{"for": "5m"})],
        "c": [
            one("Newer", "limitk(3, up) == 0"),
            one("Newest", "rate(up[5m * 2]) == 0"),
            one("Wrong", "sum("),
            recorded("a.b", "up"),
            one("Fine", "up == 0"),
        ],
    }
    return {
        name: read_text(yaml.safe_dump({"groups": [{"name": "g", "interval": "1m", "rules": rules}]}), f"{name}.yml")
        for name, rules in written.items()
    }


def test_all_times_are_multiplied_by_one_factor(files: dict[str, RuleFile]) -> None:
    """The shortest range of the alert becomes four seconds; a shorter range that nobody counts on has no say."""
    scaled = scaled_rules([files["a"]], ["Refused"])
    (group,) = yaml.safe_load(scaled.texts[0])["groups"]

    assert scaled.factor == pytest.approx(4 / 300)
    assert "interval" not in group
    assert group["rules"][0] == {
        "alert": "Refused",
        "expr": "increase(refusals_total[4s] offset 8s) > 3",
        "for": "4s",
        "keep_firing_for": "667ms",
    }
    assert scaled.rules["Refused"].for_s == pytest.approx(4)
    assert [text.partition(": ")[2] for text in scaled.thresholds] == ["Refused: > 3"]


def test_ranges_of_recorded_series_count(files: dict[str, RuleFile]) -> None:
    """An alert without a range is only as quick as the rules that record its series, which may lead in a circle."""
    assert scaled_rules([files["a"]], ["Slow"]).factor == pytest.approx(0.2)


@pytest.mark.parametrize("counted, factor", [(["Down"], 2 / 300), (["Fine"], 1.0), ([], 1.0), (["Quick"], 1.0)])
def test_rules_without_ranges_are_scaled_by_their_patience(
    files: dict[str, RuleFile], counted: list[str], factor: float
) -> None:
    """``for`` decides where there is no range, and nothing becomes longer than it is written."""
    assert scaled_rules(list(files.values()), counted).factor == pytest.approx(factor)


def test_a_rule_that_prometheus_may_refuse_hinders_no_other(files: dict[str, RuleFile]) -> None:
    """One bad rule would make Prometheus refuse the whole file, so that it is left out, by name."""
    scaled = scaled_rules([files["c"]], ["Fine"])

    assert [rule["alert"] for rule in yaml.safe_load(scaled.texts[0])["groups"][0]["rules"]] == ["Fine"]
    assert [text.partition(": ")[2] for text in scaled.left_out] == [
        "Newer: Prometheus before 3 does not know limitk",
        "Newest: it contains an expression as a duration",
        "Wrong: its expression is not PromQL",
        "a.b: Prometheus before 3 does not know the name 'a.b'",
    ]


def test_a_rule_that_is_counted_on_is_given_to_prometheus(files: dict[str, RuleFile]) -> None:
    """The Prometheus that runs may be new enough."""
    assert "Newer" in scaled_rules([files["c"]], ["Newer"]).rules
