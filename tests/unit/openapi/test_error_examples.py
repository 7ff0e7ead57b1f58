"""Errors as documents describe them: the operation's own first, then any of the provider's."""

from __future__ import annotations

from typing import Any

import pytest

from harness.openapi.error_examples import ErrorExamples
from harness.openapi.spec_document import Spec

ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {"message": {"type": "string"}, "code": {"type": "integer"}, "param": {"type": "string"}},
        }
    },
}


def content(schema: dict[str, Any], kind: str = "application/json", **media: Any) -> dict[str, Any]:
    return {"description": "-", "content": {kind: {"schema": schema, **media}}}


def document(responses: dict[str, Any], **more: Any) -> Spec:
    paths = {"/things": {"post": {"responses": responses}}, "/bare": {"get": {"responses": {}}}}
    raw = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths, **more}
    return Spec(raw, "openapi.yaml")


def found(spec: Spec, status: int = 503, target: str = "/things", method: str = "POST") -> Any:
    examples = ErrorExamples(spec, text="scripted fault")
    examples.prepare()
    return examples.find(method, target, status)


def test_every_member_of_the_schema_is_there() -> None:
    """SDKs ask for members that schemas leave optional, and for a code that is the status."""
    error = found(document({"503": content({"$ref": "#/components/schemas/E"})}, components={"schemas": {"E": ERROR}}))

    assert error.media_type == "application/json"
    assert error.content == {"error": {"message": "scripted fault", "code": 503, "param": "scripted fault"}}


@pytest.mark.parametrize(
    "responses, expected",
    [
        (("503", "5XX", "default", "400"), "503"),
        (("5XX", "default", "400"), "5XX"),
        (("default", "400"), "default"),
        (("400", "200"), "400"),
    ],
    ids=["own", "range", "default", "another error"],
)
def test_the_nearest_response_is_taken(responses: tuple[str, ...], expected: str) -> None:
    """The status itself, then its range, then the default, then any other error; never a success."""
    made = {key: content({}, "application/problem+json", example={"from": key}) for key in responses}

    error = found(document(made))

    assert (error.media_type, error.content) == ("application/problem+json", {"from": expected})


@pytest.mark.parametrize("target", ["/bare", "/unknown"])
def test_an_operation_without_errors_has_those_of_another(target: str) -> None:
    """A provider has one shape for all of its errors."""
    error = found(document({"400": content(ERROR, example={"error": {}})}), target=target, method="GET")

    assert error.content == {"error": {}}


def test_a_document_of_version_2_has_errors_too() -> None:
    """The schema is beside the description there."""
    error = found(document({"500": {"description": "-", "schema": ERROR}}))

    assert error.content["error"]["code"] == 503


@pytest.mark.parametrize(
    "responses",
    [{}, {"200": content(ERROR)}, {"500": {"description": "-"}}, {"500": content({"type": "string"}, "text/html")}],
    ids=["nothing", "success", "no body", "no JSON"],
)
def test_a_document_without_errors_has_none(responses: dict[str, Any]) -> None:
    """Then somebody else decides."""
    assert found(document(responses)) is None


RECURSIVE = {
    "type": "object",
    "properties": {"message": {"type": "string"}, "inner": {"$ref": "#/components/schemas/E"}},
    "required": ["message"],
}


def test_a_schema_that_contains_itself_is_filled_as_far_as_possible() -> None:
    """All members for ever is impossible; those that it requires are there."""
    spec = document({"500": content({"$ref": "#/components/schemas/E"})}, components={"schemas": {"E": RECURSIVE}})

    assert found(spec).content == {"message": "scripted fault"}


def test_a_schema_that_nothing_fits_has_no_error() -> None:
    """The document is wrong, which others report."""
    assert found(document({"500": content({"type": "integer", "minimum": 2, "maximum": 1})})) is None
