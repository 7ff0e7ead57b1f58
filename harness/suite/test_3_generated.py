"""Step 3, webhooks: events made from the spec's webhooks, as the provider may send them one day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.contract.generated_events import generate_events, judge_invalid, judge_valid

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.contract.generated_events import GeneratedEvent
    from harness.contract.spec import Spec
    from harness.model import Delivery
    from harness.plugins.collecting import Findings
    from harness.plugins.world import World
    from harness.webhooks.conformance import ReceiverUnderTest
    from harness.webhooks.events import EventFormat


@pytest.fixture
def send(receiver: ReceiverUnderTest, event_format: EventFormat, world: World) -> Callable[[GeneratedEvent], Delivery]:
    """Deliver a generated event, signed right, under an id that no receiver has seen."""
    if world.target.production:
        pytest.skip("[target] environment is production, where nothing is made up")
    scheme = event_format.scheme
    key = "" if scheme.id_header else event_format.key_of_id

    def send(generated: GeneratedEvent) -> Delivery:
        event = generated.event(id_key=key, type_header=scheme.type_header, new_id=receiver.new_id())
        return receiver.sender.deliver(receiver.fresh(event) if scheme.id_header else event)

    return send


@pytest.mark.verifies("webhooks.fixtures")
def test_generated_events_are_acknowledged(
    spec: Spec, send: Callable[[GeneratedEvent], Delivery], fuzz_seed: int, findings: Findings
) -> None:
    """Events that the spec's webhooks allow get 2xx, whatever stands in their optional fields."""
    findings.extend(judge_valid(generate_events(spec, random_seed=fuzz_seed, valid=True), send))


@pytest.mark.verifies("webhooks.robust")
def test_generated_invalid_events_bring_no_trouble(
    spec: Spec, send: Callable[[GeneratedEvent], Delivery], fuzz_seed: int, findings: Findings
) -> None:
    """Events that break the spec's webhooks, signed right, are refused or set aside, and never answered with 5xx."""
    findings.extend(judge_invalid(generate_events(spec, random_seed=fuzz_seed, valid=False), send))
