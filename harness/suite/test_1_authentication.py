"""Step 1, authenticate: the right credential is accepted, and every other is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.contract.base_path import judge_base_path
from harness.contract.credentials import judge_acceptances
from harness.contract.malformed_credentials import MALFORMED
from harness.contract.rejection import CASES, judge_malformed_credentials, judge_rejection, judge_unusual_reads
from harness.contract.unusual_requests import UNUSUAL
from harness.plugins.provider_limits import skip_at_wrong_path
from harness.resilience import credential_leak
from harness.suite.rows import each

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.context.run_context import RunContext
    from harness.contract.credential_forms import Credential
    from harness.contract.credentials import Secured
    from harness.contract.rejection import CredentialCase, SecuredCalls
    from harness.model import Check, Finding
    from harness.plugins.findings import Findings


pytestmark = pytest.mark.usefixtures("credential_watched")


@pytest.mark.verifies("auth.accepts")
def test_the_test_credential_is_accepted(
    secured: Secured, credential: Credential, run_context: RunContext, findings: Findings
) -> None:
    """The base URL leads to the operations of the spec, of which a secured one answers each credential with 2xx."""
    if fault := run_context.provider.wrong_base_path:
        findings.add(judge_base_path(fault))
        return
    findings.extend(judge_acceptances(secured, credential, reproduce=""))


@each("case", CASES)
def test_any_other_credential_is_refused(
    case: CredentialCase,
    secured_calls: SecuredCalls,
    credential: Credential,
    run_context: RunContext,
    findings: Findings,
) -> None:
    """Every secured operation refuses a caller without the right credential."""
    skip_at_wrong_path(run_context)
    findings.extend(judge_rejection(case, secured_calls, credential, reproduce=""))


@each("check", [MALFORMED])
def test_malformed_credentials_are_refused(
    check: Check,  # noqa: ARG001 - marks the test
    secured_calls: SecuredCalls,
    credential: Credential,
    run_context: RunContext,
    findings: Findings,
) -> None:
    """What is no credential is refused, and never ends in an error of the server."""
    skip_at_wrong_path(run_context)
    findings.extend(judge_malformed_credentials(secured_calls, credential))


@each("check", [UNUSUAL])
def test_unusual_reads_are_refused(
    check: Check,  # noqa: ARG001 - marks the test
    secured_calls: SecuredCalls,
    run_context: RunContext,
    findings: Findings,
) -> None:
    """What needs a credential needs it whatever the method of a read and the spelling of its path."""
    skip_at_wrong_path(run_context)
    findings.extend(judge_unusual_reads(secured_calls))


@each("case", credential_leak.CASES)
def test_the_clients_credential_stays_where_it_belongs(
    case: credential_leak.TransportCase,
    client_transport: Callable[[credential_leak.TransportCase], Finding],
    findings: Findings,
) -> None:
    """The client sends its credential in no URL, and not to another origin that a redirect names."""
    findings.add(client_transport(case))
