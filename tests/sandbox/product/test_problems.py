"""Every error is a problem document (RFC 9457) with the headers that belong to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from harness.sandbox.product import gatekeeper
from harness.sandbox.product.problems import ProblemError

from .conftest import Product, Start

JSON = {"content-type": "application/json"}
CALLS = {
    "no such path": ("GET", "/nothing", {}, 404),
    "no such project": ("GET", "/projects/prj_0000000000000000", {}, 404),
    "not JSON": ("POST", "/projects", {"content": b"{", "headers": JSON}, 400),
    "half a surrogate pair": (
        "POST",
        "/projects",
        {"content": b'{"name": "\\ud800", "ownerEmail": "a@b.cc"}', "headers": JSON},
        400,
    ),
    "nested without end": ("POST", "/projects", {"content": b"[" * 60_000, "headers": JSON}, 400),
    "not a number": ("POST", "/projects", {"content": b'{"name": NaN, "ownerEmail": "a@b.cc"}', "headers": JSON}, 422),
    "not the schema": ("POST", "/projects", {"json": {"name": ""}}, 422),
    "not application/json": ("POST", "/projects", {"content": b"{}"}, 415),
    "too large": ("POST", "/projects", {"content": b" " * 70_000, "headers": JSON}, 413),
    "unknown parameter": ("GET", "/projects?colour=red", {}, 400),
    "parameter twice": ("GET", "/projects?limit=1&limit=2", {}, 400),
    "limit too large": ("GET", "/projects?limit=101", {}, 400),
    "cursor of another shape": ("GET", "/projects?cursor=-1", {}, 400),
    "status that is none": ("GET", "/runs?status=lost", {}, 400),
}
TITLES = {
    400: "Bad Request",
    404: "Not Found",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
}
"""The names of RFC 9110, which the product uses under every Python."""


@pytest.mark.parametrize("method, path, sent, status", CALLS.values(), ids=CALLS.keys())
def test_a_call_that_cannot_be_answered_gets_a_problem(
    api: httpx.Client, method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    """The problem says status, title and detail."""
    answer = api.request(method, path, **sent)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"] == TITLES[status]
    assert problem["detail"]


def test_a_problem_points_to_what_does_not_fit(api: httpx.Client) -> None:
    """Each error of a body has a JSON pointer (RFC 6901); the document itself is the empty one."""
    wrong = api.post("/projects", json={"name": 7, "ownerEmail": "owner@example.com"}).json()
    whole = api.post("/projects", json=[]).json()

    assert [e["pointer"] for e in wrong["errors"]] == ["/name"]
    assert [e["pointer"] for e in whole["errors"]] == [""]


def test_a_method_that_is_not_offered_gets_allow(api: httpx.Client) -> None:
    """405 names the methods that are (RFC 9110 section 15.5.6)."""
    answer = api.put("/projects", json={})

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_a_refused_key_is_challenged(product: Product) -> None:
    """401 says how to authenticate (RFC 9110 section 11.6.1)."""
    with product.client("wrong") as client:
        answer = client.get("/projects")

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="product"')


def test_too_many_calls_are_told_when_to_come_again(start: Start) -> None:
    """429 has Retry-After, and every answer says what is left."""
    with start("--rate-limit", "3").client() as client:
        answers = [client.get("/projects") for _ in range(4)]

    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert [a.headers["ratelimit"].split(";")[1] for a in answers] == ["r=2", "r=1", "r=0", "r=0"]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 10


def test_a_body_that_does_not_arrive_gets_408(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that falls silent in the middle of its body does not hold the product."""
    monkeypatch.setattr(gatekeeper, "BODY_WITHIN_S", 0.05)

    class Silent(Request):
        async def stream(self) -> AsyncGenerator[bytes, None]:
            yield b"{"
            await asyncio.sleep(5)

    with pytest.raises(ProblemError) as caught:
        asyncio.run(gatekeeper._body(Silent({"type": "http"})))

    assert caught.value.status == 408
