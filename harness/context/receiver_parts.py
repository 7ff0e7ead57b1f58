"""From a target to what webhook checks play on: the receiver, its probes and its process."""

from __future__ import annotations

import itertools
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.context.signing_keys import told_by
from harness.errors import ConfigurationError
from harness.http.wire import Wire
from harness.model import SecretRef
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.cases import Framing, ReceiverCase
from harness.webhooks.drills import DrillContext
from harness.webhooks.effects import EffectProbe
from harness.webhooks.events import EventFormat
from harness.webhooks.probes import Ask, asker
from harness.webhooks.processing_results import ProcessingResults
from harness.webhooks.schemes import scheme_for
from harness.webhooks.signed_sender import SignedSender

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model import Event
    from harness.model.config import Probe, Receiver, Signature
    from harness.process.managed import ManagedProcess

TIMEOUT_S = 10.0
"""For one answer of the receiver, its last byte included."""

_counter = itertools.count(1)


def event_format_of(world: RunContext) -> EventFormat:
    """Return where an event's id and type are found, by the receiver's signature scheme."""
    receiver, signature = _sections(world)
    return EventFormat(scheme=scheme_for(signature), id_key=receiver.event_id, type_key=receiver.event_type)


def receiver_of(world: RunContext) -> ReceiverUnderTest:
    """Return the target's receiver; every delivery carries a fresh id that names the run."""
    receiver, signature = _sections(world)
    event_format = event_format_of(world)
    wire = Wire(receiver.url, check=world.network.check, timeout_s=TIMEOUT_S)
    sender = SignedSender(wire, scheme=event_format.scheme, secret=lambda: world.reveal(signature.secret))
    # The process id keeps the ids of pytest-xdist workers apart.
    ids = (f"evt_{world.run.run_id}_{os.getpid()}_{n}" for n in _counter)
    return ReceiverUnderTest(
        sender,
        wire=wire,
        format=event_format,
        probe=_effects(world, receiver),
        new_id=lambda: next(ids),
        # Alone, whatever dies has died of what was sent just now.
        fates=world.fates if "PYTEST_XDIST_WORKER" in os.environ else None,
    )


def stage_of(world: RunContext, receiver: ReceiverUnderTest, event: Event) -> DrillContext:
    """Return what drills play on."""
    config, signature = _sections(world)
    event_format = event_format_of(world)
    letters, order, previous = config.dead_letters, config.order, signature.previous
    return DrillContext(
        receiver=receiver,
        config=config,
        event=event,
        read=lambda path: receiver.taken(event_format.read(world.target.root / Path(path))),
        dead_letter_of=_asker(world, letters, "[receiver] dead_letters") if letters else None,
        state_of=_asker(world, order.state, "[receiver.order] state") if order else None,
        previous_secret=lambda: world.reveal(previous) if previous else "",
        root=world.target.root,
        environment={**os.environ, **world.environment({})},
    )


def upshots_of(world: RunContext, receiver: ReceiverUnderTest) -> ProcessingResults:
    """Return what tells what became of events, by whichever probes harness.toml describes."""
    config, _ = _sections(world)
    letters = config.dead_letters
    return ProcessingResults(
        receiver.probe,
        _asker(world, letters, "[receiver] dead_letters") if letters else None,
        when=letters.when if letters else {},
        effect_s=receiver.settle_s,
        kept_s=letters.within if letters else 0,
    )


def again(world: RunContext, event: Event, case: ReceiverCase) -> str:
    """Return the command that makes the delivery of a case again, empty where only a gate can make it.

    Only a gate knows the secrets and ports that it made for its run.
    """
    receiver, signature = _sections(world)
    served = {urlsplit(process.ready).netloc for process in world.config.process.values()}
    alone = signature.secret.kind != "fresh" and urlsplit(receiver.url).netloc not in served
    files = sorted((world.target.root / str(receiver.events)).rglob(f"{event.name}.*"))
    if not alone or not files or case.framing is not Framing.PLAIN:
        return ""
    overlay = ["--target", world.overlay] if world.overlay else []
    path = str(files[0].relative_to(world.target.root))
    return shlex.join(["harness", "deliver", path, "--altered", case.id, *overlay])


def crash_stage_of(world: RunContext, event: Event) -> DrillContext:
    """Return what drills play on that end the receiver; ``world`` is theirs alone.

    Raises `ConfigurationError` where the harness starts no process at the receiver's address.
    """
    stage = stage_of(world, receiver_of(world), event)
    stage.process = process_of(world)
    _, signature = _sections(world)
    given = world.config.process[stage.process.name].env
    stage.secret_names = told_by(given, signature.secret, previous=False)
    stage.previous_names = told_by(given, signature.previous, previous=True) if signature.previous else ()
    return stage


def process_of(world: RunContext) -> ManagedProcess:
    """Return the process that serves the receiver.

    Raises `ConfigurationError` where the harness starts none at that address.
    """
    receiver, _ = _sections(world)
    served = urlsplit(receiver.url).netloc
    found = next((p for p in world.processes if urlsplit(p.ready).netloc == served), None)
    if found is None:
        raise ConfigurationError(
            f"harness.toml: no [process.NAME] is ready at {served}, where [receiver] url is, so the harness cannot "
            "kill and restart it. Let the harness start the receiver."
        )
    return found


def _effects(world: RunContext, receiver: Receiver) -> EffectProbe | None:
    if receiver.effects is None:
        return None
    return EffectProbe(_asker(world, receiver.effects, "[receiver] effects"), count=receiver.effects.count)


def _asker(world: RunContext, probe: Probe, where: str) -> Ask:
    database = probe.database or ""
    if reference := SecretRef.parse(database):
        database = world.reveal(reference)
    environment = {**os.environ, **world.environment({})}
    return asker(probe, where, client=world.client, root=world.target.root, env=environment, database=database)


def _sections(world: RunContext) -> tuple[Receiver, Signature]:
    receiver = world.config.receiver
    assert receiver is not None
    assert receiver.signature is not None
    return receiver, receiver.signature
