"""Judges the proof of each alert: it fires for its fault, is notified, resolves, and is silent on good traffic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from harness.model import Check, Finding, Outcome
from harness.model.check import Judgement
from harness.telemetry.monitoring.alert_proof import AlertProof, Compared
from harness.telemetry.monitoring.alert_watch import AlertEpisode

ITEM = "observability.alerts"
_SOURCE = "Prometheus: Alerting rules; Google SRE Workbook, chapter 5 (Alerting on SLOs)"
_TEMPLATE_ERROR = "<error expanding template"  # what Prometheus puts in place of a template that fails

FIRES = Check(
    id="fires-for-its-fault",
    item=ITEM,
    summary="an alert, while its fault is caused",
    passed="Fired for its fault",
    failed="Did not fire for its fault",
    expected="inactive before the fault, then pending, then firing while it lasts",
    source=_SOURCE,
    fix="Correct the rule's expression, threshold or `for`, or the fault of the alert in [telemetry.alerts] fires.",
)
NOTIFIED = Check(
    id="is-notified",
    item=ITEM,
    summary="the notification of an alert that fires",
    passed="Sent a notification of the alert to a receiver",
    failed="Sent no usable notification of an alert that fires",
    expected="a notification with the alert's labels and annotations, at a receiver of Alertmanager's configuration",
    source="Alertmanager: Configuration, route and inhibit_rule",
    fix="Route the alert to a receiver, let no inhibition that holds at the same time match it, and correct the "
    "template of an annotation that cannot be expanded.",
)
RESOLVES = Check(
    id="resolves",
    item=ITEM,
    summary="an alert, after its fault has ended",
    passed="Resolved after its fault had ended",
    failed="Still fired after its fault had ended",
    expected="inactive once the fault has left the rule's ranges",
    source=_SOURCE,
    fix="Compare an increase over a range, or a gauge that falls again, instead of a total that only grows.",
)
SILENT = Check(
    id="silent-on-good-traffic",
    item=ITEM,
    summary="an alert, while all traffic is good",
    passed="Stayed silent on good traffic",
    failed="Fired on good traffic",
    expected="never firing without a fault",
    source=_SOURCE,
    fix="Raise the threshold, or exclude from the expression what good traffic counts too.",
)
CHECKS = (FIRES, NOTIFIED, RESOLVES, SILENT)


def judge_proofs(proofs: Iterable[AlertProof], *, scaling: str = "", reproduce: str = "") -> Iterator[Finding]:
    """Yield a finding of each check for each alert; its case is the check and the alert's name.

    ``scaling`` states how the rules' times were changed.
    """
    for proof in proofs:
        judged = {FIRES: _fires(proof), NOTIFIED: _notified(proof), RESOLVES: _resolves(proof), SILENT: _silent(proof)}
        for check, (outcome, observed) in judged.items():
            name = proof.alert.name
            scaled = f"; {scaling}" if scaling and check is FIRES else ""
            yield check.finding(
                outcome,
                f"{observed}{scaled}",
                summary=f"{name}: {check.sentence(outcome)}",
                reproduce=reproduce,
                case=f"{check.id}-{name}",
            )


def judge_silence(episodes: Iterable[AlertEpisode]) -> Iterator[Finding]:
    """Yield a finding for each alert that fired on good traffic, beside those that the team counts on."""
    found: dict[str, list[AlertEpisode]] = {}
    for episode in episodes:
        found.setdefault(episode.alert, []).append(episode)
    for name, own in found.items():
        summary, case = f"{name}: {SILENT.failed}", f"{SILENT.id}-{name}"
        yield SILENT.finding(Outcome.FAIL, _noise(own), summary=summary, case=case)


def _fires(proof: AlertProof) -> Judgement:
    fault, alert = proof.fault, proof.alert
    if fault.not_caused:
        return Outcome.ERROR, f"the fault {alert.fault!r} could not be caused: {fault.not_caused}"
    if proof.unhealthy:
        return Outcome.FAIL, f"Prometheus cannot evaluate the rule: {proof.unhealthy}"
    if fired := proof.fired:
        assert fired.firing_at is not None
        if alert.too_late:
            return Outcome.FAIL, alert.too_late
        pending_s, firing_s = fired.pending_at - fault.began, fired.firing_at - fault.began
        return Outcome.PASS, f"pending {pending_s:.1f} s and firing {firing_s:.1f} s after {_what(proof)} began"
    return _not_fired(proof)


def _not_fired(proof: AlertProof) -> Judgement:
    alert = proof.alert
    if proof.before:
        state = "firing" if any(episode.firing_at for episode in proof.before) else "pending"
        return Outcome.FAIL, f"it was {state} already when {_what(proof)} began, so nothing shows that this fires it"
    if proof.stalled_s:
        return Outcome.ERROR, (
            f"Prometheus of the harness scraped nothing for {proof.stalled_s:.0f} s while {_what(proof)} lasted, so "
            "the rule could not be judged: the machine is too busy. Run the gate again with less beside it"
        )
    if not proof.episodes:
        return Outcome.FAIL, _inactive(proof)
    if alert.beyond and not alert.too_late and alert.for_s > _lasted(proof):
        return Outcome.NOT_RUN, alert.beyond
    return Outcome.FAIL, _pending_only(proof)


def _pending_only(proof: AlertProof) -> str:
    lasted_s = max((e.resolved_at or proof.fault.seen_until) - e.pending_at for e in proof.episodes)
    alert = proof.alert
    written = f"`for: {alert.written_for}` (scaled to {alert.for_s:.1f} s)"
    if alert.for_s > _lasted(proof):
        why = f"; {alert.too_late}" if alert.too_late else ""
        return (
            f"pending for {lasted_s:.0f} s, but {written} is longer than the fault lasted ({_lasted(proof):.0f} s){why}"
        )
    times = f"{len(proof.episodes)} times" if len(proof.episodes) > 1 else "once"
    return (
        f"pending {times}, for at most {lasted_s:.0f} s, while the fault lasted {_lasted(proof):.0f} s: "
        f"the expression does not hold as long as {written}"
    )


def _inactive(proof: AlertProof) -> str:
    compared = proof.alert.compared
    caused = f"the harness caused {_what(proof)} for {_lasted(proof):.0f} s"
    if compared is None:
        return f"it stayed inactive: {caused}, and the expression returned nothing"
    if compared.reached is None:
        left = " ".join(compared.left.split())
        return f"it stayed inactive: {caused}, and {left} returned no series at all"
    return (
        f"it stayed inactive: {_reached(compared)}, the threshold is {compared.operator} {compared.threshold:g}. "
        f"Thresholds on counts are not scaled; {caused}"
    )


def _reached(compared: Compared) -> str:
    assert compared.reached is not None
    least, greatest = compared.reached
    if compared.operator.startswith(">"):
        return f"the value reached {greatest:g}"
    if compared.operator.startswith("<"):
        return f"the value fell to {least:g}"
    return f"the value was between {least:g} and {greatest:g}"


def _notified(proof: AlertProof) -> Judgement:
    fired = proof.fired
    if fired is None:
        return Outcome.NOT_RUN, "it did not fire"
    if proof.notified is None:
        return Outcome.FAIL, proof.held_back or "no notification of it arrived while it fired"
    broken = [f"{name}: {text}" for name, text in proof.notified.annotations.items() if _TEMPLATE_ERROR in text]
    if broken:
        return Outcome.FAIL, f"annotation {'; '.join(broken)}"
    assert fired.firing_at is not None
    runbook = proof.notified.annotations.get("runbook_url")
    where = f", runbook {runbook}" if runbook else ""
    delay_s = proof.notified.at - fired.firing_at
    return Outcome.PASS, f"receiver {proof.notified.receiver!r} after {delay_s:.1f} s{where}"


def _resolves(proof: AlertProof) -> Judgement:
    fired, fault = [e for e in proof.episodes if e.firing_at is not None], proof.fault
    if not fired:
        return Outcome.NOT_RUN, "it did not fire"
    if lasting := [e for e in (*fired, *proof.at_the_end) if (e.resolved_at or math.inf) > fault.seen_until]:
        lasted_s, labels = fault.seen_until - fault.ended, _labels(lasting[0].labels)
        # A receiver that is killed takes its series along, and an alert on them resolves for as long as it is away.
        return Outcome.FAIL, f"it still fired {lasted_s:.0f} s after {_what(proof)} had ended, with the labels {labels}"
    last = max(e.resolved_at or 0.0 for e in fired)
    return Outcome.PASS, f"{max(0.0, last - fault.ended):.1f} s after {_what(proof)} had ended"


def _silent(proof: AlertProof) -> Judgement:
    if not proof.on_good_traffic:
        return Outcome.PASS, "it never fired on good traffic"
    return Outcome.FAIL, _noise(proof.on_good_traffic)


def _noise(episodes: Sequence[AlertEpisode]) -> str:
    return f"without a fault it fired with the labels {'; '.join(_labels(e.labels) for e in episodes[:3])}"


def _labels(labels: dict[str, str]) -> str:
    shown = ", ".join(f"{name}={value!r}" for name, value in sorted(labels.items()) if name != "alertname")
    return f"{{{shown}}}"


def _what(proof: AlertProof) -> str:
    return proof.fault.caused or proof.alert.fault


def _lasted(proof: AlertProof) -> float:
    return proof.fault.ended - proof.fault.began
