"""Examples of webhooks: the document's own, else the simplest that its schema admits."""

from __future__ import annotations

import json
import sys
from typing import Any

import jsonschema_rs
import pytest

from harness.errors import SpecError
from harness.openapi.examples import refused_body, webhook_examples
from harness.openapi.spec_document import Spec

PET = {
    "type": "object",
    "required": ["id", "type", "at", "tags", "owner"],
    "properties": {
        "id": {"type": "string", "pattern": "^evt_[0-9a-f]{8}$"},
        "type": {"const": "pet.born"},
        "at": {"type": "string", "format": "date-time"},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "uniqueItems": True},
        "owner": {"$ref": "#/components/schemas/Owner"},
    },
}
COMPONENTS = {"schemas": {"Owner": {"type": ["object", "null"], "minProperties": 1}}}


def made(media: dict[str, Any]) -> dict[str, Any]:
    webhooks = {"pet": {"post": {"requestBody": {"content": {"application/json": media}}}}}
    spec = Spec({"openapi": "3.1.0", "paths": {}, "webhooks": webhooks, "components": COMPONENTS}, "spec.yaml")
    return {name: json.loads(body) for name, body in webhook_examples(spec)}


@pytest.mark.parametrize(
    "media",
    [
        {"schema": PET, "example": {"own": 1}, "examples": {"x": {"value": {"own": 2}}}},
        {"schema": PET, "examples": {"gone": {"externalValue": "http://x/"}, "x": {"value": {"own": 1}}}},
        {"schema": {**PET, "example": {"own": 1}}},
        {"schema": {**PET, "examples": [{"own": 1}]}},
    ],
)
def test_the_documents_own_example_comes_first(media: dict[str, Any]) -> None:
    """Of the media type before the schema's, and of several the first that is given in place."""
    assert made(media) == {"pet": {"own": 1}}


def test_an_example_of_the_document_needs_no_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an example for each webhook, the import of the generator, which takes a second, is saved."""
    monkeypatch.setitem(sys.modules, "harness.openapi.generation", None)

    assert made({"schema": PET, "example": {"own": 1}}) == {"pet": {"own": 1}}


def test_without_one_the_simplest_is_made_and_valid() -> None:
    """It conforms to the schema, formats and references included, and is the same each time."""
    body = made({"schema": PET})["pet"]

    jsonschema_rs.Draft202012Validator({**PET, "components": COMPONENTS}, validate_formats=True).validate(body)
    assert body == made({"schema": PET})["pet"]


@pytest.mark.parametrize("schema", [{"not": {}}, {"type": "object", "required": ["a"], "properties": {"a": False}}])
def test_a_schema_that_admits_nothing_is_told(schema: dict[str, Any]) -> None:
    """The message names document and webhook, and what to do."""
    with pytest.raises(SpecError, match=r"spec\.yaml: no example of the webhook 'pet' can be made: .* `example`\."):
        made({"schema": schema})


def test_a_document_without_webhooks_is_told() -> None:
    """The message says since when there are any."""
    with pytest.raises(SpecError, match=r"spec\.yaml describes no `webhooks` .* 3\.1"):
        list(webhook_examples(Spec({"openapi": "3.0.3", "paths": {}}, "spec.yaml")))


def test_a_refused_body_is_without_what_it_needs() -> None:
    """One required member is missing; a body that needs none cannot be refused that way."""
    schema: dict[str, Any] = {"type": "object", "required": ["b"], "properties": {"a": {}, "b": {}}}
    media = {"application/json": {"schema": schema}}
    paths = {"/x": {"post": {"requestBody": {"content": media}, "responses": {}}}}
    spec = Spec({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}, "x")

    assert refused_body(spec, spec.operations[0], {"a": 1, "b": 2}) == {"a": 1}
    assert refused_body(spec, spec.operations[0], ["b"]) is None
    schema.pop("required")
    spec = Spec({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}, "x")
    assert refused_body(spec, spec.operations[0], {"a": 1}) is None
