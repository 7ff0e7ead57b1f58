"""Fixtures for webhooks: the receiver under test, the events to send it, and the contexts that drills run in."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.context.run_context import RunContext
    from harness.model import Event
    from harness.webhooks.case_runner import ReceiverUnderTest
    from harness.webhooks.drills import DrillContext
    from harness.webhooks.events import EventFormat


@pytest.fixture(scope="session")
def event_format(run_context: RunContext, require: Callable[..., None]) -> EventFormat:
    """Finds the id and type of an event, by the receiver's signature scheme."""
    require("receiver.url", "receiver.signature")
    from harness.context.receiver_parts import event_format_of

    return event_format_of(run_context)


@pytest.fixture(scope="session")
def receiver(run_context: RunContext, require: Callable[..., None]) -> ReceiverUnderTest:
    """The integration's webhook endpoint; every delivery carries a fresh id that names this run."""
    require("receiver.url", "receiver.signature")
    from harness.context.receiver_parts import receiver_of

    return receiver_of(run_context)


@pytest.fixture(scope="session")
def events(request: pytest.FixtureRequest, run_context: RunContext, require: Callable[..., None]) -> list[Event]:
    """The event fixtures in ``[receiver] events``, sorted by name."""
    require("receiver.events", "receiver.signature")
    from harness.context.receiver_parts import events_of

    return list(events_of(run_context, request.getfixturevalue("event_format")))


@pytest.fixture(scope="session")
def stage(run_context: RunContext, receiver: ReceiverUnderTest, events: list[Event]) -> DrillContext:
    """What drills run against: the target of this run."""
    from harness.context.receiver_parts import drill_context_of

    return drill_context_of(run_context, receiver, events[0])


@pytest.fixture(scope="session")
def crash_stage(run_context: RunContext, events: list[Event], require: Callable[..., None]) -> Iterator[DrillContext]:
    """What drills run against that kill the receiver: a second copy of the target, started by this process."""
    require("receiver.url", "receiver.effects", "process")
    from harness.context.isolated_copy import isolated_copy
    from harness.context.receiver_parts import crash_context_of
    from harness.errors import ConfigurationError

    with ExitStack() as stack:
        try:
            found = crash_context_of(stack.enter_context(isolated_copy(run_context)), events[0])
        except ConfigurationError as exc:  # nothing is wrong with the receiver, and the message names what is missing
            pytest.skip(str(exc))
        yield found
