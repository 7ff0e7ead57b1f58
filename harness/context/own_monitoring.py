"""The team's own Prometheus and Alertmanager, as harness.toml describes them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.telemetry.monitoring.alertmanager_api import AlertmanagerApi
from harness.telemetry.monitoring.own import OwnMonitoring, SyntheticAlert, observe_own, send_synthetic
from harness.telemetry.monitoring.own_checks import judge_own
from harness.telemetry.monitoring.prometheus_api import PrometheusApi

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model import Finding
    from harness.model.config import Alerts


def judge_own_monitoring(run_context: RunContext, *, proved: Collection[str] = ()) -> Iterator[Finding]:
    """Yield the findings on the servers at ``[telemetry.alerts] prometheus`` and ``alertmanager``.

    Only where ``prometheus`` is set. An exercise proves the alerts in ``proved``. Raises `SecretError`.
    """
    assert run_context.config.telemetry is not None
    alerts = run_context.config.telemetry.alerts
    assert alerts is not None
    token = run_context.reveal(alerts.token) if alerts.token else ""
    own = _observed(run_context, alerts, token)
    yield from judge_own(own, _synthetic(run_context, alerts, token), counted=alerts.fires, proved=proved)


def _observed(run_context: RunContext, alerts: Alerts, token: str) -> OwnMonitoring:
    assert run_context.config.telemetry is not None
    prometheus = PrometheusApi(str(alerts.prometheus), run_context.client, token=token)
    metrics = urlsplit(run_context.config.telemetry.metrics or "")
    instance = alerts.labels.get("instance") or metrics.netloc.rpartition("@")[2]
    return observe_own(prometheus, alerts.fires, job=alerts.labels.get("job", ""), instance=instance)


def _synthetic(run_context: RunContext, alerts: Alerts, token: str) -> SyntheticAlert | str:
    """Send a test alert, or return why none is sent."""
    if alerts.alertmanager is None:
        return "harness.toml does not set [telemetry.alerts] alertmanager, so no test alert was sent"
    if not alerts.synthetic:
        return "harness.toml does not set [telemetry.alerts] synthetic, so no test alert was sent"
    if run_context.target.production:
        return "[target] environment is production, where no test alert is sent"
    alertmanager = AlertmanagerApi(alerts.alertmanager, run_context.client, token=token)
    return send_synthetic(alertmanager, alerts.synthetic, run_context.run.run_id)
