"""From a target to what webhook checks run against: the receiver, its probes and its process."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.context.remote_receiver import RemoteReceiver, process_of_receiver
from harness.context.signing_keys import names_given
from harness.errors import ConfigurationError, EventError
from harness.http.wire import Wire
from harness.model import SecretRef
from harness.process.environment import whole_environment
from harness.process.printed import Printed
from harness.process.run_notes import MOST_MADE_UP, RunNotes
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.cases import Framing, ReceiverCase
from harness.webhooks.drills import DrillContext
from harness.webhooks.effects import EffectProbe
from harness.webhooks.events import EventFormat, read_events, representative
from harness.webhooks.probes import Ask, asker
from harness.webhooks.processing_results import ProcessingResults
from harness.webhooks.schemes import scheme_for

if TYPE_CHECKING:
    import httpx

    from harness.context.run_context import RunContext
    from harness.model import Event
    from harness.model.config import Probe, Receiver, Signature
    from harness.process.managed import ManagedProcess

TIMEOUT_S = 10.0
"""For one answer of the receiver, its last byte included."""
_SHOWN = 3
"""Most unreadable event fixtures in one message."""
RESTARTED_BY = (
    'If it runs elsewhere, add the commands that kill and start it to [receiver], such as stop = ["docker", "compose", '
    '"kill", "app"] and start = ["docker", "compose", "start", "app"]. If it can run here, let the harness start it: '
    "add a [process.NAME] section."
)
"""What to do where nothing restarts the receiver."""


def event_format_of(run_context: RunContext) -> EventFormat:
    """Return where an event's id and type are found, by the receiver's signature scheme."""
    receiver, signature = sections_of(run_context)
    return EventFormat(scheme=scheme_for(signature), id_key=receiver.event_id, type_key=receiver.event_type)


def events_of(run_context: RunContext, event_format: EventFormat) -> list[Event]:
    """Return the event fixtures in ``[receiver] events``, by name; raises `EventError` for all that are unreadable."""
    receiver, _ = sections_of(run_context)
    try:
        return list(read_events([run_context.target.root / str(receiver.events)], event_format.read))
    except EventError:
        faults = list(unreadable_events(run_context, event_format))
        if len(faults) < 2:
            raise
        more = [f"And {len(faults) - _SHOWN} more: `harness doctor` names each."] if len(faults) > _SHOWN else []
        raise EventError(" ".join((*faults[:_SHOWN], *more))) from None


def unreadable_events(run_context: RunContext, event_format: EventFormat) -> Iterator[str]:
    """Yield what is wrong with each file of ``[receiver] events`` that is no event fixture."""
    events = sections_of(run_context)[0].events
    for path in run_context.target.files(f"{events}/**/*.json", f"{events}/**/*.http", events):
        try:
            event_format.read(path)
        except EventError as exc:
            yield str(exc)


def example_of(run_context: RunContext, event_format: EventFormat) -> Event | None:
    """Return the event fixture of which most can be judged; None without one."""
    if run_context.target.missing(("receiver.events",)):
        return None
    with suppress(EventError):  # which the tests of the fixtures report
        return representative(events_of(run_context, event_format))
    return None


def id_example(run_context: RunContext, event_format: EventFormat) -> str:
    """Return an event's id as the provider gives them: that of a fixture, else the scheme's."""
    example = example_of(run_context, event_format)
    return example.id if example and example.id else event_format.scheme.id_example


def receiver_of(run_context: RunContext) -> ReceiverUnderTest:
    """Return the target's receiver; every delivery carries a fresh id."""
    receiver, signature = sections_of(run_context)
    event_format = event_format_of(run_context)
    network = run_context.network
    wire = Wire(receiver.url, check=network.check, timeout_s=TIMEOUT_S, observer=network.answer_observer)
    return ReceiverUnderTest(
        wire,
        format=event_format,
        secret=lambda: run_context.reveal(signature.secret) if signature.secret else "",
        probe=_effects(run_context, receiver),
        processes=run_context.processes.state if run_context.config.process else None,
        # Alone, whatever dies has died of what was sent just now.
        shared="PYTEST_XDIST_WORKER" in os.environ,
        printed=_printed(run_context),
        object_key=receiver.order.object if receiver.order else None,
        note=RunNotes(run_context.run.delivered_ids).add,
        note_token=RunNotes(run_context.run.made_up_credentials, most=MOST_MADE_UP).add,
    )


