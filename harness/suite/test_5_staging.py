"""Step 5, staging: what the integration exposes, and what its operators would do.

The operations plugin searches the logs for secrets when all tests have run.
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import pytest

from harness.context.runbook_checks import judge_runbooks_of_incidents
from harness.contract.access_tokens import judge_replaced_secret
from harness.contract.credentials import judge_replacement
from harness.model import Outcome
from harness.operations.secret_rotation import judge_records
from harness.resilience.client_cases import LIMITED_ONCE
from harness.suite.rows import each
from harness.telemetry.calls import judge_calls
from harness.telemetry.metrics import MOVEMENTS, Selector
from harness.telemetry.traces import DELIVERIES, judge_delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from harness.context.run_context import RunContext
    from harness.contract.credential_forms import Credential
    from harness.contract.credentials import Secured
    from harness.model import Attempt, Delivery, Event, Finding, SecretRef
    from harness.plugins.findings import Findings
    from harness.resilience.client_process import ClientRun
    from harness.resilience.faults import Fault
    from harness.telemetry.metrics import Metrics, Movement
    from harness.telemetry.traces import DeliveryCase, Traced
    from harness.webhooks.case_runner import ReceiverUnderTest


@pytest.fixture
def provocations(request: pytest.FixtureRequest, run_context: RunContext) -> dict[str, Callable[[], str]]:
    """What makes each series change; each returns why it could not, empty where it did."""

    def receiver() -> ReceiverUnderTest:
        found: ReceiverUnderTest = request.getfixturevalue("receiver")
        return found

    def event() -> Event:
        found: list[Event] = request.getfixturevalue("readable_events")
        return receiver().fresh(found[0])

    def delivered() -> str:
        return _not_acknowledged(receiver().deliver(event()))

    def rejected() -> str:
        return receiver().provoke_refusal(event())

    def duplicate() -> str:
        twice = event()
        return next(filter(None, (_not_acknowledged(receiver().deliver(twice)) for _ in range(2))), "")

    def dead_letter() -> str:
        request.getfixturevalue("require")("receiver.unprocessable")
        assert run_context.config.receiver is not None
        path = run_context.target.root / str(run_context.config.receiver.unprocessable)
        poison = request.getfixturevalue("event_format").read(path)
        return _not_acknowledged(receiver().deliver(receiver().fresh(poison)))

    def retried() -> str:
        finding = request.getfixturevalue("client_under_faults")(LIMITED_ONCE)
        return "" if finding.outcome is Outcome.PASS else finding.observed

    made = (delivered, rejected, duplicate, dead_letter, retried)
    return {provoke.__name__: provoke for provoke in made}


@pytest.fixture
def replaced(
    secured: Secured, credential: Credential, run_context: RunContext
) -> Callable[[SecretRef, SecretRef], Finding]:
    """Judges whether the provider refuses the replaced credential; takes the old and the new reference."""

    def judge(old: SecretRef, new: SecretRef) -> Finding:
        if (tokens := run_context.provider.tokens) is not None:
            return judge_replaced_secret(tokens, old, new)
        one, other = (
            msgspec.structs.replace(credential, secret=partial(run_context.reveal, ref)) for ref in (old, new)
        )
        return judge_replacement(secured, one, other, name=str(new))

    return judge


def _not_acknowledged(delivery: Delivery) -> str:
    return "" if delivery.acknowledged else delivery.seen


@pytest.mark.usefixtures("client_at_rest")  # its runs move series too
@each("movement", MOVEMENTS)
def test_a_series_moves_when_provoked(
    movement: Movement,
    metrics: Metrics,
    run_context: RunContext,
    findings: Findings,
    provocations: dict[str, Callable[[], str]],
    require: Callable[..., None],
) -> None:
    """The series exists from the start, and increases once the event is provoked."""
    require(*movement.needs)
    telemetry = run_context.config.telemetry
    assert telemetry is not None
    if movement.id not in telemetry.series:
        pytest.skip(f"harness.toml does not set [telemetry] series.{movement.id}")
    selector = Selector.parse(telemetry.series[movement.id])
    findings.add(
        metrics.judge(movement, selector, provocations[movement.id], within_s=telemetry.settle_within, reproduce="")
    )


@each("case", DELIVERIES)
def test_the_trace_of_a_delivery_goes_on(
    case: DeliveryCase, traced: Callable[[], Traced | str], run_context: RunContext, findings: Findings
) -> None:
    """A delivery's trace continues in the integration, and an unreadable traceparent does no harm."""
    reproduce = run_context.reproduce(f"::test_the_trace_of_a_delivery_goes_on[{case.id}]")
    receiver = traced()
    if isinstance(receiver, str):
        findings.add(case.finding(Outcome.ERROR, receiver, reproduce=reproduce))
    else:
        findings.add(judge_delivery(case, receiver, reproduce=reproduce))


@pytest.mark.verifies("observability.traces")
def test_the_clients_calls_carry_their_trace_on(
    client_run: Callable[[Sequence[Fault]], tuple[tuple[Attempt, ...], ClientRun]],
    run_context: RunContext,
    findings: Findings,
    require: Callable[..., None],
) -> None:
    """Every call of a client run without faults carries a valid traceparent."""
    require("telemetry.otlp")
    attempts, run = client_run(())
    reproduce = run_context.reproduce("::test_the_clients_calls_carry_their_trace_on")
    findings.extend(judge_calls(attempts, f"{run.ended}: {run.tail}", succeeded=run.succeeded, reproduce=reproduce))


@pytest.mark.verifies("runbook.auth", "runbook.webhooks")
def test_runbooks_are_fit_for_an_incident(runbooks: list[Path], run_context: RunContext, findings: Findings) -> None:
    """Runbooks for auth and webhook incidents have an owner, a recent review, all six sections, and working links."""
    findings.extend(judge_runbooks_of_incidents(run_context, runbooks))


@pytest.mark.verifies("secrets.rotated")
def test_secrets_were_rotated_in_time(
    run_context: RunContext, findings: Findings, require: Callable[..., None], request: pytest.FixtureRequest
) -> None:
    """Every secret was rotated within its limit, and a replaced credential is refused."""
    require("operations.secrets")
    assert run_context.config.operations is not None
    records = run_context.config.operations.secrets
    used = [ref for key, ref in run_context.target.references if not key.startswith("[operations] secrets")]
    today = dt.datetime.now(tz=dt.UTC).date()
    findings.extend(judge_records(records, used, today=today))
    for record in records:
        if record.previous:
            replaced = request.getfixturevalue("replaced")
            findings.add(replaced(record.previous, record.ref))
