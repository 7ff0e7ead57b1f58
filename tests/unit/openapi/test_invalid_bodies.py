"""Bodies that one change makes invalid, as the document decides."""

from __future__ import annotations

from typing import Any

from harness.openapi.invalid_bodies import invalid_bodies
from harness.openapi.spec_document import Spec

TEXT = {"type": "string"}
MONTH = {"type": "integer", "maximum": 12, "example": 1}
CARD = {
    "type": "object",
    "required": ["kind", "number"],
    "properties": {
        "kind": {"const": "card", **TEXT},
        "number": TEXT,
        "month": {"type": "integer", "maximum": 12, "example": 1},
    },
}
BANK = {"type": "object", "required": ["kind", "account"], "properties": {"kind": {"const": "bank"}, "account": TEXT}}


def changes(schema: dict[str, Any], body: Any, answered: dict[str, Any] | None = None) -> list[tuple[str, str, Any]]:
    post = {"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {}}
    spec = Spec({"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {"/a": {"post": post}}}, "x")
    found = invalid_bodies(spec, spec.operation("POST /a"), body, answered)
    return [(each.change, each.pointer, each.value) for each in found]


def test_each_scalar_is_tried_as_another_type_before_all_else() -> None:
    """The likeliest mistakes come first: numbers as text, booleans as numbers."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}, "b": {"type": "boolean"}, "t": TEXT}}
    assert changes(schema, {"n": 5, "b": True, "t": "x"})[:5] == [
        ("a number as text", "/n", "5"),
        ("a boolean for a number", "/n", True),
        ("a boolean as text", "/b", "true"),
        ("a number for a boolean", "/b", 1),
        ("a number for text", "/t", 17),
    ]


def test_what_the_schema_admits_is_not_tried() -> None:
    """A choice of types, a schema that admits anything and a format forbid nothing."""
    schema = {
        "properties": {"any": {}, "either": {"type": ["string", "integer", "boolean", "null", "array", "object"]}}
    }
    assert [c for c in changes(schema, {"any": 5, "either": "x"}) if c[1] != ""] == []
    assert changes({"type": "string", "format": "email"}, "a@example.com")[0][0] == "a number for text"
    assert not [c for c in changes({"type": "string", "format": "email"}, "a@example.com") if isinstance(c[2], str)]


def test_limits_are_crossed_by_one() -> None:
    """The first value beyond each limit shows whether it is checked."""
    schema = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 1, "exclusiveMaximum": 9},
            "t": {"type": "string", "minLength": 2, "maxLength": 3},
            "l": {"type": "array", "maxItems": 1, "items": TEXT},
        },
    }
    beyond = [c for c in changes(schema, {"n": 5, "t": "abc", "l": ["x"]}) if "limits" in c[0]]
    assert beyond == [
        ("a number that its limits exclude", "/n", 0),
        ("a number that its limits exclude", "/n", 9),
        ("a text that its limits exclude", "/t", "abcc"),
        ("a text that its limits exclude", "/t", "a"),
        ("a list that its limits exclude", "/l", ["x", "x"]),
    ]


def test_optional_members_are_added_in_a_wrong_type_where_the_right_one_fits() -> None:
    """A member of another choice of ``oneOf`` is wrong here whatever its type, which shows nothing."""
    schema = {"oneOf": [CARD, BANK], "unevaluatedProperties": False}
    assert not [c for c in changes(schema, {"kind": "card", "number": "1"}) if c[1] in ("/account", "/month")]
    added = [c for c in changes(CARD, {"kind": "card", "number": "1"}) if c[1] == "/month"]
    assert added[:2] == [("a number as text", "/month", "1"), ("a boolean for a number", "/month", True)]
    assert ("a fraction for a whole number", "/month", 1.5) in added
    assert ("a number that its limits exclude", "/month", 13) in added
    assert None not in [c[2] for c in added]


def test_members_that_only_answers_have_are_excluded_where_the_schema_is_closed() -> None:
    """A client that can choose the id of a new resource can take another's place."""
    closed = {"type": "object", "properties": {"name": TEXT}, "additionalProperties": False}
    answered = {"id": "1", "name": "x"}
    assert ("a member that the spec excludes", "/id", "1") in changes(closed, {"name": "x"}, answered)
    assert not [c for c in changes({**closed, "additionalProperties": True}, {"name": "x"}, answered) if c[1] == "/id"]


def test_members_that_are_only_read_are_left_alone() -> None:
    """What a provider ignores in a request may hold anything."""
    schema = {"type": "object", "properties": {"id": {"type": "integer", "readOnly": True}, "name": TEXT}}
    assert {c[1] for c in changes(schema, {"id": 5, "name": "x"})} == {"", "/name"}


def test_a_body_that_is_invalid_itself_is_not_changed() -> None:
    """What the provider accepts against its document says nothing about one change of it."""
    assert changes(CARD, {"kind": "bank"}) == []
