"""Other people's rules, tests and routes: read without a crash, and judged as promtool and amtool judge them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.model import Outcome
from harness.telemetry.rules.alertmanager_config import read_alertmanager
from harness.telemetry.rules.harness_routes import harness_config
from harness.telemetry.rules.route_checks import judge_routes
from harness.telemetry.rules.rule_file import read_rules
from harness.telemetry.rules.rule_judgement import static_findings
from harness.telemetry.rules.scaled_rules import scaled_rules
from harness.telemetry.rules.tool_checks import check_alertmanager, check_rules, run_rule_tests
from tests.real.conftest import Need

BROKEN = {"slo-libsonnet--http-request-latency-burnrate.yaml"}
"""Files of rules that Prometheus refuses, which the reader alone finds."""


@pytest.fixture
def monitoring(shared_data: Path) -> Path:
    """The folder of rules, tests and routes."""
    return shared_data / "monitoring"


def test_every_rule_file_is_read_as_promtool_reads_it(monitoring: Path, need: Need, tmp_path: Path) -> None:
    """What the reader takes for good, promtool accepts, but for templates in annotations that it alone checks."""
    need("promtool")
    files = [read_rules(path, path.name) for path in sorted((monitoring / "alert-rules").iterdir())]

    assert {file.name for file in files if file.faults} == BROKEN
    assert [file.name for file in files if file.template] == ["stackhpc-kayobe-config--haproxy.rules"]
    refused = [f.summary for f in check_rules(files, tmp_path) if f.outcome is not Outcome.PASS]
    assert [text.partition(":")[0] for text in refused] == ["VictoriaMetrics--rules0-bad.rules"]


def test_scaled_rules_are_accepted_by_promtool(monitoring: Path, need: Need, tmp_path: Path) -> None:
    """Every rule file, scaled for each of its alerts, is one that Prometheus loads."""
    need("promtool")
    written = []
    for path in sorted((monitoring / "alert-rules").iterdir()):
        if path.name.startswith("VictoriaMetrics--rules0-bad"):
            continue
        file = read_rules(path, path.name)
        scaled = scaled_rules([file], {rule.alert for rule in file.rules if rule.alert})
        for text in scaled.texts:
            (tmp_path / path.name).write_text(text, encoding="utf-8")
            written.append(read_rules(tmp_path / path.name, path.name))

    assert len(written) > 25
    assert [f.summary for f in check_rules(written, tmp_path) if f.outcome is not Outcome.PASS] == []


def test_findings_have_a_file_and_a_line(monitoring: Path) -> None:
    """Whatever is called a fault names where it is."""
    paths = [path for path in (monitoring / "alert-rules").iterdir() if path.name not in BROKEN]
    findings = static_findings(sorted(paths))

    assert findings
    assert all(int(f.summary.partition(": ")[0].rpartition(":")[2]) > 0 for f in findings)


def test_tests_of_rules_end_as_their_authors_meant(monitoring: Path, need: Need, tmp_path: Path) -> None:
    """Those that fail as written fail, one is for a newer promtool, and objects of Kubernetes are tested too."""
    need("promtool")
    paths = sorted(
        path for path in (monitoring / "rule-tests").rglob("*.y*ml") if "\ntests:" in f"\n{path.read_text('utf-8')}"
    )

    findings = run_rule_tests(paths, tmp_path, lambda path: f"{path.parent.name}/{path.name}")

    assert len(paths) == 15
    assert sorted((f.outcome.value, f.summary.partition(":")[0]) for f in findings) == [
        ("error", "prometheus-unittest/unittest.yml"),
        ("fail", "get-into-teaching/tests.yml"),
        ("fail", "prometheus-unittest/bad-promql.yml"),
        ("fail", "prometheus-unittest/failing.yml"),
        ("fail", "prometheus-unittest/no-test-group-interval.yml"),
    ]


def test_routes_are_read_and_given_the_harness_as_receiver(monitoring: Path, need: Need, tmp_path: Path) -> None:
    """What the reader takes for good becomes a configuration that amtool accepts, and rules are judged against it."""
    need("amtool")
    rules = [read_rules(path, path.name) for path in sorted((monitoring / "alert-rules").iterdir())]
    for path in sorted((monitoring / "alertmanager").iterdir()):
        config = read_alertmanager(path, path.name)
        if config.faults:
            assert path.name == "alertmanager--bad-nil-match_re-route.yml"
            continue
        assert judge_routes(config, rules, fires={}, labels={})
        mine = tmp_path / path.name
        mine.write_text(harness_config(config, "http://127.0.0.1:9/hook"), encoding="utf-8")
        assert check_alertmanager(mine, path.name)[0].outcome is Outcome.PASS
        expected = Outcome.FAIL if "--bad-" in path.name else Outcome.PASS
        (finding,) = check_alertmanager(path, path.name)
        assert finding.outcome is (Outcome.ERROR if path.name == "alertmanager--simple.yml" else expected)
