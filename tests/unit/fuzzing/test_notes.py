"""What nobody would correct is a note, and what somebody would is none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from harness.fuzzing.notes import note_of
from harness.openapi.spec_document import Spec

SPEC = Spec(
    {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/things": {
                "post": {
                    "parameters": [
                        {"name": "filter", "in": "query", "schema": {"type": "string"}},
                        {"name": "state", "in": "query", "schema": {"type": "string", "enum": ["on"]}},
                    ],
                    "requestBody": {
                        "content": {
                            "application/json": {
                                "schema": {"properties": {"begin": {"type": "string"}, "finish": {"type": "string"}}}
                            }
                        }
                    },
                    "responses": {
                        "200": {"description": "."},
                        "400": {"description": "."},
                        "501": {"description": "."},
                    },
                }
            }
        },
    },
    "spec",
)


def failure(check: str, **attributes: Any) -> Any:
    return type("F", (SimpleNamespace,), {"checks": (check,)})(**attributes)


def note(check: str, status: int, text: str = "", **attributes: Any) -> str:
    response = httpx.Response(status, json={"detail": text}, request=httpx.Request("POST", "http://provider/things"))
    return note_of(failure(check, **attributes), SPEC.operations[0], response)


@pytest.mark.parametrize(
    "status, text",
    [(400, "cannot read filter at 3"), (400, "finish is before begin")],
    ids=["grammar of a query", "rule between two members"],
)
def test_a_refusal_that_no_schema_can_describe_is_a_note(status: int, text: str) -> None:
    """A grammar of a text in the query, or a rule between members, refused as documented."""
    assert note("positive_data_acceptance", status, text)


@pytest.mark.parametrize(
    "status, text",
    [(400, "begin is wrong"), (400, "state is wrong"), (422, "cannot read filter"), (400, "no"), (400, "")],
    ids=["a member of the body", "described by the schema", "not documented", "names nothing", "without a text"],
)
def test_another_refusal_of_valid_input_is_none(status: int, text: str) -> None:
    """A value that the schema allows should be taken."""
    assert not note("positive_data_acceptance", status, text)


def test_refusals_of_methods_are_notes() -> None:
    """404 refuses an undeclared method as well; 200 does not."""
    assert note("unsupported_method", 404)
    assert not note("unsupported_method", 200)


def test_allow_with_a_method_beyond_openapi_is_a_note() -> None:
    """One that OpenAPI could describe, or one that is missing, is none."""
    check = "allow_header_conformance"

    assert note(check, 405, missing_methods=[], undocumented_methods=["PROPFIND"])
    assert not note(check, 405, missing_methods=[], undocumented_methods=["PROPFIND", "PUT"])
    assert not note(check, 405, missing_methods=["POST"], undocumented_methods=["PROPFIND"])


def test_a_documented_501_is_a_note_and_a_crash_is_none() -> None:
    """What is not documented, and each 500, is an error of the server."""
    assert note("not_a_server_error", 501)
    assert not note("not_a_server_error", 503)
    assert not note("not_a_server_error", 500)
