"""What a scenario sends is the integration's, and what it is answered is the provider's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.contract.conformance import judge_exchanges
from harness.http.message import Exchange, Request, Response
from harness.model import Finding, FixedBy, Outcome
from harness.openapi.spec_document import Spec

THING = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
JSON_BODY = {"application/json": {"schema": THING}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        "/things": {
            "post": {
                "requestBody": {"required": True, "content": JSON_BODY},
                "responses": {"201": {"description": "made", "content": JSON_BODY}, "400": {"description": "no"}},
            }
        }
    },
}
SPEC = Spec(DOCUMENT, "openapi.json")
GOOD, BAD = {"name": "a"}, {"name": 1}


def exchange(sent: object, status: int, received: object = None, path: str = "/things") -> Exchange:
    headers = (("content-type", "application/json"),)
    return Exchange(
        request=Request(method="POST", url=f"http://api.test{path}", headers=headers, body=json.dumps(sent).encode()),
        response=Response(
            status=status,
            headers=headers if received is not None else (),
            body=b"" if received is None else json.dumps(received).encode(),
        ),
    )


def judged(*exchanges: Exchange, **options: Any) -> list[Finding]:
    return list(judge_exchanges(SPEC, exchanges, **{"item": "workflow.contract", **options}))


def failed(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(f.check, f.summary) for f in findings if f.outcome is Outcome.FAIL]


def test_what_is_valid_passes_on_both_sides() -> None:
    """There is one pass for the responses and one for the requests, each with its number."""
    found = judged(exchange(GOOD, 201, GOOD), exchange(GOOD, 201, GOOD))

    assert [(f.check, f.summary, f.fixed_by) for f in found] == [
        ("conforms", "2 responses conform to the spec", FixedBy.PROVIDER),
        ("requests", "2 requests conform to the spec", FixedBy.INTEGRATION),
    ]


def test_a_wrong_response_is_the_providers() -> None:
    """The request of the same exchange passes."""
    found = judged(exchange(GOOD, 201, BAD))

    assert failed(found) == [("conforms", "POST /things answering 201 breaks the spec")]
    assert [f.check for f in found if f.outcome is Outcome.PASS] == ["requests"]


@pytest.mark.parametrize("recorded, words", [(False, "the request"), (True, "the recorded request")])
def test_an_accepted_request_that_breaks_the_schema_is_the_integrations(recorded: bool, words: str) -> None:  # noqa: FBT001 - a parameter
    """Live as recorded: the provider may refuse it tomorrow."""
    found = judged(exchange(BAD, 201, GOOD), recorded=recorded)

    assert failed(found) == [("requests", f"{words} of POST /things breaks the spec")]
    assert [f.fixed_by for f in found if f.outcome is Outcome.FAIL] == [FixedBy.INTEGRATION]


def test_a_refused_request_may_be_invalid_on_purpose() -> None:
    """A scenario that tests how invalid input is refused is not blamed for the input."""
    assert failed(judged(exchange(BAD, 400))) == []


def test_a_call_that_the_spec_does_not_describe_is_the_integrations() -> None:
    """Its response cannot be judged, and does not count as valid."""
    found = judged(exchange(GOOD, 404, path="/nowhere"))

    assert failed(found) == [("requests", "POST /nowhere breaks the spec")]
    assert found[0].observed == "no operation of openapi.json describes this call"
    assert len(found) == 1


def test_a_cassette_of_another_api_is_one_finding() -> None:
    """Each call would otherwise be a finding of its own."""
    found = judged(
        exchange(GOOD, 200, path="/a"),
        exchange(GOOD, 200, path="/b"),
        item="workflow.recorded",
        place="cassettes/x.yaml",
        recorded=True,
    )

    assert [f.observed for f in found] == ["POST /a\nPOST /b"]
    assert found[0].summary == (
        "cassettes/x.yaml: none of its 2 calls is described by openapi.json. Was it recorded for another API?"
    )


def test_the_cause_has_no_value_of_the_exchange() -> None:
    """Responses that break the same part of the schema have one cause, whatever they hold there."""
    found = [f for n in (1, 2) for f in judged(exchange(GOOD, 201, {"name": n})) if f.outcome is Outcome.FAIL]
    (missing,) = (f for f in judged(exchange(GOOD, 201, {})) if f.outcome is Outcome.FAIL)

    assert {(f.subject, f.cause) for f in found} == {
        ("POST /things", "answering 201: Response violates schema (at /name)")
    }
    assert "is a required property" in missing.cause
