"""What the watch reads of real alerts, from their first sample to their resolution."""

from __future__ import annotations

import json
import time

from harness.telemetry.monitoring.alert_proof import CausedFault, Compared, CountedAlert, prove
from harness.telemetry.monitoring.monitoring_config import one_route
from harness.telemetry.monitoring.monitoring_servers import Monitoring
from tests.real.monitoring.conftest import Exporter, Watched
from tests.waiting import wait_for

RULES = """
groups:
  - name: webhooks
    rules:
      - {alert: Short, expr: level > 0, labels: {severity: page}}
      - {alert: Waits, expr: level > 0, for: 2s, labels: {severity: page}}
      - {alert: Never, expr: level > 100}
      - {alert: TooLong, expr: level > 0, for: 1h}
      - {alert: Total, expr: seen_total > 0}
      - {alert: Good, expr: level >= 0}
      - {alert: Broken, expr: "level * on() group_left() {__name__=~'twice_.'}"}
"""


def inhibiting(hook_url: str) -> str:
    """Return a configuration in which Short hides Total, and Never is routed elsewhere."""
    config = json.loads(one_route(hook_url))
    config["inhibit_rules"] = [{"source_matchers": ["alertname=Short"], "target_matchers": ["alertname=Total"]}]
    return json.dumps(config)


def fault(monitoring: Monitoring, exporter: Exporter) -> CausedFault:
    """Raise both series until the alerts fire, then lower the one that can fall."""
    began = time.time()
    exporter.values.update({"level": 7, "seen_total": 1})
    wait_for(lambda: monitoring.watch.firing() >= {"Short", "Waits", "Total"})
    ended = time.time()
    exporter.values["level"] = 0
    wait_for(lambda: not monitoring.watch.active() & {"Short", "Waits"})
    assert monitoring.hook.wait_for("Waits", "resolved", since=began, within_s=30)
    time.sleep(4)  # an alert is over when evaluations have left it out for as long as the watch says
    return CausedFault(began=began, ended=ended, seen_until=time.time())


def test_every_state_of_real_alerts_is_recorded(watched: Watched, exporter: Exporter) -> None:
    """Short, long, silent, endless and inhibited alerts each have the proof that their rule deserves."""
    exporter.values.update({"level": 0, "seen_total": 0, 'twice_a{l="1"}': 1, 'twice_b{l="1"}': 1})
    with watched(RULES, routes=inhibiting) as monitoring:
        monitoring.wait_scraped()
        good_from = time.time()
        wait_for(lambda: "Good" in monitoring.watch.firing())
        good = (good_from, time.time())
        caused = fault(monitoring, exporter)
        episodes = monitoring.watch.episodes(good_from)
        unhealthy, held_back = monitoring.watch.unhealthy(), monitoring.watch.held_back
        compared = Compared(
            left="level",
            operator=">",
            threshold=100,
            reached=monitoring.watch.reached("level", caused.began, caused.ended),
        )
        notifications = monitoring.hook.notifications

    proofs = {
        name: prove(
            CountedAlert(name=name, fault="forged", compared=compared),
            caused,
            good=good,
            episodes=episodes,
            notifications=notifications,
            held_back=held_back.get(name, ""),
        )
        for name in ("Short", "Waits", "Never", "TooLong", "Total", "Good")
    }
    short, waits, total = (proofs[name].fired for name in ("Short", "Waits", "Total"))
    assert short is not None
    assert short.firing_at == short.pending_at
    assert waits is not None
    assert waits.firing_at is not None
    assert waits.firing_at - waits.pending_at >= 1.9
    assert waits.resolved_at is not None
    assert waits.resolved_at > caused.ended
    assert proofs["Waits"].notified is not None
    assert proofs["Waits"].resolution is not None
    assert proofs["Never"].episodes == ()
    assert proofs["Never"].alert.compared is not None
    assert proofs["Never"].alert.compared.reached is not None
    assert proofs["Never"].alert.compared.reached[1] == 7
    assert [e.firing_at for e in proofs["TooLong"].episodes] == [None]
    assert total is not None
    assert total.resolved_at is None
    assert proofs["Total"].notified is None
    assert held_back == {"Total": "Alertmanager holds it back: it is inhibited by Short"}
    assert [e.alert for e in proofs["Good"].on_good_traffic] == ["Good"]
    assert not proofs["Short"].on_good_traffic
    assert list(unhealthy) == ["Broken"]
    assert "found duplicate series" in unhealthy["Broken"]
