"""Step 3, webhooks: the receiver accepts what is genuine and refuses what is forged."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from harness.openapi.event_schemas import EventSchemas
from harness.suite.rows import each
from harness.webhooks import tls
from harness.webhooks.cases import CASES
from harness.webhooks.drills import CRASHES, DRILLS, play
from harness.webhooks.events import representative
from harness.webhooks.fixture_checks import conformity, undescribed, without_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.context.run_context import RunContext
    from harness.model import Event, Finding
    from harness.openapi.spec_document import Spec
    from harness.plugins.findings import Findings
    from harness.webhooks.case_groups import CaseGroups
    from harness.webhooks.case_runner import ReceiverUnderTest
    from harness.webhooks.cases import ReceiverCase
    from harness.webhooks.drills import Drill, DrillContext
    from harness.webhooks.tls import TlsCase

FIXTURES = "webhooks.fixtures"


@pytest.mark.verifies(FIXTURES)
def test_every_event_fixture_is_valid_against_the_spec(
    spec: Spec, readable_events: list[Event], findings: Findings
) -> None:
    """Each fixture conforms to the schema of its type in the spec's webhooks."""
    schemas = EventSchemas(spec)
    if not schemas.names:
        findings.add(undescribed(spec.source))
        return
    for event in readable_events:
        if reason := schemas.unjudged(event):
            findings.add(without_schema(event, reason))
        else:
            findings.add(conformity(event, schemas.violations(event), spec.source))


@pytest.mark.verifies(FIXTURES)
def test_every_event_fixture_is_acknowledged(
    events: list[Event], receiver: ReceiverUnderTest, findings: Findings
) -> None:
    """Each fixture, freshly signed and delivered under a new id, gets 2xx."""
    findings.extend(receiver.judge_acceptance(events))


@each("case", CASES)
def test_the_receiver_handles_a_delivery(case: ReceiverCase, case_groups: CaseGroups, findings: Findings) -> None:
    """The receiver gives the delivery of a case the expected status and effect, and stays alive."""
    findings.extend(case_groups.findings(case))


@each("case", tls.CASES)
def test_the_receiver_is_reached_safely(
    case: TlsCase, receiver: ReceiverUnderTest, readable_events: list[Event], findings: Findings
) -> None:
    """Deliveries are protected in transit, and the receiver's certificate is one that senders can verify."""
    findings.add(tls.judge(case, tls.TlsTarget(receiver, representative(readable_events))))


@each("drill", DRILLS)
def test_the_receiver_passes_a_drill(
    drill: Drill, stage: DrillContext, require: Callable[..., None], run_context: RunContext, findings: Findings
) -> None:
    """Several deliveries are processed exactly once and in time, and none is lost."""
    require(*drill.needs)
    with run_context.background.paused() if drill.alone else nullcontext():
        findings.add(play(drill, stage, reproduce=""))


@each("drill", CRASHES)
def test_the_receiver_survives_a_crash(
    drill: Drill, crash_drill: Callable[[Drill], Finding], require: Callable[..., None], findings: Findings
) -> None:
    """Acknowledged events are processed exactly once, even if the receiver is killed, starved or misconfigured."""
    require(*drill.needs, hint=drill.hint)
    findings.add(crash_drill(drill))
