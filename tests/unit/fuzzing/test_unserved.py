"""An operation that the server does not have gets few requests; a resource that does not exist is no such thing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from harness.model import Finding, Outcome
from harness.openapi.permission import UNKNOWN_PATH
from tests.unit.conftest import document

if TYPE_CHECKING:
    from tests.unit.conftest import Answer, Attacker, Call, Reply, Serve

A_HANDFUL = 12
"""The most requests to an operation that the server does not have, with those that confirm it."""
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
SUM = {
    "application/json": {"schema": {"type": "object", "required": ["sum"], "properties": {"sum": {"type": "integer"}}}}
}


def described(*statuses: str, **more: Any) -> dict[str, Any]:
    return {"responses": {status: {"description": "x"} for status in statuses}, **more}


PAID = document(
    {
        "/orders": {
            "get": described("200"),
            "post": described("201", "400", requestBody={"required": True, "content": SUM}),
        },
        "/orders/{id}": {"get": described("200", "404", parameters=[ID])},
        "/things/{id}": {"get": described("200", "404", parameters=[ID])},
        "/bare/{id}": {"get": described("200", "default", parameters=[ID])},
        "/me": {"get": described("200", "404")},
        "/long": {"get": described("200")},
        "/long/{id}": {"get": described("200", parameters=[{**ID, "schema": {"type": "string", "maxLength": 300}}])},
    }
)
ROUTER: Reply = (404, {}, {"detail": "Not Found"})


def of_router(*routes: str, missing: Any = None) -> Answer:
    """Return a server with ``routes``, which know no resource; unknown paths are 404, other methods 405."""

    def answer(call: Call) -> Reply:
        path = call.path.partition("?")[0]
        methods = {r.partition(" ")[0] for r in routes if re.fullmatch(r.partition(" ")[2], path)}
        if not methods:
            return ROUTER
        return (404, {}, missing or ROUTER[2]) if call.method in methods else (405, {"allow": ", ".join(methods)}, None)

    return answer


@pytest.fixture
def calls() -> list[Call]:
    """What the server received."""
    return []


@pytest.fixture
def wrong_with(attacker: Attacker, serve: Serve, calls: list[Call]) -> Callable[..., list[Finding]]:
    """Fuzz operations of a server, one after the other; returns what is wrong with the last."""

    def fuzz(answer: Answer, *labels: str) -> list[Finding]:
        def noted(call: Call) -> Reply:
            calls.append(call)
            return answer(call)

        fuzzer = attacker.fuzzer(PAID, serve(noted))
        for label in labels:
            calls.clear()
            found = fuzzer.fuzz(label)
        return [f for f in found if f.outcome is Outcome.FAIL]

    return fuzz


@pytest.mark.parametrize("label", ["GET /orders", "POST /orders"])
def test_the_404_of_an_unknown_path_ends_the_requests_early(
    label: str, wrong_with: Callable[..., list[Finding]], calls: list[Call]
) -> None:
    """A handful of requests is sent; what they found keeps its id, and is of the check for such operations."""
    found = wrong_with(of_router("GET /things/[^/]+"), label)

    assert len([c for c in calls if c.path != UNKNOWN_PATH]) <= A_HANDFUL
    assert {f.check for f in found} == {"unserved"}
    assert {f.subject for f in found} == {label}
    assert all(f.reproduce == f"harness fuzz --replay {f.id}" for f in found)


@pytest.mark.parametrize("status", [405, 501])
def test_a_refusal_of_every_request_is_about_the_operation(
    status: int, wrong_with: Callable[..., list[Finding]], calls: list[Call]
) -> None:
    """405 and 501 are about the method, whatever the id is."""
    found = wrong_with(lambda _: (status, {"allow": "PUT"}, None), "GET /things/{id}")

    assert {f.check for f in found} == {"unserved"}
    assert len(calls) <= A_HANDFUL


def test_what_is_below_an_unserved_collection_is_unserved_too(
    wrong_with: Callable[..., list[Finding]], calls: list[Call]
) -> None:
    """Even where 404 is documented, as nothing there can have an id; the finding has the request and the answer."""
    [found] = wrong_with(of_router("GET /me"), "GET /orders", "POST /orders", "GET /orders/{id}")

    assert len(calls) <= A_HANDFUL
    assert (found.check, found.subject) == ("unserved", "GET /orders/{id}")
    assert found.summary == f"GET /orders/{{id}}: the server does not have the operation ({found.id})"
    assert 'HTTP 404 Not Found (application/json) {"detail": "Not Found"}\nrequest: curl -i -X GET' in found.observed


SERVED = {
    "an id that was made up": (of_router("GET /things/[^/]+"), "GET /things/{id}"),
    "an id that was made up, in words of its own": (
        of_router("GET /things/[^/]+", missing={"error": "no such thing"}),
        "GET /things/{id}",
    ),
    "a router that takes numbers alone": (of_router(r"GET /things/\d+"), "GET /things/{id}"),
    "a documented 404 that says what the router's says": (of_router("GET /me"), "GET /me"),
    "a default that stands for 404": (of_router(r"GET /bare/\d+", "GET /me", missing={"e": 1}), "GET /bare/{id}"),
}


@pytest.mark.parametrize("answer, label", SERVED.values(), ids=SERVED.keys())
def test_a_resource_that_does_not_exist_is_no_missing_operation(
    answer: Answer, label: str, wrong_with: Callable[..., list[Finding]]
) -> None:
    """The 404 of an id that the harness made up is right, also where it is word for word that of the router."""
    assert wrong_with(answer, "GET /me", label) == []


def test_one_other_answer_shows_that_the_operation_is_there(wrong_with: Callable[..., list[Finding]]) -> None:
    """A handler that looks at the body is there, though it finds nothing for a valid one."""

    def answer(call: Call) -> Reply:
        if call.path == "/orders" and call.method == "POST":
            return ROUTER if re.fullmatch(rb'\{"sum": ?-?\d+\}', call.body) else (400, {}, None)
        return ROUTER

    assert "unserved" not in {f.check for f in wrong_with(answer, "POST /orders")}


def test_a_router_that_repeats_the_path_is_recognised(
    wrong_with: Callable[..., list[Finding]], calls: list[Call]
) -> None:
    """Method, path and the moment differ between two answers of one router."""
    found = wrong_with(
        lambda c: (404, {}, {"message": f"Cannot {c.method} {c.path}", "id": f"req-{len(calls):08}"}), "GET /orders"
    )

    assert {f.check for f in found} == {"unserved"}
    assert len(calls) <= A_HANDFUL


def test_what_the_server_refuses_before_it_looks_for_the_path_proves_nothing(
    wrong_with: Callable[..., list[Finding]], calls: list[Call]
) -> None:
    """A URL that is too long for the server gets 400 wherever it leads."""
    found = wrong_with(lambda c: (400, {}, "too long") if len(c.path) > 200 else ROUTER, "GET /long", "GET /long/{id}")

    assert {f.check for f in found} == {"unserved"}
    assert len(calls) <= 2 * A_HANDFUL
