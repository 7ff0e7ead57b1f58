"""Calls without the right credential, at providers that refuse them in various ways, or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from harness.contract.caller import Caller
from harness.contract.credential_forms import Credential
from harness.contract.credentials import Secured
from harness.contract.malformed_credentials import MALFORMED
from harness.contract.rejection import (
    CASES,
    SecuredCalls,
    judge_malformed_credentials,
    judge_rejection,
    judge_unusual_reads,
)
from harness.http.client import Network
from harness.http.provider_client import ProviderClient
from harness.model import Finding, Level, Outcome
from harness.openapi.spec_document import Spec
from harness.readiness.one_cause import attributed

if TYPE_CHECKING:
    from tests.unit.conftest import Answer, Call, Reply, Serve

KEY = "0123456789abcdef"
THING = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "example": "a"}}}
BODY = {"required": True, "content": {"application/json": {"schema": THING, "example": {"name": "a"}}}}
MADE = {"201": {"description": "made"}}
FINE = {"200": {"description": "fine"}}
ID = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "x", "version": "1"},
    "security": [{"key": []}],
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "paths": {
        "/things": {
            "post": {"requestBody": BODY, "responses": {"201": {"description": "made"}}},
            "get": {"responses": FINE},
        },
        "/things/{id}": {"parameters": ID, "get": {"responses": FINE}},
    },
}


def things(call: Call) -> Reply:
    """Answer as a correct provider that looks the resource up before the credential."""
    if call.path not in ("/things", "/things/1"):
        return 404, {}, {}
    if call.headers.get("authorization") != f"Bearer {KEY}":
        return 401, {}, {}
    return (201, {}, {"id": "1"}) if call.method == "POST" else (200, {}, {"id": "1"})


def judged(base_url: str, judge: Callable[[SecuredCalls, Credential], list[Finding]]) -> list[Finding]:
    spec = Spec(DOCUMENT, "x", base_url)
    key = Credential(header="Authorization", written="Bearer {}".format, secret=lambda: KEY, scheme="Bearer")
    with ProviderClient(Network(), base_url, key.headers()) as client:
        caller = Caller(spec, client)

        def explore() -> None:
            caller.call(spec.operation("POST /things"), "/things", {"name": "a"})

        return judge(SecuredCalls(Secured(spec=spec, client=client), caller, explore), key)


def rejected(base_url: str) -> list[Finding]:
    return judged(base_url, lambda calls, key: [f for c in CASES for f in judge_rejection(c, calls, key, reproduce="")])


def test_a_real_id_proves_what_a_made_up_one_does_not(serve: Serve) -> None:
    """The ids of what was created lead to the credential where unknown ids are answered 404 before it."""
    found = rejected(serve(things))
    assert [(f.outcome, f.observed) for f in found] == [
        (Outcome.PASS, "3 of 3 secured operations answered 401 or 403")
    ] * len(CASES)


def test_an_operation_that_shows_real_resources_to_anyone_is_found(serve: Serve) -> None:
    """Whether an operation checks the credential shows only where there is something to see."""

    def answer(call: Call) -> Reply:
        return (200, {}, {"id": "1"}) if call.path == "/things/1" else things(call)

    found = rejected(serve(answer))
    assert {(f.outcome, f.observed) for f in found} == {(Outcome.FAIL, "GET /things/{id} answered 200")}
    assert {f.cause for f in attributed(found)} == {"Credentials are not checked"}


def test_a_body_that_is_validated_first_is_a_valid_one(serve: Serve) -> None:
    """Where an empty body is refused before the credential is looked at, a valid one follows."""
    open_to_all: list[bool] = [False]

    def answer(call: Call) -> Reply:
        if call.method == "POST" and b"name" not in call.body:
            return 422, {}, {}
        return (201, {}, {"id": "1"}) if open_to_all[0] and call.method == "POST" else things(call)

    url = serve(answer)
    assert {f.outcome for f in rejected(url)} == {Outcome.PASS}
    open_to_all[0] = True
    assert {(f.outcome, f.observed) for f in rejected(url)} == {(Outcome.FAIL, "POST /things answered 201")}


def test_one_operation_without_proof_is_no_pass(serve: Serve) -> None:
    """A refusal of one operation says nothing about another."""

    def answer(call: Call) -> Reply:
        return (400, {}, {}) if call.path == "/things/1" else things(call)

    found = rejected(serve(answer))
    assert {f.outcome for f in found} == {Outcome.ERROR}
    assert found[0].observed == ("2 of 3 secured operations answered 401 or 403; no proof from: GET /things/{id} 400")


def test_a_404_that_hides_what_the_right_credential_reads_is_a_refusal(serve: Serve) -> None:
    """RFC 9110 section 15.5.4: a server that hides a forbidden resource may answer 404."""

    def answer(call: Call) -> Reply:
        status, headers, content = things(call)
        return (404, {}, {}) if call.path == "/things/1" and status == 401 else (status, headers, content)

    found = rejected(serve(answer))
    assert {f.outcome for f in found} == {Outcome.PASS}
    assert found[0].observed.endswith("; hidden by a 404: GET /things/{id}")


def splits(call: Call) -> Reply:
    header = call.headers.get("authorization", "")
    return (500, {}, {}) if header and " " not in header else things(call)


def unpacks(call: Call) -> Reply:
    return (500, {}, {}) if len(call.headers.get("authorization", "").split()) > 2 else things(call)


def decodes(call: Call) -> Reply:
    return things(call) if call.headers.get("authorization", "").isascii() else (500, {}, {})


def overflows(call: Call) -> Reply:
    return (500, {}, {}) if len(call.headers.get("authorization", "")) > 2712 else things(call)


@pytest.mark.parametrize(
    "answer, names",
    [
        (splits, "the scheme alone, no scheme, the right one without its scheme"),
        (unpacks, "three words"),
        (decodes, "letters beyond ASCII"),
        (overflows, "a huge value"),
    ],
)
def test_a_malformed_credential_that_ends_in_a_server_error_is_found(serve: Serve, answer: Answer, names: str) -> None:
    """What is no credential is refused as such: 500 says that the server did not expect it."""
    found = judged(serve(answer), judge_malformed_credentials)
    assert {f.outcome for f in found} == {Outcome.FAIL}
    assert f"POST /things answered 500: {names}" in [f.observed for f in found]
    assert {f.fix for f in found} == {MALFORMED.fix}
    assert {f.expected for f in found} == {
        "HTTP 401 or another 4xx; 503 is accepted too, and a closed connection after a huge value"
    }


def test_malformed_credentials_that_are_refused_pass(serve: Serve) -> None:
    """400 and 401 are right answers, and the finding counts what was tried."""

    def answer(call: Call) -> Reply:
        status, headers, content = things(call)
        return (
            (400, {}, {})
            if status == 401 and len(call.headers.get("authorization", "")) > 100
            else (status, headers, content)
        )

    [found] = judged(serve(answer), judge_malformed_credentials)
    assert found.outcome is Outcome.PASS
    assert found.observed == "13 malformed credentials at 3 of 3 secured operations"


def longer(call: Call) -> Reply:
    header = call.headers.get("authorization", "")
    return things(call._replace(headers={**call.headers, "authorization": header[: len(f"Bearer {KEY}")]}))


def in_any_case(call: Call) -> Reply:
    header = call.headers.get("authorization", "")
    right = header.lower() == f"bearer {KEY}".lower()
    return things(call._replace(headers={**call.headers, "authorization": f"Bearer {KEY}" if right else header}))


@pytest.mark.parametrize(
    "answer, name",
    [(longer, "the right one with one character more"), (in_any_case, "the right one in the other case")],
)
def test_a_credential_that_is_nearly_right_is_refused(serve: Serve, answer: Answer, name: str) -> None:
    """The whole credential counts, character by character."""
    found = judged(serve(answer), judge_malformed_credentials)
    assert {(f.outcome, f.level) for f in found} == {(Outcome.FAIL, Level.MUST)}
    assert f"GET /things answered 200: {name}" in [f.observed for f in found]
    assert {f.fix.partition(",")[0] for f in found} == {"Compare the whole credential character by character"}


def test_a_missing_scheme_is_a_recommendation(serve: Serve) -> None:
    """A provider that takes the right token alone lets nobody in who may not."""

    def answer(call: Call) -> Reply:
        header = call.headers.get("authorization", "")
        return things(
            call._replace(headers={**call.headers, "authorization": header and f"Bearer {header.split()[-1]}"})
        )

    found = judged(serve(answer), judge_malformed_credentials)
    assert {f.level for f in found} == {Level.SHOULD}
    assert {f.fix.partition(",")[0] for f in found} == {"Take a credential only behind the scheme that the spec names"}


def test_reads_in_another_form_need_the_credential_too(serve: Serve) -> None:
    """HEAD and a slash at the end of a path do not lead past the credential."""

    def answer(call: Call) -> Reply:
        is_open = call.method == "HEAD" or call.path == "/things/1/"
        return (200, {"content-type": "application/json"}, {"id": "1"}) if is_open else things(call)

    found = judged(serve(answer), lambda calls, _: judge_unusual_reads(calls))
    assert [(f.outcome, f.observed.partition(" without")[0]) for f in found] == [
        (Outcome.FAIL, "HEAD /things"),
        (Outcome.FAIL, "HEAD /things/1"),
        (Outcome.FAIL, "GET /things/1/"),
    ]
    assert len({f.cause for f in found}) == 2
    assert [f.outcome for f in judged(serve(things), lambda calls, _: judge_unusual_reads(calls))] == [Outcome.PASS]
