"""An invalid body that was accepted has the same cause, whether it was generated or made of a valid one."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from harness.openapi.accepted_body import accepted_cause
from harness.openapi.invalid_bodies import invalid_bodies
from harness.openapi.spec_document import Spec
from tests.unit.conftest import document

TYPES = ("string", "integer", "number", "boolean", "object", "array")
SCHEMA = {"type": "object", "properties": {name: {"type": name} for name in TYPES}, "additionalProperties": False}
VALID = {"string": "a", "integer": 2, "number": 0.5, "boolean": False, "object": {}, "array": []}
BODY = {"content": {"application/json": {"schema": SCHEMA}}}
SPEC = Spec(document({"/a": {"post": {"requestBody": BODY, "responses": {"200": {"description": "fine"}}}}}), "spec")
OPERATION = SPEC.operation("POST /a")


def cause(body: Any) -> str:
    return accepted_cause(SPEC, OPERATION, httpx.Request("POST", "http://provider/a", content=json.dumps(body)))


def test_both_checks_word_a_value_of_another_type_alike() -> None:
    """What `invalid-input` sends has its own words as the cause, for each type."""
    made = [each for each in invalid_bodies(SPEC, OPERATION, VALID) if "excludes" not in each.change]

    assert len(made) > 25
    assert {(each.change, cause(each.body)) for each in made} == {
        (each.change, f"accepts {each.change}") for each in made
    }


@pytest.mark.parametrize(
    "body", [VALID, {**VALID, "more": 1}, {**VALID, "string": 1, "array": 1}], ids=["valid", "one more", "two values"]
)
def test_what_is_not_one_value_of_another_type_has_no_cause_in_common(body: Any) -> None:
    """Such a finding remains by itself."""
    assert cause(body) == ""


def test_what_is_no_json_has_no_cause_in_common() -> None:
    """A form or a broken body is judged by other checks."""
    assert accepted_cause(SPEC, OPERATION, httpx.Request("POST", "http://provider/a", content=b"{")) == ""
