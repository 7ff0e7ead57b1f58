"""Fixtures for webhooks: the receiver under test, the events to send it, and the contexts that drills run in."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from harness.plugins.stash import asking_items, is_shipped, parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.context.crash_drills import CrashDrills
    from harness.context.run_context import RunContext
    from harness.model import Event, Finding
    from harness.webhooks.case_groups import CaseGroups
    from harness.webhooks.case_runner import ReceiverUnderTest
    from harness.webhooks.drills import Drill, DrillContext
    from harness.webhooks.events import EventFormat


@pytest.fixture(scope="session")
def event_format(run_context: RunContext, require: Callable[..., None]) -> EventFormat:
    """Finds the id and type of an event, by the receiver's signature scheme."""
    require("receiver.url", "receiver.signature")
    from harness.context.receiver_parts import event_format_of

    return event_format_of(run_context)


@pytest.fixture(scope="session")
def receiver(run_context: RunContext, require: Callable[..., None]) -> ReceiverUnderTest:
    """The integration's webhook endpoint; every delivery carries a fresh id."""
    require("receiver.url", "receiver.signature")
    from harness.context.receiver_parts import receiver_of

    return receiver_of(run_context)


@pytest.fixture(scope="session")
def events(request: pytest.FixtureRequest, run_context: RunContext, require: Callable[..., None]) -> list[Event]:
    """The event fixtures in ``[receiver] events``, sorted by name."""
    require("receiver.events", "receiver.signature")
    from harness.context.receiver_parts import events_of

    return events_of(run_context, request.getfixturevalue("event_format"))


@pytest.fixture(scope="session")
def readable_events(request: pytest.FixtureRequest) -> list[Event]:
    """The event fixtures, for checks that are not run where one is unreadable: that of the fixtures reports it once."""
    from harness.errors import EventError
    from harness.webhooks.fixture_checks import ACCEPTED

    try:
        found: list[Event] = request.getfixturevalue("events")
    except EventError as exc:
        reported = any(map(is_shipped, asking_items(request.session, "events")))
        if not reported and not request.config.getoption("--harness-gate"):
            raise
        pytest.skip(f"no event can be delivered, as {ACCEPTED.item} finds: {exc}")
    return found


@pytest.fixture(scope="session")
def case_groups(
    request: pytest.FixtureRequest, run_context: RunContext, receiver: ReceiverUnderTest, readable_events: list[Event]
) -> CaseGroups:
    """The cases that this run asks for, tried in groups."""
    from harness.context.receiver_parts import again
    from harness.webhooks.case_groups import CaseGroups
    from harness.webhooks.events import representative

    cases = [parameters(item)["case"] for item in asking_items(request.session, "case_groups")]
    event = representative(readable_events)
    return CaseGroups(receiver, cases, event, lambda case: again(run_context, event, case))


@pytest.fixture(scope="session")
def stage(run_context: RunContext, receiver: ReceiverUnderTest, readable_events: list[Event]) -> DrillContext:
    """What drills run against: the target of this run."""
    from harness.context.receiver_parts import drill_context_of
    from harness.webhooks.events import representative

    return drill_context_of(run_context, receiver, representative(readable_events))


@pytest.hookimpl(optionalhook=True)  # unknown where harness-core is switched off
def pytest_harness_begin(session: pytest.Session, context: RunContext) -> None:
    """Run the drills that kill a copy of the receiver beside the tests, where several of them will be asked for."""
    drills = [parameters(item)["drill"] for item in asking_items(session, "crash_drill")]
    if len(drills) < 2:
        return
    from harness.context.crash_drills import NEEDS, CrashDrills
    from harness.context.receiver_parts import event_format_of, events_of
    from harness.context.remote_receiver import is_remote
    from harness.errors import EventError
    from harness.webhooks.events import representative

    if is_remote(context):  # these stop the receiver of all checks
        return
    missing = context.target.missing
    if missing((*NEEDS, "process", "receiver.events", "receiver.signature")):
        return
    with suppress(EventError):  # which the tests report
        crashes = CrashDrills(context, representative(events_of(context, event_format_of(context))))
        for drill in drills:
            if not missing(drill.needs):
                crashes.begin(drill)


@pytest.fixture(scope="session")
def _crashes(run_context: RunContext, readable_events: list[Event], require: Callable[..., None]) -> CrashDrills:
    from harness.context.crash_drills import NEEDS, CrashDrills
    from harness.context.receiver_parts import RESTARTED_BY
    from harness.context.remote_receiver import is_remote
    from harness.webhooks.events import representative

    require(*NEEDS)
    if not run_context.config.process and not is_remote(run_context):
        pytest.skip(f"harness.toml does not set [process], nor [receiver] stop and start. {RESTARTED_BY}")
    return CrashDrills(run_context, representative(readable_events))


@pytest.fixture
def crash_drill(_crashes: CrashDrills) -> Callable[[Drill], Finding]:
    """Runs one drill that harms the receiver, on a copy of the target."""
    from harness.errors import ConfigurationError

    def result(drill: Drill) -> Finding:
        try:
            return _crashes.result(drill)
        except ConfigurationError as exc:  # nothing is wrong with the receiver, and the message names what is missing
            pytest.skip(str(exc))

    return result
