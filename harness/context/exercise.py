"""Composes the exercise of a run: a copy of the target where there can be one, its faults, and what watches them."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from harness.context.exercise_plan import ExercisePlan
from harness.context.fault_causes import DELIVERS, FaultCauses
from harness.context.isolated_copy import isolated_copy
from harness.context.operator_logs import operator_logs
from harness.context.received_spans import spans_started
from harness.context.receiver_parts import event_format_of, events_of
from harness.core.encodable import json_bytes
from harness.core.files import write_atomically
from harness.errors import ConfigurationError, EventError, HarnessError, MonitoringError, ProbeError
from harness.model.signals import Signal
from harness.process.cancellation import pause
from harness.telemetry.exercise.conclusion import (
    WatchedAlerts,
    not_caused,
    proofs_of,
    signals_of,
)
from harness.telemetry.exercise.driver import Exercise, Traffic
from harness.telemetry.exercise.evidence import ExerciseEvidence
from harness.telemetry.exercise.observer import Observer, Scrape, Spans
from harness.telemetry.exercise.panels import answers_of
from harness.telemetry.metrics import read_metrics
from harness.telemetry.monitoring.alert_proof import fired_during
from harness.telemetry.monitoring.alert_watch import AlertEpisode
from harness.telemetry.monitoring.monitoring_servers import Monitoring
from harness.telemetry.signals.blind_spots import matrix_of
from harness.telemetry.traces import EXPORT_S

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model.config import Telemetry

FILE = "exercise.json"
"""In the run's scratch folder: whichever process runs the exercise, all read its evidence there."""
NAME = "exercise"


def can_deliver(run_context: RunContext) -> bool:
    """Whether each event fixture that the exercise would deliver can be read; the tests report those that cannot."""
    if run_context.target.missing(DELIVERS):
        return True
    try:
        events_of(run_context, event_format_of(run_context))
    except EventError:
        return False
    return True


