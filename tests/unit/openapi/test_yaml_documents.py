"""Documents in YAML mean what YAML 1.2 says; recordings of PyYAML are read as 1.1."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cassettes.store.vcr_names import CassetteLoader
from harness.core.yaml import read_yaml
from harness.http.message import Request
from harness.openapi.document_checks import check_document
from harness.openapi.spec_document import Spec, load_spec


def spec_of(folder: Path, text: str) -> Spec:
    (folder / "openapi.yaml").write_text(text, encoding="utf-8")
    return load_spec("openapi.yaml", root=folder)


def slips(spec: Spec) -> list[str]:
    return [slip.complaint for result in check_document(spec) for slip in result.slips]


VALUES: dict[str, tuple[str, str, str]] = {
    "the code of Norway": ("{type: string, enum: [DK, NO, SE]}", "NO", "no"),
    "the code of Ontario": ("{type: string, enum: [ON, QC]}", "ON", "true"),
    "a switch": ("{type: string, enum: [on, off]}", "off", "false"),
    "an answer": ("{type: string, enum: [y, n]}", "y", "yes"),
    "an operator": ("{type: string, enum: [=, <, <<]}", "<<", "=="),
    "a time": ("{type: string, format: time}", "12:30:45", "noon"),
    "a ratio": ("{type: string, pattern: '^[0-9]+:[0-9]+$'}", "4:30", "4"),
    "a MAC address": ("{type: string, maxLength: 8}", "10:20:30", "10:20:30:4"),
    "a number with underscores": ("{type: string}", "1_000", "1000"),
    "a date": ("{type: string, format: date}", "2024-02-29", "2024-02-30"),
    "a version": ("{type: string, enum: [1.0.0, 2024-01-01]}", "2024-01-01", "1.0"),
    "a large bound": ("{type: integer, maximum: 1e9}", "1000", "1e10"),
    "octal": ("{type: integer, maximum: 0o17}", "15", "16"),
    "decimal with a zero in front": ("{type: integer, maximum: 010}", "010", "11"),
    "hexadecimal": ("{type: integer, const: 0x1F}", "31", "30"),
}


@pytest.mark.parametrize("schema, right, wrong", VALUES.values(), ids=VALUES)
def test_values(tmp_path: Path, schema: str, right: str, wrong: str) -> None:
    """The same text means the same in schema, example and request; another is refused."""
    text = "openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\npaths: {{/x: {{get: {{parameters: [{{name: c, in: query, "
    text += "schema: {}, example: {}}}], responses: {{200: {{description: ok}}}}}}}}}}"
    spec = spec_of(tmp_path, text.format(schema, right))

    assert slips(spec) == []
    assert spec.request_violations(Request(method="GET", url=f"/x?c={right.removeprefix('0')}")) == []
    assert slips(spec_of(tmp_path, text.format(schema, wrong))) != []


@pytest.mark.parametrize("version", ["openapi: 3.1", "openapi: 3.0", "swagger: 2.0", "openapi: 3.0.0"])
def test_unquoted_versions_and_keys(tmp_path: Path, version: str) -> None:
    """A version of two parts is one, and statuses and names of properties are texts."""
    spec = spec_of(
        tmp_path,
        f"{version}\ninfo: {{title: t, version: 1.0}}\n"
        "paths: {/x: {get: {responses: {200: {description: ok}, 4XX: {description: no}}}}}\n"
        "x-on: {on: 1, no: 2, 1e3: 3, 2020-01-01: 4, null: 5}\n",
    )

    assert [[*operation.responses] for operation in spec.readable] == [["200", "4XX"]]
    assert [*spec.raw["x-on"]] == ["on", "no", "1e3", "2020-01-01", "null"]


def test_keys_that_are_repeated(tmp_path: Path) -> None:
    """They are reported with file and line, of each file of the document."""
    (tmp_path / "p.yaml").write_text("get:\n  responses:\n    200: {description: a}\n    '200': {description: b}\n")
    spec = spec_of(
        tmp_path, "openapi: 3.0.3\ninfo: {title: t, version: 1}\npaths:\n  /x: {$ref: p.yaml}\n  /x: {$ref: p.yaml}\n"
    )

    (result,) = [result for result in check_document(spec) if result.slips]
    assert result.summary == "Keys in files of YAML are repeated (2 of 2)"
    assert [(slip.pointer, slip.complaint) for slip in result.slips] == [
        ("openapi.yaml", "line 5: the key '/x' is there already; only this value counts"),
        ("p.yaml", "line 4: the key '200' is there already; only this value counts"),
    ]


def test_half_a_surrogate_pair_leaves_other_schemas_checked(tmp_path: Path) -> None:
    """What UTF-8 cannot encode, which JSON can escape, is no reason to check nothing."""
    content = '{"application/json": {"schema": {"type": "integer"}, "example": "x"}}'
    spec = spec_of(
        tmp_path,
        '{"openapi": "3.0.3", "info": {"title": "\\ud800", "version": "1"}, "paths": {"/x": {"get": {"responses":'
        f' {{"200": {{"description": "ok", "content": {content}}}}}}}}}}}}}',
    )

    assert slips(spec) == ['GET /x: it: "x" is not of type "integer"']
    assert "Keys in files of YAML: none checked" in [result.summary for result in check_document(Spec(spec.raw, "x"))]


def test_recordings_are_yaml_1_1() -> None:
    """PyYAML writes them, and quotes what it would read otherwise."""
    text = b"a: NO\nb: 'NO'\nc: 010\nd: 1_000\ne: off"

    assert read_yaml(text, loader=CassetteLoader) == {"a": False, "b": "NO", "c": 8, "d": 1000, "e": False}
    assert read_yaml(text) == {"a": "NO", "b": "NO", "c": 10, "d": "1_000", "e": "off"}
