"""Step 3, webhooks: events made from the spec's webhooks, as the provider may send them one day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.context.receiver_parts import example_of, id_example, processing_results_of
from harness.webhooks.generated.event_answers import EventReceiver, judge_invalid, judge_valid
from harness.webhooks.generated.event_faults import fault_of
from harness.webhooks.generated.generated_events import generate_events
from harness.webhooks.similar_ids import similar_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.context.run_context import RunContext
    from harness.model import Delivery, Event, Finding
    from harness.plugins.findings import Findings
    from harness.webhooks.case_runner import ReceiverUnderTest
    from harness.webhooks.events import EventFormat
    from harness.webhooks.generated.generated_events import Generated, GeneratedEvent


@pytest.fixture
def taker(receiver: ReceiverUnderTest, event_format: EventFormat, run_context: RunContext) -> EventReceiver:
    """Delivers generated events, correctly signed, each under an id that no receiver has seen."""
    if run_context.target.production:
        pytest.skip("[target] environment is production, where no generated events are sent")

    like, example = id_example(run_context, event_format), example_of(run_context, event_format)

    def fresh(generated: GeneratedEvent) -> Event:
        return generated.event(event_format, similar_id(like))

    def send(generated: GeneratedEvent) -> Delivery:
        return receiver.deliver(fresh(generated))

    def look(generated: GeneratedEvent) -> Finding | None:
        return fault_of(receiver, fresh(generated), example) if example else None

    def kind(generated: GeneratedEvent) -> object:
        return generated.kind(event_format)

    return EventReceiver(send=send, kind=kind, results=processing_results_of(run_context, receiver), look=look)


@pytest.fixture(scope="module")
def generated(
    run_context: RunContext, require: Callable[..., None], event_format: EventFormat, fuzz_seed: int
) -> Generated:
    """Events for every webhook of the spec, valid and invalid ones."""
    require("provider.spec", hint="No event can be made without the document that describes the provider's webhooks")
    like = id_example(run_context, event_format)
    return generate_events(run_context.spec, random_seed=fuzz_seed, event_format=event_format, like=like)


@pytest.mark.verifies("webhooks.fixtures")
def test_generated_events_are_acknowledged(
    generated: Generated, taker: EventReceiver, receiver: ReceiverUnderTest, findings: Findings
) -> None:
    """Events that are valid against the spec's webhooks get 2xx, whatever their optional fields hold."""
    findings.extend(receiver.undisturbed(lambda: judge_valid(generated, taker)))


@pytest.mark.verifies("webhooks.robust")
def test_generated_invalid_events_are_not_processed(
    generated: Generated, taker: EventReceiver, receiver: ReceiverUnderTest, findings: Findings
) -> None:
    """Correctly signed events that violate the spec are refused or dead-lettered, and never get 5xx."""
    findings.extend(receiver.undisturbed(lambda: judge_invalid(generated, taker)))
