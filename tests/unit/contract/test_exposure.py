"""Refusals show no code, answers to a credential stay out of shared caches, and a Location is one of the client's."""

from __future__ import annotations

import httpx
import pytest

from harness.contract.exposure import exposures
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

BASE = "https://api.example.com/v1"
SPEC = Spec(
    {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "security": [{"key": []}],
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "paths": {"/things": {"post": {"responses": {"201": {"description": "So."}}}}},
    },
    "openapi.yaml",
    BASE,
)
POST: Operation = next(iter(SPEC.operations))
PYTHON = 'Traceback (most recent call last):\n  File "/srv/app.py", line 3, in add'
NODE = "TypeError: x\n    at add (/srv/app.js:3:7)"
UNREACHABLE = "its Location names a host that clients cannot reach"
SQL = "INSERT INTO things (name) VALUES (?)"


@pytest.mark.parametrize(
    "status, headers, text, expected",
    [
        (422, {}, PYTHON, ["a refusal shows a stack trace"]),
        (400, {}, NODE, ["a refusal shows a stack trace"]),
        (409, {}, SQL, ["a refusal shows a statement or error of its database"]),
        (422, {}, "The name at (line 3) is not one that you can insert into a list.", []),
        (500, {}, PYTHON, []),
        (200, {"cache-control": "public, max-age=60"}, "", ["lets shared caches keep what needs a credential"]),
        (200, {"cache-control": "s-maxage=60"}, "", ["lets shared caches keep what needs a credential"]),
        (200, {"cache-control": "private, max-age=60"}, "", []),
        (
            201,
            {"location": "http://app-7.internal:8080/things/1"},
            "",
            ["its Location names a host that clients cannot reach"],
        ),
        (201, {"location": "http://10.0.0.7/things/1"}, "", [UNREACHABLE]),
        (201, {"location": "https://eu.example.com/things/1"}, "", []),
        (201, {"location": "/v1/things/1"}, "", []),
    ],
)
def test_what_an_answer_shows_to_others_is_named(
    status: int, headers: dict[str, str], text: str, expected: list[str]
) -> None:
    """A crash is found by another check; a relative or public Location is right."""
    answer = httpx.Response(status, headers=headers, text=text, request=httpx.Request("POST", f"{BASE}/things"))

    assert [shown.text for shown in exposures(POST, answer, authenticated=True)] == expected


@pytest.mark.parametrize(
    "status, headers, text, fix",
    [
        (422, {}, PYTHON, "Answer refusals with a short text of your own"),
        (200, {"cache-control": "public"}, "", "Send Cache-Control: private or no-store"),
        (201, {"location": "http://10.0.0.7/things/1"}, "", "Write Location as a path, or with the host"),
    ],
)
def test_what_is_shown_is_corrected_by_no_description(
    status: int, headers: dict[str, str], text: str, fix: str
) -> None:
    """Each has a fix of its own, for to describe such an answer in the spec would change nothing."""
    answer = httpx.Response(status, headers=headers, text=text, request=httpx.Request("POST", f"{BASE}/things"))

    [shown] = exposures(POST, answer, authenticated=True)
    assert shown.fix.startswith(fix)


def test_what_anybody_may_read_may_be_kept() -> None:
    """An answer to a call without a credential is no private one."""
    answer = httpx.Response(200, headers={"cache-control": "public"}, request=httpx.Request("POST", f"{BASE}/things"))

    assert list(exposures(POST, answer, authenticated=False)) == []
