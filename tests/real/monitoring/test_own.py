"""A team's own Prometheus and Alertmanager, read and tried by URL."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import pytest

from harness.http.client import Network
from harness.http.loopback_server import LoopbackServer
from harness.http.message import Request, Response
from harness.model import Finding, Outcome
from harness.telemetry.monitoring.alertmanager_api import AlertmanagerApi
from harness.telemetry.monitoring.monitoring_config import one_route
from harness.telemetry.monitoring.own import OwnMonitoring, SyntheticAlert, observe_own, send_synthetic
from harness.telemetry.monitoring.own_checks import judge_own
from harness.telemetry.monitoring.prometheus_api import PrometheusApi
from tests.real.monitoring.conftest import Exporter, Watched
from tests.waiting import wait_for

RULES = """
groups:
  - name: webhooks
    rules:
      - {alert: Forged, expr: "increase(refusals_total[5m]) > 3", for: 5m}
      - {alert: Misspelt, expr: "increase(refusal_total[5m]) > 3 and on() level"}
      - {alert: Gone, expr: "absent(heartbeat)"}
      - {alert: Broken, expr: "level * on() group_left() {__name__=~'twice_.'}"}
"""
COUNTED = ("Forged", "Misspelt", "Gone", "Broken", "Forgd")


class Doorkeeper(LoopbackServer):
    """Passes requests on to a server if they have the token, as a proxy does in front of a Prometheus."""

    def __init__(self, behind: str) -> None:
        super().__init__("doorkeeper")
        self._behind = behind

    def respond(self, request: Request) -> Response:
        """Refuse, or return what the server behind returns."""
        if request.header("authorization") != "Bearer good":
            return Response(status=401)
        answer = httpx.request(
            request.method,
            f"{self._behind}{request.target}",
            content=request.body,
            headers={"content-type": request.header("content-type")},
            trust_env=False,
        )
        return Response(
            status=answer.status_code,
            headers=(("content-type", answer.headers.get("content-type", "text/plain")),),
            body=answer.content,
        )


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A client of a run."""
    with Network().client() as made:
        yield made


def routed(hook_url: str) -> str:
    """Return a configuration with receivers that fail and that do nothing, and an alert that inhibits another."""
    config = json.loads(one_route(hook_url))
    config["route"]["routes"] = [{"matchers": ["team=nobody"], "receiver": "broken"}]
    config["route"]["routes"].append({"matchers": ["team=mute"], "receiver": "mute"})
    config["receivers"].append({"name": "broken", "webhook_configs": [{"url": "http://127.0.0.1:9/"}]})
    config["receivers"].append({"name": "mute"})
    config["inhibit_rules"] = [{"source_matchers": ["alertname=Gone"], "target_matchers": ["team=hidden"]}]
    return json.dumps(config)


def by_case(own: OwnMonitoring, synthetic: SyntheticAlert | str = "no labels are configured") -> dict[str, Finding]:
    return {finding.case: finding for finding in judge_own(own, synthetic, counted=COUNTED)}


