"""Extensions, documents of webhooks alone, callbacks, and what only OpenAPI 2.0 has are known to every reader."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.contract.coverage import joined
from harness.openapi.document_checks import check_document
from harness.openapi.examples import examples, webhook_examples
from harness.openapi.spec_document import Spec

INFO = {"title": "t", "version": "1"}
WHOLE = {"type": "object", "properties": {"n": {"type": "integer"}}}
JSON = {"application/json": {"schema": WHOLE, "example": {"n": 5}}}
OK: dict[str, Any] = {"responses": {"200": {"description": "ok"}}}
EXTENDED: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": INFO,
    "x-top": {"get": OK},
    "paths": {
        "x-below-paths": {"get": OK},
        "x-text": "not a path",
        "/a": {
            "x-item": {"responses": {}},
            "get": {
                "x-operation": 1,
                "responses": {
                    "x-note": "no response",
                    "x-object": {"description": "none"},
                    "200": {"description": "ok", "x-y": 1, "content": JSON},
                },
                "callbacks": {
                    "done": {
                        "x-note": {"post": OK},
                        "{$request.query.url}": {"post": {"requestBody": {"content": JSON}, **OK}, "x-a": 1},
                    }
                },
            },
        },
    },
    "components": {"x-schemas": {"A": {"example": 1}}, "schemas": {"x-named-so": {"type": "string", "example": "a"}}},
}


def spec_of(document: dict[str, Any]) -> Spec:
    return Spec(json.loads(json.dumps(document)), "api.json")


def seen(spec: Spec) -> dict[str, int]:
    return {result.check.id: result.seen for result in check_document(spec)}


def wrong(spec: Spec) -> dict[str, list[str]]:
    return {r.check.id: [slip.pointer for slip in r.slips] for r in check_document(spec) if r.slips}


def test_extensions_are_no_part_of_the_description() -> None:
    """Keys that begin with `x-` are no path, no response and no callback, wherever an object may be extended."""
    spec = spec_of(EXTENDED)

    assert list(spec.places) == ["GET /a"]
    assert list(spec.operations[0].responses) == ["200"]
    assert joined(spec, []).operations[0].responses == ("200",)
    assert [o.label for o in spec.callbacks] == ["POST {$request.query.url}"]
    assert spec.operation("GET /a").raw is not None
    assert wrong(spec) == {}


def test_bodies_of_callbacks_are_checked() -> None:
    """An example of a callback's body is held against its schema."""
    document = json.loads(json.dumps(EXTENDED))
    callback = document["paths"]["/a"]["get"]["callbacks"]["done"]["{$request.query.url}"]["post"]
    callback["requestBody"]["content"]["application/json"]["example"] = {"n": "x"}

    assert seen(spec_of(EXTENDED))["request-examples"] == 1
    assert list(wrong(spec_of(document))) == ["request-examples"]


WEBHOOKS: dict[str, dict[str, Any]] = {
    "webhooks alone": {"webhooks": {"x-ray.done": {"post": {"requestBody": {"content": JSON}, **OK}}}},
    "before 3.1": {"x-webhooks": {"done": {"post": {"requestBody": {"content": JSON}, **OK}}}},
    "behind a reference": {
        "webhooks": {"done": {"$ref": "#/components/pathItems/Done"}},
        "components": {"pathItems": {"Done": {"post": {"requestBody": {"content": JSON}, **OK}}}},
    },
}


@pytest.mark.parametrize("keys", WEBHOOKS.values(), ids=WEBHOOKS)
def test_a_document_of_webhooks_alone(keys: dict[str, Any]) -> None:
    """Its webhooks are counted, their examples are checked, and their security counts as required."""
    components = {"securitySchemes": {"key": {"type": "http", "scheme": "basic"}}, **keys.get("components", {})}
    spec = spec_of({"openapi": "3.1.0", "info": INFO, **keys, "components": components, "security": [{"key": []}]})

    assert (seen(spec)["webhook-schemas"], seen(spec)["request-examples"], seen(spec)["responses"]) == (1, 1, 0)
    assert wrong(spec) == {}
    assert [json.loads(body) for _, body in webhook_examples(spec)] == [{"n": 5}]


def test_a_webhook_requires_a_scheme_and_breaks_its_schema() -> None:
    """What a webhook alone requires is required; its wrong example is found."""
    post = {"requestBody": {"content": {"application/json": {"schema": WHOLE, "example": {"n": "x"}}}}, **OK}
    schemes = {name: {"type": "http", "scheme": "basic"} for name in ("used", "unused")}
    webhooks = {"done": {"post": {**post, "security": [{"used": []}]}}}
    components = {"securitySchemes": schemes}
    spec = spec_of({"openapi": "3.1.0", "info": INFO, "webhooks": webhooks, "components": components})

    assert wrong(spec) == {
        "request-examples": ["/webhooks/done/post/requestBody/content/application~1json/example"],
        "security": ["/components/securitySchemes/unused"],
    }


SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "info": INFO,
    "paths": {
        "/a": {
            "post": {
                "parameters": [{"in": "body", "name": "body", "schema": {"$ref": "#/definitions/A"}}],
                "responses": {
                    "200": {
                        "description": "ok",
                        "schema": {"$ref": "#/definitions/A"},
                        "examples": {"application/json": {"n": 5}, "text/html": "<p>", "x-note": 1},
                    },
                    "x-none": {"description": "none", "examples": {"application/json": 1}},
                },
            }
        }
    },
    "definitions": {"A": {**WHOLE, "example": {"n": 7}}, "x-named-so": {"type": "string"}},
}


def test_examples_and_definitions_of_swagger_2() -> None:
    """Examples of responses by media type, and those in definitions, are checked; the second are sent."""
    spec = spec_of(SWAGGER)

    assert (seen(spec)["response-examples"], seen(spec)["schema-examples"]) == (1, 1)
    assert wrong(spec) == {}
    assert list(examples(spec.operations[0])) == [{"n": 7}]


@pytest.mark.parametrize("place", ["response-examples", "schema-examples"])
def test_wrong_examples_of_swagger_2(place: str) -> None:
    """Each that breaks its schema is found at its place."""
    document = json.loads(json.dumps(SWAGGER))
    if place == "schema-examples":
        document["definitions"]["A"]["example"] = {"n": "x"}
    else:
        document["paths"]["/a"]["post"]["responses"]["200"]["examples"]["application/json"] = {"n": "x"}
    pointers = {
        "response-examples": "/paths/~1a/post/responses/200/examples/application~1json",
        "schema-examples": "/definitions/A/example",
    }

    assert wrong(spec_of(document)) == {place: [pointers[place]]}
