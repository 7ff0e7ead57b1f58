"""Step 1, authenticate: the right credential is accepted, and every other is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.contract.credentials import CASES, judge_acceptance, judge_rejection
from harness.resilience import credential_leak
from harness.suite.rows import each

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.contract.credentials import Credential, CredentialCase, Secured
    from harness.model import Finding
    from harness.plugins.findings import Findings


pytestmark = pytest.mark.usefixtures("credential_watched")


@pytest.mark.verifies("auth.accepts")
def test_the_test_credential_is_accepted(secured: Secured, credential: Credential, findings: Findings) -> None:
    """A secured operation answers the test credential with 2xx."""
    findings.add(judge_acceptance(secured, credential, reproduce=""))


@each("case", CASES)
def test_any_other_credential_is_refused(
    case: CredentialCase, secured: Secured, credential: Credential, findings: Findings
) -> None:
    """Every secured operation refuses a caller without the right credential."""
    findings.extend(judge_rejection(case, secured, credential, reproduce=""))


@each("case", credential_leak.CASES)
def test_the_clients_credential_stays_where_it_belongs(
    case: credential_leak.TransportCase,
    client_transport: Callable[[credential_leak.TransportCase], Finding],
    findings: Findings,
) -> None:
    """The client sends its credential in no URL, and not to another origin that a redirect names."""
    findings.add(client_transport(case))
