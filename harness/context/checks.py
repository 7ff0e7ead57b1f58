"""Every check there is: the rows of all rooms. A new row of a kind below is registered by standing among its kind."""

from __future__ import annotations

from harness.cassettes.checks import recording_checks
from harness.contract import (
    base_path,
    conformance,
    coverage,
    credential_watch,
    credentials,
    malformed_credentials,
    rejection,
    unusual_requests,
)
from harness.contract.caller import ANSWERS
from harness.contract.promises import PROMISES
from harness.contract.webhooks import sent
from harness.fuzzing import operation_fuzz, stateful, unserved
from harness.model import Check
from harness.openapi import document_checks
from harness.operations import (
    alert_runbooks,
    answer_leaks,
    leaks,
    runbook_queries,
    runbooks,
    scanner_results,
    secret_rotation,
    sent_credentials,
    undeclared,
)
from harness.resilience import client_cases, client_drills, credential_leak
from harness.telemetry import calls, metrics, traces
from harness.telemetry.dashboards import dashboard_checks
from harness.telemetry.monitoring import alert_checks, own_checks
from harness.telemetry.rules import route_checks, rule_checks, tool_checks
from harness.telemetry.signals import blind_spots
from harness.webhooks import fixture_checks, receiver_causes, tls
from harness.webhooks.cases import CASES
from harness.webhooks.drills import CRASHES, DRILLS
from harness.webhooks.generated import event_answers


def registered() -> tuple[Check, ...]:
    """Return all checks, in the order of the guide's steps."""
    return (*_provider(), *_receiver(), *_client(), *_staging())


def _provider() -> tuple[Check, ...]:
    fuzzed = (operation_fuzz.GENERATED, unserved.UNSERVED, stateful.CHAINS)
    exchanged = (*conformance.CONFORMS.values(), *conformance.REQUESTS.values())
    covered = (*exchanged, *recording_checks.CHECKS, coverage.COVERED)
    return (
        base_path.BASE_PATH,
        credentials.ACCEPTED,
        *rejection.CASES,
        malformed_credentials.MALFORMED,
        unusual_requests.UNUSUAL,
        credentials.REPLACED,
        credential_watch.WATCHED,
        *document_checks.CHECKS,
        ANSWERS,
        *PROMISES,
        *fuzzed,
        *covered,
    )


def _receiver() -> tuple[Check, ...]:
    return (
        *fixture_checks.CHECKS,
        *event_answers.CHECKS,
        *CASES,
        *receiver_causes.CHECKS,
        *DRILLS,
        *CRASHES,
        *tls.CASES,
        *sent.CHECKS,
    )


def _client() -> tuple[Check, ...]:
    return (*credential_leak.CASES, *client_cases.CASES, *client_drills.DRILLS)


def _staging() -> tuple[Check, ...]:
    observed = (*metrics.MOVEMENTS, *traces.DELIVERIES, *calls.CALLS)
    linked = (*alert_runbooks.CHECKS, runbook_queries.PARSES)
    alerts = (
        *rule_checks.CHECKS,
        *route_checks.CHECKS,
        *tool_checks.CHECKS,
        *linked,
        *alert_checks.CHECKS,
        *own_checks.CHECKS,
    )
    signals = (*alerts, *dashboard_checks.CHECKS, *blind_spots.CHECKS)
    known = (secret_rotation.RECORDED, leaks.NEVER_LOGGED, *answer_leaks.CHECKS)
    unknown = (undeclared.UNDECLARED, sent_credentials.AS_SENT, scanner_results.SCANNER)
    return (*observed, *signals, *known, *unknown, *runbooks.CHECKS.values())