def drill_context_of(run_context: RunContext, receiver: ReceiverUnderTest, event: Event) -> DrillContext:
    """Return what drills run against."""
    config, signature = sections_of(run_context)
    event_format = event_format_of(run_context)
    letters, order, previous = config.dead_letters, config.order, signature.previous
    return DrillContext(
        receiver=receiver,
        config=config,
        event=event,
        read=lambda path: receiver.taken(event_format.read(run_context.target.root / Path(path))),
        dead_letter_of=asker_of(run_context, letters, "[receiver] dead_letters") if letters else None,
        state_of=asker_of(run_context, order.state, "[receiver.order] state") if order else None,
        previous_secret=lambda: run_context.reveal(previous) if previous else "",
        root=run_context.target.root,
        environment=whole_environment(run_context.environment({})),
    )


def processing_results_of(run_context: RunContext, receiver: ReceiverUnderTest) -> ProcessingResults:
    """Return what reports what became of events, by whichever probes harness.toml describes."""
    config, _ = sections_of(run_context)
    letters = config.dead_letters
    return ProcessingResults(
        receiver.probe,
        asker_of(run_context, letters, "[receiver] dead_letters") if letters else None,
        when=letters.when if letters else {},
        effect_s=receiver.settle_s,
        dead_letter_s=letters.within if letters else 0,
    )


def again(run_context: RunContext, event: Event, case: ReceiverCase) -> str:
    """Return the command that makes the delivery of a case again, empty where only a gate can make it.

    Only a gate knows the secrets and ports that it made for its run.
    """
    receiver, signature = sections_of(run_context)
    made = signature.secret is not None and signature.secret.kind == "fresh"
    alone = not made and process_of_receiver(run_context.config) is None
    files = sorted((run_context.target.root / str(receiver.events)).rglob(f"{event.name}.*"))
    if not alone or not files or case.framing is not Framing.PLAIN:
        return ""
    overlay = ["--target", run_context.overlay] if run_context.overlay else []
    path = str(files[0].relative_to(run_context.target.root))
    return shlex.join(["harness", "deliver", path, "--altered", case.id, *overlay])


def crash_context_of(run_context: RunContext, event: Event) -> DrillContext:
    """Return what drills that kill the receiver run against; ``run_context`` is theirs alone.

    Raises `ConfigurationError` where the harness starts no process at the receiver's address.
    """
    context = drill_context_of(run_context, receiver_of(run_context), event)
    context.process = process_of(run_context)
    _, signature = sections_of(run_context)
    given = run_context.config.process[context.process.name].env
    context.secret_names = names_given(given, signature.secret, previous=False) if signature.secret else ()
    context.previous_names = names_given(given, signature.previous, previous=True) if signature.previous else ()
    return context


def remote_crash_context_of(run_context: RunContext, event: Event) -> DrillContext:
    """Return what drills run against that stop and start the receiver of all checks; raises `ConfigurationError`."""
    config, _ = sections_of(run_context)
    context = drill_context_of(run_context, receiver_of(run_context), event)
    context.restart_remote = RemoteReceiver(run_context, config).restart
    return context


def process_of(run_context: RunContext) -> ManagedProcess:
    """Return the process that serves the receiver.

    Raises `ConfigurationError` where the harness starts none at that address.
    """
    receiver, _ = sections_of(run_context)
    served = urlsplit(receiver.url).netloc
    found = next((p for p in run_context.processes if p.ready.url and urlsplit(p.ready.url).netloc == served), None)
    if found is None:
        raise ConfigurationError(
            f"harness.toml: no [process.NAME] has `ready` at {served}, the host of [receiver] url, so the harness "
            f"cannot kill and restart the receiver. {RESTARTED_BY}"
        )
    return found


def _printed(run_context: RunContext) -> Printed | None:
    """Return what reads the log of the receiver's process, whichever pytest started it; None where none was started."""
    name, processes = process_of_receiver(run_context.config), run_context.processes
    return Printed(processes.logs / f"{name}{processes.log_suffix}.log") if name else None


def _effects(run_context: RunContext, receiver: Receiver) -> EffectProbe | None:
    if receiver.effects is None:
        return None
    return EffectProbe(asker_of(run_context, receiver.effects, "[receiver] effects"), count=receiver.effects.count)


def asker_of(
    run_context: RunContext, probe: Probe, where: str, *, client: httpx.Client | None = None, counts: bool = False
) -> Ask:
    """Return what asks a probe; ``where`` is its key, and ``client`` is by default the run's.

    For ``counts`` see `asker`, whose `ConfigurationError` it raises.
    """
    database = probe.database or ""
    if reference := SecretRef.parse(database):
        database = run_context.reveal(reference)
    environment = whole_environment(run_context.environment({}))
    return asker(
        probe,
        where,
        client=client or run_context.client,
        root=run_context.target.root,
        env=environment,
        database=database,
        counts=counts,
    )


def sections_of(run_context: RunContext) -> tuple[Receiver, Signature]:
    """Return ``[receiver]`` and its ``signature``; only where both are set."""
    receiver = run_context.config.receiver
    assert receiver is not None
    assert receiver.signature is not None
    return receiver, receiver.signature
