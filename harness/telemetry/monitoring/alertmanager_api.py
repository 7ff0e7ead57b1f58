"""What the harness asks of an Alertmanager: version 2 of its API, and its own metrics."""

from __future__ import annotations

from collections.abc import Iterable

import httpx
import msgspec

from harness.core.cutting import cut
from harness.core.yaml import UnreadableYamlError, read_yaml
from harness.errors import MonitoringError, ProbeError
from harness.telemetry.metrics import Samples, parse_samples
from harness.telemetry.monitoring.monitoring_client import ERROR_CHARS, WITHIN_S, MonitoringClient

ALERTS = "/api/v2/alerts"
_CONFIGS = "_configs"
SINCE = "0.16"
"""Version of Alertmanager that introduced version 2 of its API; its changelog."""


class _ReceiverName(msgspec.Struct, frozen=True):
    name: str


class _AlertStatus(msgspec.Struct, frozen=True, rename="camel"):
    state: str
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()


class _ConfigText(msgspec.Struct, frozen=True):
    original: str


class _Loaded(msgspec.Struct, frozen=True):
    config: _ConfigText


class RoutedAlert(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One alert as an Alertmanager holds it."""

    labels: dict[str, str]
    fingerprint: str
    receivers: tuple[_ReceiverName, ...]
    status: _AlertStatus

    @property
    def name(self) -> str:
        """Its alertname."""
        return self.labels.get("alertname", "")

    @property
    def receiver_names(self) -> tuple[str, ...]:
        """The receivers to which its routes lead."""
        return tuple(receiver.name for receiver in self.receivers)


class NotificationCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Notifications of an Alertmanager since its start, by integration, such as ``webhook``."""

    sent: dict[str, int]
    """All of them, also those that failed in the end."""
    failed: dict[str, int]
    """Those that failed after every attempt."""
    failed_attempts: dict[str, int] = {}
    """Requests that failed; Alertmanager repeats them for a while. Counted since 0.22."""

    def of(self, integrations: Iterable[str]) -> tuple[int, int]:
        """Return how many notifications were sent, and how many notifications and attempts failed."""
        failed = (counts.get(name, 0) for name in integrations for counts in (self.failed, self.failed_attempts))
        return sum(self.sent.get(name, 0) for name in integrations), sum(failed)


class AlertmanagerApi:
    """Asks one Alertmanager. Every method raises `MonitoringError`, which names the URL, the reason and the remedy."""

    def __init__(
        self, url: str, client: httpx.Client, *, where: str = "[telemetry.alerts] alertmanager", token: str = ""
    ) -> None:
        """``client`` sends the requests, which keeps to the allow-list of the run; ``token`` is a bearer token."""
        self.server = MonitoringClient("Alertmanager", url, client, where=where, token=token)

    def alerts(self) -> tuple[RoutedAlert, ...]:
        """Return the alerts that it holds, with the receivers of each."""
        response = self.server.get(ALERTS)
        if response.status_code == 404:
            raise self.server.too_old(ALERTS, SINCE)
        return self.server.decoded(response, tuple[RoutedAlert, ...])

    def send(self, alerts: list[dict[str, object]]) -> None:
        """Post alerts, as a Prometheus does."""
        try:
            response = self.server.client.post(
                f"{self.server.url}{ALERTS}", json=alerts, headers=self.server.headers, timeout=WITHIN_S
            )
        except httpx.TransportError as exc:
            raise self.server.unreachable(exc) from None
        self.server.require_access(response)
        if not response.is_success:
            answer = cut(" ".join(response.text.split()), ERROR_CHARS)
            raise MonitoringError(f"{self.server.name} refused an alert with HTTP {response.status_code}: {answer}.")

    def counts(self) -> NotificationCounts:
        """Return how many notifications it sent, and how many of them failed."""
        response = self.server.get("/metrics")
        if not response.is_success:
            raise MonitoringError(
                f"{self.server.name} answered HTTP {response.status_code} at /metrics, where its notifications are "
                "counted. Let the harness read it, or nothing shows whether a notification failed."
            )
        try:
            samples = parse_samples(response.text, self.server.name)
        except ProbeError:
            raise self.server.foreign(response) from None
        return NotificationCounts(
            sent=_by_integration(samples, "alertmanager_notifications_total"),
            failed=_by_integration(samples, "alertmanager_notifications_failed_total"),
            failed_attempts=_by_integration(samples, "alertmanager_notification_requests_failed_total"),
        )

    def integrations(self, receivers: Iterable[str]) -> tuple[str, ...]:
        """Return the kinds of integration that receivers have, such as ``webhook``; empty where they have none."""
        response = self.server.get("/api/v2/status")
        status = self.server.decoded(response, _Loaded)
        try:
            listed = read_yaml(status.config.original.encode())["receivers"]
            found = [
                key for entry in listed if entry["name"] in set(receivers) for key, value in entry.items() if value
            ]
        except (UnreadableYamlError, KeyError, TypeError, AttributeError):
            raise self.server.foreign(response) from None
        return tuple(sorted({key.removesuffix(_CONFIGS) for key in found if key.endswith(_CONFIGS)}))


def _by_integration(samples: Samples, name: str) -> dict[str, int]:
    counted: dict[str, int] = {}
    for labels, value in samples.get(name, ()):
        integration = labels.get("integration", "")
        counted[integration] = counted.get(integration, 0) + int(value)
    return counted
