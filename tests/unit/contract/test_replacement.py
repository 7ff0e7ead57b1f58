"""A replaced credential is tried on the provider: what each answer says of the rotation."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from werkzeug import Response

from harness.contract.caller import Caller
from harness.contract.credential_forms import Credential
from harness.contract.credentials import Secured, judge_acceptance, judge_replacement
from harness.contract.rejection import CASES, SecuredCalls, judge_rejection
from harness.http.client import Network
from harness.http.provider_client import ProviderClient
from harness.model import Outcome
from harness.openapi.spec_document import Spec

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer
    from werkzeug import Request

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "x", "version": "1"},
    "security": [{"key": []}],
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "paths": {"/things": {"get": {"responses": {"200": {"description": "fine"}}}}},
}


@pytest.mark.parametrize(
    "old, new, outcome, summary",
    [
        (401, 200, Outcome.PASS, "Refused the credential that was replaced (env:KEY)"),
        (403, 200, Outcome.PASS, "Refused the credential that was replaced (env:KEY)"),
        (200, 200, Outcome.FAIL, "Still accepted the credential that was replaced (env:KEY)"),
        (500, 200, Outcome.ERROR, "A credential that was replaced: could not be judged (env:KEY)"),
        (401, 401, Outcome.ERROR, "A credential that was replaced: could not be judged (env:KEY)"),
    ],
)
def test_the_answers_to_old_and_new_decide(
    httpserver: HTTPServer, old: int, new: int, outcome: Outcome, summary: str
) -> None:
    """Only a refusal of the old while the new is accepted shows a rotation; a provider in trouble shows nothing."""
    before, after = os.urandom(8).hex(), os.urandom(8).hex()
    status = {f"Bearer {before}": old, f"Bearer {after}": new}

    def answer(request: Request) -> Response:
        return Response(status=status[request.headers["authorization"]])

    httpserver.expect_request("/things").respond_with_handler(answer)

    with ProviderClient(Network(), httpserver.url_for("")) as client:
        finding = judge_replacement(
            Secured(spec=Spec(DOCUMENT, "x"), client=client), credential(before), credential(after), name="env:KEY"
        )

    assert (finding.outcome, finding.summary.partition(" (F-")[0]) == (outcome, summary)
    assert f"HTTP {new} to the new" in finding.observed
    assert before not in str(finding)


def test_a_provider_without_anything_to_read_cannot_be_tried(httpserver: HTTPServer) -> None:
    """Where no operation can be tried, that is said."""
    document = {**DOCUMENT, "paths": {"/things/{id}": DOCUMENT["paths"]["/things"]}}  # type: ignore[index]

    with ProviderClient(Network(), httpserver.url_for("")) as client:
        finding = judge_replacement(
            Secured(spec=Spec(document, "x"), client=client), credential("a"), credential("b"), name="env:KEY"
        )

    assert finding.outcome is Outcome.ERROR
    assert finding.observed == "the spec has no secured GET operation without path parameters"


def test_a_document_without_security_is_the_reason_that_is_given(httpserver: HTTPServer) -> None:
    """If no operation requires a credential, every check of credentials says what to add to the document."""
    document = {"openapi": "3.1.0", "info": {}, "paths": {"/things": {"get": {"responses": {}}}}}
    spec, key = Spec(document, "x"), credential("a")

    with ProviderClient(Network(), httpserver.url_for("")) as client:
        secured = Secured(spec=spec, client=client)
        calls = SecuredCalls(secured, Caller(spec, client))
        found = [
            judge_acceptance(secured, key, reproduce="r"),
            judge_replacement(secured, key, credential("b"), name="env:KEY"),
            *(f for case in CASES for f in judge_rejection(case, calls, key, reproduce="r")),
        ]

    assert len(found) == 2 + len(CASES)
    assert {f.outcome for f in found} == {Outcome.ERROR}
    assert {f.observed for f in found} == {
        (
            "the spec asks for a credential at no operation: name the security schemes under `security` in it, or an "
            "operation that shows whether the credential works in [provider] whoami"
        )
    }
    assert not httpserver.log


def test_a_document_that_declares_every_operation_open_is_named_as_that(httpserver: HTTPServer) -> None:
    """`security: []` is a statement, and not a missing one."""
    operation: dict[str, object] = {"security": [], "responses": {}}
    document = {**DOCUMENT, "paths": {"/things": {"get": operation}, "/others": {"get": operation}}}
    with ProviderClient(Network(), httpserver.url_for("")) as client:
        secured = Secured(spec=Spec(document, "x"), client=client)
        calls = SecuredCalls(secured, Caller(secured.spec, client))
        found = [f for case in CASES for f in judge_rejection(case, calls, credential("a"), reproduce="r")]
    assert {f.observed.partition(", and")[0] for f in found} == {
        "the spec declares `security: []`, no credential, at 2 of 2 operations"
    }
    assert "remove [provider] auth" in found[0].observed
    assert not httpserver.log


def credential(value: str) -> Credential:
    return Credential(header="Authorization", written="Bearer {}".format, secret=lambda: value)