def exercise_of(run_context: RunContext) -> ExerciseEvidence:
    """Return the evidence of the run's exercise, which runs when the first process of the run asks for it."""
    path = run_context.run.path / FILE
    with path.with_suffix(".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.is_file():
            write_atomically(path, json_bytes(_evidence(run_context)))
    return msgspec.json.decode(path.read_bytes(), type=ExerciseEvidence)


def _evidence(run_context: RunContext) -> ExerciseEvidence:
    try:
        with _harmed(run_context) as (target, unkillable), ExitStack() as stack:
            return _Composition(target, unkillable, stack).evidence()
    except HarnessError as exc:
        return ExerciseEvidence(trouble=str(exc))


@contextmanager
def _harmed(run_context: RunContext) -> Iterator[tuple[RunContext, str]]:
    """Yield the target to harm, and why its receiver must not be killed; empty for a copy, which can be."""
    copy, why = None, "the harness does not start the receiver, so it cannot kill it"
    with ExitStack() as stack:
        if run_context.config.process:
            try:
                copy = stack.enter_context(isolated_copy(run_context, name=NAME))
            except ConfigurationError as exc:  # as for crash drills: the message names what is missing
                why = str(exc)
        if copy is None:
            stack.enter_context(run_context.processes.state.turn(alone=True))
        yield copy or run_context, "" if copy else why


class _Composition:
    """The parts of one exercise."""

    def __init__(self, target: RunContext, unkillable: str, stack: ExitStack) -> None:
        """``stack`` ends what is started here."""
        assert target.config.telemetry is not None
        self._target = target
        self._telemetry: Telemetry = target.config.telemetry
        self._fresh = not unkillable
        self._plan = ExercisePlan(target, FaultCauses(target), unkillable)
        self._observer = Observer(
            logs=lambda: operator_logs(target), scrape=self._scraper(), spans=self._spans(), redact=target.vault.redact
        )
        self._unwatched = self._plan.unwatched
        self._monitoring: Monitoring | None = None
        if not self._unwatched:
            self._begin_watch(stack)

    def evidence(self) -> ExerciseEvidence:
        """Run the exercise; raises `HarnessError` where it cannot be run to its end."""
        exercise = Exercise(
            self._plan.faults(),
            Traffic(self._plan.causes.good_traffic, self._plan.causes.good_delivery),
            observer=self._observer,
            alerts=self._monitoring.watch if self._monitoring else None,
            timing=self._plan.timing,
        )
        exercise.run()
        self._await_spans(exercise)
        monitoring = self._monitoring
        watched = None if monitoring is None else _watched(monitoring, exercise.good_period[0])
        return ExerciseEvidence(
            unwatched=self._unwatched,
            before=exercise.before if self._fresh else None,
            after=self._observer.scraped(),
            scaling=_scaling(self._plan.scaled.factor),
            left_out=self._plan.scaled.left_out,
            matrix=matrix_of(
                signals_of(exercise, self._observer, watched),
                not_caused=not_caused(exercise),
                unobserved=self._unobserved(),
                shown_by=self._telemetry.shown_by,
            ),
            alerts=self._plan.alerts,
            proofs=proofs_of(exercise, self._plan.counted, monitoring.watch, watched) if monitoring and watched else (),
            answers=answers_of(self._plan.asked, exercise, monitoring.prometheus) if monitoring else None,
            good_episodes=self._false_alarms(exercise, watched) if watched else (),
        )

    def _begin_watch(self, stack: ExitStack) -> None:
        monitoring = Monitoring(
            self._target.client,
            self._target.run.path / "monitoring",
            port=self._target.run.port,
            metrics=(str(self._telemetry.metrics),),
            rules=self._plan.scaled.texts,
            labels=self._plan.labels,
            routes=self._plan.routes,
        )
        try:
            stack.enter_context(monitoring)
            monitoring.wait_scraped()
        except MonitoringError as exc:
            self._unwatched = str(exc)
            return
        self._monitoring = monitoring

    def _false_alarms(self, exercise: Exercise, watched: WatchedAlerts) -> tuple[AlertEpisode, ...]:
        """Return when alerts fired on good traffic; one that reads no series fires to show that alerting works."""
        found = fired_during(watched.episodes, *exercise.good_period)
        return tuple(episode for episode in found if episode.alert not in self._plan.constant)

    def _scraper(self) -> Scrape | None:
        url = self._telemetry.metrics
        if url is None:
            return None

        def scrape() -> str | None:
            try:
                return read_metrics(self._target.client, url)
            except ProbeError:
                return None

        return scrape

    def _spans(self) -> Spans | None:
        if self._telemetry.otlp is None:
            return None
        return partial(spans_started, self._target)

    def _await_spans(self, exercise: Exercise) -> None:
        """Give exporters the time that they may hold spans back, where a window has none yet."""
        if Signal.SPAN not in self._observer.observed:
            return
        deadline = time.monotonic() + EXPORT_S
        marks = [window.mark for window in exercise.windows if window.mark is not None]
        while time.monotonic() < deadline and any(not self._observer.window(mark, None).spans for mark in marks):
            pause(0.2)

    def _unobserved(self) -> dict[Signal, str]:
        why = {
            Signal.LOG: "the harness starts no process, and harness.toml does not set [operations] logs",
            Signal.METRIC: "harness.toml does not set [telemetry] metrics",
            Signal.SPAN: "harness.toml does not set [telemetry] otlp",
            Signal.ALERT: self._unwatched,
        }
        observed = self._observer.observed | ({Signal.ALERT} if self._monitoring else set())
        return {signal: text for signal, text in why.items() if signal not in observed}


def _watched(monitoring: Monitoring, since: float) -> WatchedAlerts:
    """Read all that happened since a time in Unix seconds; raises `MonitoringError`."""
    watch = monitoring.watch
    return WatchedAlerts(
        episodes=watch.episodes(since),
        notifications=monitoring.hook.notifications,
        unhealthy=watch.unhealthy(),
        held_back=watch.held_back,
        stalls=watch.stalls(since),
        until=time.time(),
    )


def _scaling(factor: float) -> str:
    if factor == 1:
        return "the rules' times are as written"
    return f"the rules' times are multiplied by {factor:.3g}, their thresholds are as written"
