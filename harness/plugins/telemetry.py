"""Fixtures for telemetry, and the exercise that is begun beside the tests."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.context.run_context import RunContext
    from harness.model import Delivery, Event
    from harness.telemetry.exercise.evidence import ExerciseEvidence
    from harness.telemetry.metrics import Metrics
    from harness.telemetry.traces import Traced
    from harness.webhooks.case_runner import ReceiverUnderTest

_LANE = "exercise"


@pytest.hookimpl(trylast=True)  # after the core plugin has read harness.toml
def pytest_configure(config: pytest.Config) -> None:
    """Register what brings the matrix of signals into the report."""
    from harness.plugins import signal_section

    config.pluginmanager.register(signal_section, "harness-signals")
    signal_section.register(config)


@pytest.hookimpl(optionalhook=True)
def pytest_harness_begin(session: pytest.Session, context: RunContext) -> None:
    """Begin the exercise beside the tests, where it has a copy of the target of its own."""
    if context.config.telemetry is None or not any("exercise" in getattr(i, "fixturenames", ()) for i in session.items):
        return
    from harness.context.exercise import can_deliver, exercise_of
    from harness.context.isolated_copy import can_be_copied

    if not context.target.production and can_be_copied(context) and can_deliver(context):
        context.background.lane(_LANE).begin(_LANE, partial(exercise_of, context))


@pytest.fixture(scope="session")
def exercise(request: pytest.FixtureRequest, run_context: RunContext, require: Callable[..., None]) -> ExerciseEvidence:
    """What the run's exercise showed, in which each fault is caused once while everything is watched."""
    require("telemetry")
    if run_context.target.production:
        pytest.skip("[target] environment is production, where no faults are caused")
    from harness.context.background import CLIENT_LANES
    from harness.context.exercise import exercise_of
    from harness.context.fault_causes import DELIVERS
    from harness.context.isolated_copy import can_be_copied

    if not run_context.target.missing(DELIVERS):
        request.getfixturevalue("readable_events")

    # Without a copy, the exercise runs the client on the same target.
    with nullcontext() if can_be_copied(run_context) else run_context.background.paused(*CLIENT_LANES):
        return run_context.background.lane(_LANE).result(_LANE, partial(exercise_of, run_context))


@pytest.fixture
def metrics(run_context: RunContext, require: Callable[..., None]) -> Metrics:
    """The integration's metrics endpoint."""
    require("telemetry.metrics")
    from harness.context.metrics_baseline import baseline_of
    from harness.telemetry.metrics import Metrics, read_metrics

    config = run_context.config.telemetry
    assert config is not None
    return Metrics(str(config.metrics), partial(read_metrics, run_context.client), baseline=baseline_of(run_context))


@pytest.fixture
def traced(
    run_context: RunContext, receiver: ReceiverUnderTest, readable_events: list[Event], require: Callable[..., None]
) -> Callable[[], Traced | str]:
    """Returns the receiver for checks of traces, or why nothing can be sent to it."""
    require("telemetry.otlp")
    from harness.context.received_spans import trace_seen
    from harness.telemetry.traces import EXPORT_S, Traced
    from harness.webhooks.cases.building import replaced
    from harness.webhooks.events import representative

    config, probe = run_context.config.telemetry, receiver.probe
    assert config is not None

    def deliver(event: Event, traceparent: str) -> Delivery:
        fresh = receiver.fresh(event)
        untraced = replaced(receiver.material(fresh).signed(), "tracestate")
        return receiver.send(fresh, replaced(untraced, "traceparent", traceparent))

    def made() -> Traced | str:
        usable, error = receiver.usable(representative(readable_events))
        return error or Traced(
            lambda traceparent: deliver(usable, traceparent),
            partial(trace_seen, run_context),
            effects=probe.effects if probe else None,
            endpoint=f"http://{config.otlp}",
            within_s=EXPORT_S + config.settle_within,
            settle_s=receiver.settle_s,
        )

    return made
