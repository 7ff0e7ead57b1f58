from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.http.message import Headers, Request
from harness.openapi.spec_document import Spec, load_spec

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "T", "version": "1"},
    "paths": {
        "/runs/{runId}": {
            "parameters": [
                {"name": "runId", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
            ],
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
                    {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                    {"name": "name", "in": "query", "schema": {"type": "string"}},
                    {"name": "X-Tenant", "in": "header", "required": True, "schema": {"enum": ["a", "b"]}},
                ],
                "responses": {"200": {"description": "ok"}},
                "security": [{"key": []}],
            },
            "put": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {"name": {"type": "string", "maxLength": 5}},
                                "additionalProperties": False,
                            }
                        }
                    },
                },
                "responses": {"200": {"description": "ok"}},
            },
        }
    },
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
}
JSON = (("Content-Type", "application/json; charset=utf-8"),)
TENANT = (("x-tenant", "a"),)


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Spec:
    folder = tmp_path_factory.mktemp("spec")
    (folder / "openapi.json").write_text(json.dumps(DOCUMENT))
    return load_spec("openapi.json", root=folder, base_url="https://api.example.com/v1")


FINE: list[tuple[str, str, Headers, bytes]] = [
    ("GET", "/v1/runs/5", TENANT, b""),
    ("GET", "https://api.example.com/v1/runs/5?limit=7&tag=a&tag=b&name=12&other=x", TENANT, b""),
    ("GET", "/runs/5?tag=a,b&name=true", TENANT, b""),
    ("PUT", "/v1/runs/5", JSON, b'{"name": "x"}'),
    ("PUT", "/v1/runs/5", JSON, b'{"name": "[REDACTED received name]"}'),
]


@pytest.mark.parametrize("method,target,headers,body", FINE)
def test_a_request_that_conforms_is_let_be(spec: Spec, method: str, target: str, headers: Headers, body: bytes) -> None:
    """Text on the wire is read as whatever the document allows; credentials and placeholders are not judged."""
    assert spec.request_violations(Request(method=method, url=target, headers=headers, body=body)) == []


WRONG: list[tuple[str, str, Headers, bytes, str]] = [
    ("GET", "/v1/other", (), b"", "GET /v1/other: no operation of openapi.json describes this call"),
    ("POST", "/v1/runs/5", (), b"", "POST /v1/runs/5: no operation"),
    ("GET", "/v1/runs/0", TENANT, b"", "GET /runs/{runId}: path parameter runId: 0 is less than the minimum of 1"),
    ("GET", "/v1/runs/5?limit=101", TENANT, b"", "query parameter limit: 101 is greater than the maximum of 100"),
    ("GET", "/v1/runs/5?limit=x", TENANT, b"", 'query parameter limit: "x" is not of type "integer"'),
    ("GET", "/v1/runs/5", (), b"", "header X-Tenant is missing"),
    ("GET", "/v1/runs/5", (("X-Tenant", "c"),), b"", 'header X-Tenant: "c" is not one of'),
    ("PUT", "/v1/runs/5", JSON, b"", "a body is missing"),
    ("PUT", "/v1/runs/5", JSON, b"{", "the body is not JSON"),
    ("PUT", "/v1/runs/5", JSON, b'{"name": "toolong"}', 'body $.name: "toolong" is longer than 5 characters'),
    ("PUT", "/v1/runs/5", JSON, b'{"name": "a", "x": 1}', "body $: Additional properties are not allowed"),
    ("PUT", "/v1/runs/5", (("content-type", "text/plain"),), b"x", "content type text/plain is not described"),
]


@pytest.mark.parametrize("method,target,headers,body,expected", WRONG)
def test_a_request_that_breaks_the_document_is_told_where(
    spec: Spec, method: str, target: str, headers: Headers, body: bytes, expected: str
) -> None:
    """Each violation names the operation, the place and what is wrong."""
    found = spec.request_violations(Request(method=method, url=target, headers=headers, body=body))

    assert len(found) == 1
    assert expected in found[0]


def test_the_sandbox_own_scenario_conforms() -> None:
    """No false alarm on what the reference integration sends."""
    spec = load_spec("harness/sandbox/openapi.yaml", root=Path(__file__).parents[3])
    body = b'{"name":"Nightly export","ownerEmail":"owner@example.com"}'

    assert (
        spec.request_violations(
            Request(method="POST", url="/projects", headers=(*JSON, ("Idempotency-Key", "9d3c2f4e-2a6b")), body=body)
        )
        == []
    )
    assert spec.request_violations(Request(method="GET", url="/runs?projectId=prj_984077b750727a80&limit=5")) == []
