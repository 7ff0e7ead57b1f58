"""The harness as Alertmanager's webhook receiver: every notification that arrives, as data."""

from __future__ import annotations

import threading
import time
from urllib.parse import unquote

import msgspec

from harness.http.loopback_server import LoopbackServer
from harness.http.message import Request, Response

MAX_BODY = 4 << 20
MAX_NOTIFICATIONS = 5000
MAX_KEPT = 16 << 20
"""The most that are stored, and of how many bytes of requests; later ones are only answered."""


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One alert of one notification."""

    at: float
    """When it arrived, in Unix seconds."""
    status: str
    """``firing`` or ``resolved``."""
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    receiver: str
    """Name of the receiver in Alertmanager's configuration."""

    @property
    def name(self) -> str:
        """Its alertname."""
        return self.labels.get("alertname", "")


class _HookAlert(msgspec.Struct, frozen=True):
    status: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class _HookMessage(msgspec.Struct, frozen=True):
    """Version 4 of Alertmanager's webhook (prometheus.io, Alerting: Configuration, webhook_config)."""

    alerts: tuple[_HookAlert, ...]
    receiver: str = ""


class NotificationHook(LoopbackServer):
    """Takes notifications at ``/RECEIVER`` while its block lasts."""

    def __init__(self, port: int = 0) -> None:
        """``port`` 0 means any free one."""
        super().__init__("notifications", port=port, max_body=MAX_BODY)
        self._arrived = threading.Condition()
        self._notifications: list[Notification] = []
        self._kept = 0
        self.unreadable = 0
        """Requests that were no notification."""

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """What arrived so far, in order."""
        with self._arrived:
            return tuple(self._notifications)

    def wait_for(self, alert: str, status: str, *, since: float, within_s: float) -> Notification | None:
        """Return the first notification of an alert that arrived at ``since`` or later; None when none comes in time.

        ``since`` is in Unix seconds.
        """

        def found() -> Notification | None:
            matching = (n for n in self._notifications if n.name == alert and n.status == status and n.at >= since)
            return next(matching, None)

        with self._arrived:
            self._arrived.wait_for(lambda: found() is not None, within_s)
            return found()

    def respond(self, request: Request) -> Response:
        """Store the alerts of one notification."""
        if request.method != "POST":
            return Response(status=405, headers=(("allow", "POST"),))
        try:
            message = msgspec.json.decode(request.body, type=_HookMessage)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.unreadable += 1
            return Response(status=400)
        receiver = message.receiver or unquote(request.path.strip("/"))
        now = time.time()
        with self._arrived:
            self._kept += len(request.body)
            if self._kept > MAX_KEPT:
                return Response(status=200)
            for alert in message.alerts[: MAX_NOTIFICATIONS - len(self._notifications)]:
                self._notifications.append(
                    Notification(
                        at=now,
                        status=alert.status,
                        labels=alert.labels,
                        annotations=alert.annotations,
                        receiver=receiver,
                    )
                )
            self._arrived.notify_all()
        return Response(status=200)
