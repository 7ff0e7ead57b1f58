"""What keeps an operation's description from being tested is told, with the place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.model import Outcome
from harness.openapi.document_flaws import flaws
from harness.openapi.spec_document import Spec, load_spec
from tests.unit.conftest import Attacker, Serve, document

OK: dict[str, Any] = {"responses": {"200": {"description": "fine"}}}


def body(schema: Any) -> dict[str, Any]:
    return {**OK, "requestBody": {"content": {"application/json": {"schema": schema}}}}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS = {
    "Deep": {"type": "object", "properties": {"x": {"items": ref("Missing")}}},
    "Circle": ref("Round"),
    "Round": ref("Circle"),
    "Tree": {"type": "object", "properties": {"left": ref("Tree"), "n": {"type": ["integer", "null"]}}},
    "Odd": {"type": "string", "format": "frobnicate", "example": {"$ref": "#/nowhere"}},
}

FLAWED = {
    "parameter": (
        {**OK, "parameters": [{"$ref": "#/components/parameters/None"}]},
        "#/components/parameters/None, which does not exist",
    ),
    "response": ({"responses": {"200": {"$ref": "#/components/responses/None"}}}, "does not exist in the document"),
    "body": (body(ref("None")), "it refers to #/components/schemas/None, which does not exist in the document"),
    "far below": (body(ref("Deep")), "it refers to #/components/schemas/Missing"),
    "circle": (body(ref("Circle")), "it refers to #/components/schemas/Circle, which refers back to itself"),
}


@pytest.mark.parametrize("operation, said", FLAWED.values(), ids=FLAWED.keys())
def test_a_reference_that_leads_nowhere_is_told(operation: dict[str, Any], said: str) -> None:
    """The reference is named."""
    spec = Spec(document({"/a": {"post": operation}}, components={"schemas": SCHEMAS}), "spec")

    assert any(said in flaw for flaw in flaws(spec, "POST /a"))


def test_a_parameter_that_the_path_needs_is_told() -> None:
    """A placeholder without a declared parameter is a flaw; one declared for the whole path is none."""
    shared = {"get": OK, "parameters": [{"name": "id", "in": "path", "required": True, "schema": {}}]}
    spec = Spec(document({"/a/{id}": {"get": OK}, "/b/{id}": shared}), "spec")

    assert list(flaws(spec, "GET /a/{id}")) == ["it declares no parameter for {id} of its path"]
    assert list(flaws(spec, "GET /b/{id}")) == []


ELSEWHERE = {"$ref": "http://127.0.0.2:9/common.yaml#/components/parameters/id"}
UNREADABLE = {
    "of the operation": {"get": {**OK, "parameters": [ELSEWHERE]}},
    "of the path": {"get": OK, "parameters": [ELSEWHERE]},
    "through another": {"get": {**OK, "parameters": [{"$ref": "#/components/parameters/Id"}]}},
}


@pytest.mark.parametrize("item", UNREADABLE.values(), ids=UNREADABLE)
def test_a_parameter_in_a_document_that_cannot_be_read_is_not_called_undeclared(
    attacker: Attacker, item: dict[str, Any]
) -> None:
    """The one error names the reference, and why it was not followed."""
    described = json.loads(json.dumps(document({"/a/{id}": item}, components={"parameters": {"Id": ELSEWHERE}})))
    spec = Spec(described, "spec", location="file:///openapi.yaml")

    assert list(flaws(spec, "GET /a/{id}")) == []
    [error] = attacker.fuzzer(spec, "http://127.0.0.1:9").fuzz("GET /a/{id}")
    assert error.outcome is Outcome.ERROR
    assert "http://127.0.0.2:9/common.yaml" in error.observed
    assert "URLs are not fetched here; save it beside the document" in error.observed


USABLE = {
    "recursive": body(ref("Tree")),
    "unknown format": body(ref("Odd")),
    "nullable of 3.0": body({"type": "string", "nullable": True}),
    "a list of types": body({"type": ["string", "integer", "null"]}),
    "no responses": {},
}


@pytest.mark.parametrize("operation", USABLE.values(), ids=USABLE.keys())
def test_unusual_descriptions_are_fuzzed(attacker: Attacker, serve: Serve, operation: dict[str, Any]) -> None:
    """They are legal: requests are made and no error is told."""
    described = document({"/a": {"post": operation}}, components={"schemas": SCHEMAS})
    url = serve(lambda call: (200, {}, None) if call.method == "POST" else (405, {"allow": "POST"}, None))

    findings = attacker.fuzzer(described, url, examples=3).fuzz("POST /a")

    assert [f.observed for f in findings if f.outcome is Outcome.ERROR] == []


UNUSABLE = {
    "contradiction": ({"type": "integer", "minimum": 3, "maximum": 1}, "Nothing satisfies"),
    "no such type": ({"type": "strng"}, "Invalid `type` definition"),
    "bottomless": (ref("Endless"), "Cannot generate test data for POST /a"),
}


@pytest.mark.parametrize("schema, said", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_requests_that_cannot_be_made_are_an_error(
    attacker: Attacker, serve: Serve, schema: dict[str, Any], said: str
) -> None:
    """The operation does not pass, and the finding says why no request can be made."""
    endless = {"type": "object", "required": ["x"], "properties": {"x": ref("Endless")}}
    operation = {**OK, "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
    described = document({"/a": {"post": operation}}, components={"schemas": {"Endless": endless}})
    url = serve(lambda call: (422, {}, None) if call.method == "POST" else (405, {"allow": "POST"}, None))

    findings = attacker.fuzzer(described, url, examples=3).fuzz("POST /a")

    told = [f.observed for f in findings if f.outcome is Outcome.ERROR]
    assert any(said in text for text in told), findings


def test_an_operation_that_cannot_be_read_is_an_error(attacker: Attacker) -> None:
    """Its item says why; the others are fuzzed all the same."""
    [finding] = attacker.fuzzer(document({"/a": [1]}), "http://127.0.0.1:9").fuzz("* /a")

    assert finding.outcome is Outcome.ERROR
    assert finding.summary == "* /a: its description cannot be read"
    assert "[provider] spec: * /a in spec cannot be read" in finding.observed


@pytest.mark.parametrize("there", [True, False])
def test_another_document_is_read_beside_this_one_or_missed(
    attacker: Attacker,
    serve: Serve,
    tmp_path: Path,
    there: bool,  # noqa: FBT001
) -> None:
    """What it describes is judged; where it cannot be read, the operation does not pass."""
    content = {"application/json": {"schema": {"$ref": "./parts/thing.yaml#/Thing"}}}
    described = document({"/a": {"get": {"responses": {"200": {"description": "x", "content": content}}}}})
    (tmp_path / "parts").mkdir()
    (tmp_path / "openapi.json").write_text(json.dumps(described))
    if there:
        (tmp_path / "parts" / "thing.yaml").write_text("Thing: {type: object}")
    url = serve(lambda call: (200, {}, []) if call.method == "GET" else (405, {"allow": "GET"}, None))
    fuzzer = attacker.fuzzer(load_spec("openapi.json", root=tmp_path), url, examples=3)

    told = [f"{f.summary} {f.observed}" for f in fuzzer.fuzz("GET /a")]

    assert any("Response violates schema" in text for text in told) is there
    missed = "its response `200` refers to ./parts/thing.yaml#/Thing, which cannot be read"
    assert any(missed in text for text in told) is not there
