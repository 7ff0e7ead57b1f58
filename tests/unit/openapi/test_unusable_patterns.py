"""Patterns that do not compile: named once each, where they are part of a schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from harness.cli.main import main
from harness.openapi.spec_document import Spec
from harness.openapi.unusable_patterns import unusable_patterns

BROKEN = "([a-z"


def described(schema: dict[str, Any]) -> Spec:
    paths = {"/things": {"get": {"responses": {"200": {"description": "Things"}}}}}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    return Spec({**document, "components": {"schemas": {"A": schema}}}, "openapi.json", "http://127.0.0.1:9")


def test_each_pattern_is_named_once_at_its_first_place() -> None:
    """In properties, in names of properties, and beside others that compile, as ECMA-262 has them."""
    name = {"type": "string", "pattern": BROKEN}
    right = {"pattern": r"^\p{L}+$", "patternProperties": {"^x-": {}, "*": name}}

    found = unusable_patterns(described({"properties": {"a": name, "b": name, "c": right}}))

    assert list(found) == [
        "/components/schemas/A/properties/a/pattern",
        "/components/schemas/A/properties/c/patternProperties/*",
    ]
    sentence = found["/components/schemas/A/properties/a/pattern"]
    assert sentence.startswith("'([a-z' does not compile as a regular expression (ECMA-262 with Unicode")
    assert sentence.endswith("no value is validated against a schema with it: correct the pattern")


def test_data_and_names_are_no_patterns() -> None:
    """A property of that name, an example and a default may have any text there."""
    named = {"properties": {"pattern": {"type": "string", "default": {"pattern": BROKEN}}}}

    assert unusable_patterns(described({**named, "example": {"pattern": BROKEN}, "const": {"pattern": BROKEN}})) == {}


def test_the_check_of_a_document_prints_them(tmp_path: Path) -> None:
    """As what is not checked, for people and for programs; such a document may be right for another engine."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(described({"pattern": BROKEN}).raw))

    shown, read = (CliRunner().invoke(main, ["spec", "check", str(path), *words]) for words in ([], ["--json"]))

    assert f"not checked: /components/schemas/A/pattern: '{BROKEN}' does not compile" in shown.output
    assert list(json.loads(read.output)["not_checked"]) == ["/components/schemas/A/pattern"]
    assert (shown.exit_code, read.exit_code) == (0, 0)
