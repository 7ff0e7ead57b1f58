"""Fixtures for webhooks: the receiver under test and the events to send it."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model import Event
    from harness.plugins.world import World
    from harness.webhooks.conformance import ReceiverUnderTest
    from harness.webhooks.events import EventFormat

TIMEOUT_S = 10.0
"""For one answer of the receiver, its last byte included."""


@pytest.fixture(scope="session")
def event_format(world: World) -> EventFormat:
    """Where an event's id and type are found, by the receiver's signature scheme."""
    from harness.webhooks.events import EventFormat
    from harness.webhooks.schemes import scheme_for

    config = world.config.receiver
    assert config is not None
    assert config.signature is not None
    return EventFormat(scheme=scheme_for(config.signature), id_key=config.event_id, type_key=config.event_type)


@pytest.fixture(scope="session")
def receiver(request: pytest.FixtureRequest, world: World, require: Callable[..., None]) -> ReceiverUnderTest:
    """The integration's webhook endpoint; every delivery carries a fresh id that names this run."""
    require("receiver.url", "receiver.signature")
    from harness.webhooks.conformance import ReceiverUnderTest
    from harness.webhooks.delivery import Sender
    from harness.webhooks.effects import EffectProbe
    from harness.webhooks.wire import Wire

    config = world.config.receiver
    assert config is not None
    assert config.signature is not None
    event_format: EventFormat = request.getfixturevalue("event_format")
    reference = config.signature.secret
    wire = Wire(config.url, check=world.network.check, timeout_s=TIMEOUT_S)
    sender = Sender(wire, scheme=event_format.scheme, secret=lambda: world.reveal(reference))
    probe = EffectProbe(world.client, config.effects) if config.effects else None
    # The process id keeps the ids of pytest-xdist workers apart.
    ids = (f"evt_{world.run.run_id}_{os.getpid()}_{n}" for n in _counter)
    return ReceiverUnderTest(sender, wire=wire, format=event_format, probe=probe, new_id=lambda: next(ids))


@pytest.fixture(scope="session")
def events(request: pytest.FixtureRequest, world: World, require: Callable[..., None]) -> list[Event]:
    """The event fixtures of ``[receiver] events``, in order of name."""
    require("receiver.events", "receiver.signature")
    from harness.webhooks.events import read_events

    config = world.config.receiver
    assert config is not None
    event_format: EventFormat = request.getfixturevalue("event_format")
    return list(read_events([world.target.root / str(config.events)], event_format.read))


_counter = itertools.count(1)
