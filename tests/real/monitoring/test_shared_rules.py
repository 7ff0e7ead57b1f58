"""Alert rules of other people, unchanged, proved as those of a team; skipped where they are not there."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from harness.model import Outcome
from harness.telemetry.monitoring.alert_checks import judge_proofs
from harness.telemetry.monitoring.alert_proof import CausedFault, CountedAlert, prove
from harness.telemetry.rules.rule_file import read_rules
from harness.telemetry.rules.scaled_rules import scaled_rules
from tests.real.monitoring.conftest import Exporter, Watched
from tests.waiting import wait_for

FILES = (
    "ValueCanvas--backend-api-alerts.yml",
    "jsonnet-libs--harbor-alerts.yml",
    "jsonnet-libs--cloudflare-alerts.yaml",
)
ALERTS = ("HighHttpErrorRate", "HarborHighErrorRate", "CloudflareHighThreatCount")
GOOD = ('valuecanvas_http_requests_total{status_code="200"}', 'harbor_core_http_request_total{code="200"}')
BAD = (
    'valuecanvas_http_requests_total{status_code="502"}',
    'harbor_core_http_request_total{code="500"}',
    'cloudflare_zone_threats_total{zone="example.com"}',
)


def test_rules_of_other_people_fire_and_resolve(shared_data: Path, watched: Watched, exporter: Exporter) -> None:
    """Ranges and `for` of five and ten minutes are scaled by one factor, and every check of the proof passes."""
    folder = shared_data / "monitoring" / "alert-rules"
    scaled = scaled_rules([read_rules(folder / name, name) for name in FILES], ALERTS)
    exporter.values = dict.fromkeys((*GOOD, *BAD), 0)

    def count(*series: str) -> None:
        for name in series:
            exporter.values[name] += 3

    with watched(*scaled.texts) as monitoring:
        monitoring.wait_scraped()
        good_from = time.time()
        while time.time() < good_from + 5:
            count(*GOOD)
            time.sleep(0.2)
        began = time.time()
        while not monitoring.watch.firing().issuperset(ALERTS):
            count(*GOOD, *BAD)
            time.sleep(0.2)
            assert time.time() < began + 60
        ended = time.time()

        def none_is_active() -> bool:
            count(*GOOD)
            return not monitoring.watch.active().intersection(ALERTS)

        wait_for(none_is_active, 60)
        episodes = monitoring.watch.episodes(good_from)
        fault = CausedFault(began=began, ended=ended, seen_until=time.time())
        notifications = monitoring.hook.notifications

    proofs = [
        prove(
            CountedAlert(name=name, fault="forged", for_s=scaled.rules[name].for_s),
            fault,
            good=(good_from, began),
            episodes=episodes,
            notifications=notifications,
        )
        for name in ALERTS
    ]
    assert scaled.factor == pytest.approx(4 / 300)
    assert [f"{f.summary}: {f.observed}" for f in judge_proofs(proofs) if f.outcome is not Outcome.PASS] == []
