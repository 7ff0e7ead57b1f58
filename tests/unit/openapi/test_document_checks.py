"""The document against itself: each slip is found at its place, and what is right is not complained of."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli.spec import spec as spec_command
from harness.errors import SpecError
from harness.model import Outcome
from harness.openapi.document_checks import CHECKS, check_document, judge_document
from harness.openapi.schemas import Schemas, dialect
from harness.openapi.spec_document import Spec

THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer", "example": 1}}}
GOOD: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "security": [{"key": []}],
    "paths": {
        "/things/{id}": {
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}, "example": 7},
            ],
            "put": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Thing"},
                            "examples": {"one": {"value": {"id": 1}}, "none": {"value": None}},
                        }
                    }
                },
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/Thing"},
                                "example": {"id": 1},
                            }
                        },
                    }
                },
            },
        }
    },
    "webhooks": {
        "made": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
            }
        }
    },
    "components": {
        "schemas": {"Thing": THING},
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    },
}


def operation(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"]["/things/{id}"]["put"]
    return found


def response(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = operation(document)["responses"]["200"]["content"]["application/json"]
    return found


# The check, how the good document is spoilt, where that stands, and what is said of it.
SLIPS: list[tuple[str, Callable[[dict[str, Any]], object], str, str]] = [
    (
        "response-examples",
        lambda d: response(d).update(example={"id": "one"}),
        "/paths/~1things~1{id}/put/responses/200/content/application~1json/example",
        'PUT /things/{id}: /id: "one" is not of type "integer"',
    ),
    (
        "request-examples",
        lambda d: operation(d)["requestBody"]["content"]["application/json"].update(examples={"odd": {"value": []}}),
        "/paths/~1things~1{id}/put/requestBody/content/application~1json/examples/odd",
        'PUT /things/{id}: it: [] is not of type "object"',
    ),
    (
        "parameter-examples",
        lambda d: d["paths"]["/things/{id}"]["parameters"][0].update(example="x"),
        "/paths/~1things~1{id}/parameters/0/example",
        'PUT /things/{id}: it: "x" is not of type "integer"',
    ),
    (
        "schema-examples",
        lambda d: d["components"]["schemas"]["Thing"]["properties"]["id"].update(example="x"),
        "/components/schemas/Thing/properties/id/example",
        'schema: it: "x" is not of type "integer"',
    ),
    (
        "responses",
        lambda d: operation(d).pop("responses"),
        "/paths/~1things~1{id}/put",
        "it describes no response, so no response can be validated",
    ),
    (
        "security",
        lambda d: d.pop("security"),
        "/components/securitySchemes/key",
        "no operation requires it; is every operation meant to be public?",
    ),
    (
        "security",
        lambda d: operation(d).update(security=[{"token": []}]),
        "/paths/~1things~1{id}/put/security",
        "it names 'token', which is not a security scheme",
    ),
    (
        "references",
        lambda d: d["components"].update(responses={"Gone": {"$ref": "#/components/responses/None"}}),
        "#/components/responses/None",
        "there is no such place in the document",
    ),
    (
        "webhook-schemas",
        lambda d: d["webhooks"]["made"]["post"].pop("requestBody"),
        "/webhooks/made",
        "no JSON schema describes its body",
    ),
]


def test_a_document_that_agrees_with_itself_passes() -> None:
    """Every check looks at something and finds nothing; an example without a value is no example."""
    found = judge_document(Spec(copy.deepcopy(GOOD), "things.yaml", repeated={"things.yaml": []}))

    assert [f.outcome for f in found] == [Outcome.PASS] * len(CHECKS)


@pytest.mark.parametrize("check, spoil, pointer, said", SLIPS)
def test_a_slip_is_found_at_its_place(check: str, spoil: Callable[[Any], object], pointer: str, said: str) -> None:
    """One slip is one complaint of one check, with its JSON pointer."""
    document = copy.deepcopy(GOOD)
    spoil(document)
    slips = {
        r.check.id: [(s.pointer, s.complaint) for s in r.slips]
        for r in check_document(Spec(document, "things.yaml"))
        if r.slips
    }

    assert slips == {check: [(pointer, said)]}


def test_what_a_document_lacks_is_not_applicable() -> None:
    """Without webhooks nothing is claimed of them."""
    document = {k: v for k, v in GOOD.items() if k != "webhooks"}
    found = {f.case: f for f in judge_document(Spec(document, "things.yaml"))}

    assert found["webhook-schemas"].outcome is Outcome.NOT_APPLICABLE
    assert found["webhook-schemas"].summary == "Webhooks: none checked in things.yaml"


def test_the_command_prints_the_slips_and_exits_1(tmp_path: Path) -> None:
    """`harness spec check` tells figures and places; 0 without a slip, 1 with one; long lists are cut, --all is not."""
    file = tmp_path / "things.json"
    file.write_text(json.dumps(GOOD))
    good = CliRunner().invoke(spec_command, ["check", str(file)])
    document = copy.deepcopy(GOOD)
    response(document)["examples"] = {f"e{n}": {"value": n} for n in range(11)}
    file.write_text(json.dumps(document))
    bad = CliRunner().invoke(spec_command, ["check", str(file)])
    whole = CliRunner().invoke(spec_command, ["check", "--all", str(file)])

    assert (good.exit_code, bad.exit_code, whole.exit_code) == (0, 1, 1)
    assert "Examples of responses follow their schemas (1 checked)" in good.output
    assert "Examples of responses break their schemas (11 of 12)" in bad.output
    assert f"and 1 more: harness spec check --all {file}" in bad.output
    assert whole.output.count('is not of type "object"') == 11


@pytest.mark.parametrize(
    "written, read",
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"], "nullable": True}),
        ({"$ref": "#/x", "nullable": True}, {"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}),
        (
            {"allOf": [{"$ref": "#/x"}, {"type": "object"}], "nullable": True},
            {"allOf": [{"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}, {"type": ["object", "null"]}], "nullable": True},
        ),
        ({"oneOf": [{"enum": [1]}], "nullable": True}, {"oneOf": [{"enum": [1]}, {"type": "null"}], "nullable": True}),
        ({"enum": ["a"], "nullable": True}, {"enum": ["a", None], "nullable": True}),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
    ],
)
def test_the_dialect_of_openapi_3_0_is_understood(written: Any, read: Any) -> None:
    """`nullable` and excluded bounds become JSON Schema, with every part at its place."""
    assert dialect(written) == read


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a: [", "spec.yaml is neither JSON nor YAML: line 2: did not find expected node content. Correct it"),
        ("a: 1", "spec.yaml is not an OpenAPI document: it has no `openapi` key at the top. Name the file"),
        ("openapi: 3.1.0", "spec.yaml describes no operation: `paths` is empty. Name a document"),
    ],
    ids=["syntax", "another-document", "empty"],
)
def test_the_command_names_the_file_that_it_was_given(tmp_path: Path, text: str, expected: str) -> None:
    """The message names the file of the command line, and not harness.toml, which may not exist."""
    (tmp_path / "spec.yaml").write_text(text)

    with pytest.raises(SpecError) as refused:
        CliRunner().invoke(spec_command, ["check", str(tmp_path / "spec.yaml")], catch_exceptions=False)

    assert str(refused.value).startswith(f"{tmp_path}/{expected}")


def test_a_schema_without_an_example_is_never_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document without examples is checked without a validator: those of a large one take half a minute."""
    document = copy.deepcopy(GOOD)
    del response(document)["example"], document["paths"]["/things/{id}"]["parameters"][0]["example"]
    operation(document)["requestBody"]["content"]["application/json"]["examples"] = {"none": {"value": None}}
    document["components"]["schemas"]["Thing"]["properties"]["id"]["example"] = None
    compiled: list[str] = []
    monkeypatch.setattr(Schemas, "at", lambda _, pointer: compiled.append(pointer))
    seen = {result.check.id: result.seen for result in check_document(Spec(document, "spec.json"))}
    assert compiled == []
    assert seen["response-examples"] == seen["schema-examples"] == 0
    check_document(Spec(copy.deepcopy(GOOD), "spec.json"))
    assert len(compiled) == 4