def test_what_is_loaded_in_the_teams_own_servers_is_judged(
    watched: Watched, exporter: Exporter, client: httpx.Client
) -> None:
    """Rules, series and the target are read, a test alert reaches a receiver, and what is not proved is no pass."""
    exporter.values.update({"refusals_total": 0, "level": 1, 'twice_a{l="1"}': 1, 'twice_b{l="1"}': 1})
    with watched(RULES, labels={"job": "app"}, routes=routed) as monitoring:
        monitoring.wait_scraped()
        wait_for(lambda: monitoring.prometheus.query("refusals_total") and monitoring.watch.unhealthy())
        wait_for(lambda: "Gone" in monitoring.watch.firing())
        prometheus = PrometheusApi(monitoring.prometheus.server.url, client)
        alertmanager = AlertmanagerApi(monitoring.alertmanager.server.url, client)
        own = observe_own(prometheus, COUNTED, job="app")
        other = observe_own(prometheus, COUNTED, instance="elsewhere:80")
        began = time.time()
        works = send_synthetic(alertmanager, {"severity": "page"}, "r1", within_s=20)
        resolved = monitoring.hook.wait_for("ReadinessHarnessTest", "resolved", since=began, within_s=20)
        mute = send_synthetic(alertmanager, {"team": "mute"}, "r1", within_s=20)
        fails = send_synthetic(alertmanager, {"team": "nobody"}, "r1", within_s=20)
        hidden = send_synthetic(alertmanager, {"team": "hidden"}, "r1", within_s=20)
        [notified, *_] = [n for n in monitoring.hook.notifications if n.name == "ReadinessHarnessTest"]

    found = by_case(own, works)
    observed = {case: (finding.outcome, finding.observed) for case, finding in found.items()}
    assert observed["own-target-scraped"][0] is Outcome.PASS
    assert f"scrapes {exporter.url}/metrics" in observed["own-target-scraped"][1]
    assert observed["own-alerts-sent"][0] is Outcome.PASS
    assert observed["own-rule-healthy-Forged"] == (Outcome.PASS, "health: ok")
    assert observed["own-series-exist-Forged"][0] is Outcome.PASS
    assert observed["own-series-exist-Misspelt"] == (
        Outcome.FAIL,
        "no series of refusal_total. Did you mean 'refusals_total'?",
    )
    assert observed["own-series-exist-Gone"][0] is Outcome.PASS
    assert observed["own-rule-healthy-Broken"][0] is Outcome.FAIL
    assert "health: err, " in observed["own-rule-healthy-Broken"][1]
    assert observed["own-rule-healthy-Forgd"] == (
        Outcome.FAIL,
        "no alert of this name is loaded. Did you mean 'Forged'?",
    )
    proved = [f for case, f in found.items() if not case.startswith("own-")]
    assert len(proved) == 4 * len(COUNTED)
    assert {f.outcome for f in proved} == {Outcome.NOT_RUN}
    assert observed["own-test-alert-notified"][0] is Outcome.PASS
    assert by_case(other)["own-target-scraped"].observed == "it scrapes no target with instance='elsewhere:80'"
    assert notified.labels == {
        "alertname": "ReadinessHarnessTest", "severity": "page", "readiness_harness_run": "r1"
    }  # fmt: skip
    assert notified.annotations["summary"].startswith("Test of the readiness harness")
    assert resolved is not None
    broken = by_case(own, fails)["own-test-alert-notified"]
    assert broken.outcome is Outcome.FAIL
    assert broken.observed.startswith("routed to broken (webhook); notifications: ")
    assert by_case(own, mute)["own-test-alert-notified"].observed == (
        "routed to mute, which has no integration: nobody is notified."
    )
    inhibited = by_case(own, hidden)["own-test-alert-notified"]
    assert inhibited.observed == "routed to harness, but held back: another alert inhibits it."


def test_servers_behind_a_credential_are_read_with_the_token(
    watched: Watched, exporter: Exporter, client: httpx.Client
) -> None:
    """Without it every check is an error that names the key; with it both servers answer, and take the test alert."""
    exporter.values["refusals_total"] = 0
    with (
        watched(RULES) as monitoring,
        Doorkeeper(monitoring.prometheus.server.url) as prometheus,
        Doorkeeper(monitoring.alertmanager.server.url) as alertmanager,
    ):
        own = observe_own(PrometheusApi(prometheus.url, client), COUNTED)
        refused = send_synthetic(AlertmanagerApi(alertmanager.url, client), {"severity": "page"}, "r1", within_s=20)
        read = observe_own(PrometheusApi(prometheus.url, client, token="good"), COUNTED)
        taken = send_synthetic(
            AlertmanagerApi(alertmanager.url, client, token="good"), {"severity": "page"}, "r1", within_s=20
        )

    found = by_case(own, refused)
    judged = [f for case, f in found.items() if case.startswith("own-") and f.outcome is not Outcome.NOT_RUN]
    assert {f.outcome for f in judged} == {Outcome.ERROR}
    assert all("[telemetry.alerts] token" in f.observed for f in judged)
    assert read.error == ""
    assert [rule.loaded for rule in read.rules] == [True] * 4 + [False]
    assert by_case(read, taken)["own-test-alert-notified"].outcome is Outcome.PASS


def test_production_is_only_read(watched: Watched) -> None:
    """A test alert is a request that writes, which the harness sends to no production."""
    with watched() as monitoring, Network(production=True).client() as client:
        sent = send_synthetic(AlertmanagerApi(monitoring.alertmanager.server.url, client), {"a": "b"}, "r1")
        alerts = monitoring.alertmanager.alerts()

    assert "[target] environment is production" in sent.error
    assert not sent.resolved
    assert alerts == ()
