"""What was observed of one alert that a team counts on, while its fault was caused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from harness.telemetry.monitoring.alert_watch import NOTIFIED_WITHIN_S, AlertEpisode
from harness.telemetry.monitoring.notifications import Notification

LATE_S = 2.0
"""An alert that begins so many seconds after a fault ended began because of it: scrape and evaluation come later."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """How the rule of an alert compares with a number, such as ``increase(x[4s]) > 3``."""

    left: str
    """The expression that is compared, with its ranges scaled."""
    operator: str
    threshold: float
    reached: tuple[float, float] | None = None
    """The least and the greatest value while the fault lasted; None where it had none."""


class CountedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert of ``[telemetry.alerts] fires``, and its rule."""

    name: str
    fault: str
    """Name of the fault that is to fire it, or the command of the team's."""
    written_for: str = ""
    """Its ``for`` as the team writes it, such as ``5m``; empty where it has none."""
    for_s: float = 0.0
    """The same in seconds, scaled."""
    too_late: str = ""
    """Why the rule as written cannot fire in the time that the team allows; empty where it can."""
    beyond: str = ""
    """Why its fault is not caused for as long as its ``for``; empty where it is."""
    compared: Compared | None = None
    """None where the rule compares with no number."""


class CausedFault(msgspec.Struct, frozen=True, kw_only=True):
    """When a fault was caused; times in Unix seconds."""

    began: float
    ended: float
    seen_until: float
    """End of the time in which its alert was watched, so that it could resolve."""
    caused: str = ""
    """What the harness did, such as ``12 forged deliveries``; empty where the name of the fault shows it."""
    not_caused: str = ""
    """Why it could not be caused; empty where it was."""


class AlertProof(msgspec.Struct, frozen=True, kw_only=True):
    """What one alert did in an exercise; times in Unix seconds."""

    alert: CountedAlert
    fault: CausedFault
    before: tuple[AlertEpisode, ...] = ()
    """When it was active with the fault about to begin, which hides whether the fault fires it."""
    episodes: tuple[AlertEpisode, ...] = ()
    """When it became active while the fault lasted, or right after: later another fault may be the cause."""
    at_the_end: tuple[AlertEpisode, ...] = ()
    """When it began to fire since the fault began, and still did when all faults had ended for long."""
    notified: Notification | None = None
    resolution: Notification | None = None
    on_good_traffic: tuple[AlertEpisode, ...] = ()
    """When it fired on good traffic."""
    unhealthy: str = ""
    """Why its rule could not be evaluated."""
    held_back: str = ""
    """Why Alertmanager did not send it, asked while it fired."""
    stalled_s: float = 0.0
    """The longest time while the fault lasted in which Prometheus scraped nothing, which is the machine's fault."""

    @property
    def fired(self) -> AlertEpisode | None:
        """The first episode in which it fired."""
        return next((episode for episode in self.episodes if episode.firing_at is not None), None)


def prove(
    alert: CountedAlert,
    fault: CausedFault,
    *,
    good: tuple[float, float],
    episodes: Sequence[AlertEpisode],
    notifications: Sequence[Notification],
    unhealthy: str = "",
    held_back: str = "",
    stalled_s: float = 0.0,
) -> AlertProof:
    """Return what concerns one alert in what was observed of all.

    ``good`` is when good traffic began and ended; ``unhealthy`` and ``held_back`` are of this alert, and ``stalled_s``
    is of its fault. A notification that Alertmanager held back until the fault had ended is none.
    """
    own = [episode for episode in episodes if episode.alert == alert.name]
    within = tuple(episode for episode in own if fault.began <= episode.pending_at <= fault.ended + LATE_S)
    fired = next((episode.firing_at for episode in within if episode.firing_at is not None), None)
    sent = [] if fired is None else [n for n in notifications if n.name == alert.name and n.at >= fired]
    latest = fault.ended if held_back else max(fault.ended, fired or 0.0) + NOTIFIED_WITHIN_S
    notified = next((n for n in sent if n.status == "firing" and n.at <= latest), None)
    after = notified.at if notified else 0.0
    return AlertProof(
        alert=alert,
        fault=fault,
        before=tuple(e for e in own if e.pending_at < fault.began and _lasts(e, fault.began)),
        episodes=within,
        at_the_end=tuple(e for e in own if e.pending_at >= fault.began and e.firing_at and e.resolved_at is None),
        notified=notified,
        resolution=next((n for n in sent if n.status == "resolved" and n.at >= after), None),
        on_good_traffic=fired_during(own, *good),
        unhealthy=unhealthy,
        held_back=held_back,
        stalled_s=stalled_s,
    )


def fired_during(episodes: Iterable[AlertEpisode], start: float, end: float) -> tuple[AlertEpisode, ...]:
    """Return those that fired at any moment between two times."""
    fired = (episode for episode in episodes if episode.firing_at is not None and episode.firing_at <= end)
    return tuple(episode for episode in fired if _lasts(episode, start))


def _lasts(episode: AlertEpisode, at: float) -> bool:
    return episode.resolved_at is None or episode.resolved_at > at
