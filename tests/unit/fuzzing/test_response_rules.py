"""Right responses are not blamed, whatever Schemathesis makes of them, and wrong ones still are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from harness.fuzzing.response_rules import Judged, is_of_the_response
from harness.model import Level, Outcome
from harness.openapi.spec_document import Spec
from tests.unit.conftest import document

if TYPE_CHECKING:
    from tests.unit.conftest import Attacker, Call, Reply, Serve

TEXT = {"type": "string"}
BODY = {"content": {"application/json": {"schema": {"type": "object", "required": ["name"]}}}}
TITLES = ("Missing required header accepted", "Schema-violating request accepted", "Schema-valid request rejected")


def answers(*statuses: int) -> dict[str, Any]:
    return {"responses": {str(status): {"description": "x"} for status in statuses}}


def header(name: str, *, required: bool = True, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "schema": TEXT | schema}


def titles(attacker: Attacker, described: dict[str, Any], url: str, label: str, **budget: Any) -> set[str]:
    """Return the titles of what is found wrong with an operation."""
    findings = attacker.fuzzer(described, url, **({"examples": 8} | budget)).fuzz(label)
    assert not [f.observed for f in findings if f.outcome is Outcome.ERROR]
    failed = (f.summary for f in findings if f.outcome is Outcome.FAIL)
    return {summary.partition(": ")[2].partition(" (F-")[0] for summary in failed}


@pytest.mark.parametrize("status, found", [(400, False), (401, False), (403, False), (404, False), (200, True)])
@pytest.mark.parametrize("name", ["X-Tenant", "X-Api-Key"])
def test_a_request_without_its_header_is_refused_by_any_4xx(
    attacker: Attacker,
    serve: Serve,
    name: str,
    status: int,
    found: bool,  # noqa: FBT001
) -> None:
    """Refused is refused, also with the status of a missing credential; accepted is a defect."""
    described = document({"/a": {"get": {"parameters": [header(name, minLength=1)], **answers(200, status)}}})

    def provider(call: Call) -> Reply:
        if call.method != "GET":
            return 405, {"allow": "GET"}, None
        return (200 if call.headers.get(name.lower()) else status), {}, None

    assert ("Missing required header accepted" in titles(attacker, described, serve(provider), "GET /a")) is found


def test_the_header_of_the_credential_is_not_missing(attacker: Attacker, serve: Serve) -> None:
    """Where the credential is sent in place of what was generated, the request is valid, and right to be accepted."""
    key = header("Authorization", pattern="^Bearer [a-z0-9]+$")
    described = document({"/a": {"get": {"parameters": [key], **answers(200, 401)}}})

    def provider(call: Call) -> Reply:
        if call.method != "GET":
            return 405, {"allow": "GET"}, None
        return (200 if call.headers.get("authorization") == "Bearer " + "s3cret" * 4 else 401), {}, None

    assert not titles(attacker, described, serve(provider), "GET /a").intersection(TITLES)


@pytest.mark.parametrize("status", [410, 412, 413, 423, 451])
def test_any_4xx_refuses_an_invalid_request(attacker: Attacker, serve: Serve, status: int) -> None:
    """A provider that refuses with an unusual status has not accepted anything."""
    described = document({"/a": {"post": {"requestBody": BODY | {"required": True}, **answers(201, status)}}})

    def provider(call: Call) -> Reply:
        if call.method != "POST":
            return 405, {"allow": "POST"}, None
        return (201 if b'"name"' in call.body and call.body[:1] == b"{" else status), {}, None

    assert "Schema-violating request accepted" not in titles(attacker, described, serve(provider), "POST /a")


PRECONDITIONS = [
    ("If-Match", 412, "PUT"),
    ("If-Unmodified-Since", 412, "PUT"),
    ("If-None-Match", 304, "GET"),
    ("Range", 416, "GET"),
]


@pytest.mark.parametrize("name, status, method", PRECONDITIONS)
def test_a_precondition_that_fails_is_no_refusal_of_valid_data(
    attacker: Attacker, serve: Serve, name: str, status: int, method: str
) -> None:
    """412, 304 and 416 tell of the state of the resource (RFC 9110 section 13)."""
    described = document(
        {"/a": {method.lower(): {"parameters": [header(name, required=False)], **answers(200, status)}}}
    )

    def provider(call: Call) -> Reply:
        if call.method != method:
            return 405, {"allow": method}, None
        return (status if name.lower() in call.headers else 200), {}, None

    assert not titles(attacker, described, serve(provider), f"{method} /a")


def test_412_without_a_precondition_is_a_refusal(attacker: Attacker, serve: Serve) -> None:
    """Nothing in the request asked about a state."""
    described = document({"/a": {"put": answers(200, 412)}})
    url = serve(lambda call: (412, {}, None) if call.method == "PUT" else (405, {"allow": "PUT"}, None))

    assert titles(attacker, described, url, "PUT /a") == {"Schema-valid request rejected"}


@pytest.mark.parametrize("name", ["If-Modified-Since", "Range"])
def test_a_precondition_that_cannot_be_read_is_ignored(attacker: Attacker, serve: Serve, name: str) -> None:
    """A recipient must ignore a date or a range that is none (RFC 9110 sections 13.1.3 and 14.2)."""
    dated = header(name, required=False, pattern="^[A-Z][a-z]{2}, [0-9]{2}$")
    described = document({"/a": {"get": {"parameters": [dated], **answers(200)}}})
    url = serve(lambda call: (200, {}, None) if call.method == "GET" else (405, {"allow": "GET"}, None))

    assert not titles(attacker, described, url, "GET /a", examples=40)


class Undocumented:
    """A failure as Schemathesis has it."""

    checks = ("status_code_conformance",)


@pytest.mark.parametrize("status, value, held", [(400, b"\x08", False), (400, b"a\tb", True), (500, b"\x7f", True)])
def test_a_header_that_is_not_http_is_refused_before_any_operation(status: int, value: bytes, *, held: bool) -> None:
    """No document describes the 400 of a server that parses strictly; a crash is one all the same."""
    request = httpx.Request("GET", "http://127.0.0.1/a", headers=[(b"if-none-match", value)])
    spec = Spec(document({"/a": {"get": answers(200)}}), "spec")
    response = httpx.Response(status, request=request)
    judged = Judged(response, None, spec.operations[0], spec, frozenset())

    assert is_of_the_response(Undocumented(), judged) is held


COUNT: dict[str, Any] = {
    "/things/{id}": {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": TEXT}],
        "get": answers(200, 404),
        "delete": answers(204),
    },
    "/things/count": {"get": answers(200)},
    "/things/count/all": {"get": answers(200)},
}


@pytest.mark.parametrize("label", ["GET /things/count", "GET /things/count/all"])
def test_a_method_of_another_path_that_matches_is_declared(attacker: Attacker, serve: Serve, label: str) -> None:
    """DELETE /things/count is DELETE /things/{id}; at a path that no other matches it is undeclared."""

    def provider(call: Call) -> Reply:
        if call.method == "DELETE":
            return 204, {}, None
        allowed = {"allow": "GET, DELETE"}
        return (200, {}, None) if call.method == "GET" else (405, allowed, None)

    found = titles(attacker, document(COUNT), serve(provider), label)

    wrong = {"Wrong response to undeclared method", "Allow header mismatch"}
    assert found == (set() if label == "GET /things/count" else wrong)


def test_an_allow_of_one_route_is_one_cause_at_every_path(attacker: Attacker, serve: Serve) -> None:
    """A router that names only the methods of its first route does so everywhere, which is one finding."""
    both = {"get": answers(200), "delete": answers(204)}

    def provider(call: Call) -> Reply:
        fine = {"GET": 200, "DELETE": 204}.get(call.method)
        return (fine, {}, None) if fine else (405, {"allow": "GET"}, None)

    fuzzer = attacker.fuzzer(document({"/a": both, "/b": both}), serve(provider))
    wrong = [f for label in ("GET /a", "GET /b") for f in fuzzer.fuzz(label) if f.outcome is Outcome.FAIL]

    assert {f.subject for f in wrong} == {"GET /a", "GET /b"}
    assert {(f.cause, f.level) for f in wrong} == {
        ("Allow leaves out methods that the spec has at the path", Level.SHOULD)
    }


def test_a_refusal_is_reported_without_a_guess(attacker: Attacker, serve: Serve) -> None:
    """The provider misses a header, and the finding does not blame the properties of the body."""
    described = document(
        {"/a": {"post": {"requestBody": BODY, "parameters": [header("X-T", required=False)], **answers(200, 400)}}}
    )

    def provider(call: Call) -> Reply:
        if call.method != "POST":
            return 405, {"allow": "POST"}, None
        return (200 if call.headers.get("x-t") else 400), {}, None

    findings = attacker.fuzzer(described, serve(provider), examples=40).fuzz("POST /a")

    [refused] = [f for f in findings if "Schema-valid request rejected" in f.summary]
    assert "Valid data should have been accepted" in refused.observed
    assert "Hint" not in refused.observed
