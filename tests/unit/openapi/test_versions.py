"""Versions of OpenAPI: what 3.2 adds is read like what all versions have, and an unknown version is refused."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from harness.errors import SpecError
from harness.http.message import Request
from harness.model import Outcome
from harness.openapi.document_checks import check_document
from harness.openapi.reading import read_document
from harness.openapi.spec_document import Spec

if TYPE_CHECKING:
    from tests.unit.conftest import Attacker, Call, Reply, Serve

OK: dict[str, Any] = {"responses": {"200": {"description": "ok"}}}
UNSUPPORTED = {
    "4.0, YAML": ("# ours\nopenapi: 4.0.0\npaths: {/a: {get: {}}}\n", "line 2: version 4.0.0"),
    "3.3, YAML": ('info: {}\n"openapi": "3.3.0"\npaths: {/a: {get: {}}}\n', "line 2: version 3.3.0"),
    "5, JSON": ('{\n  "info": {},\n  "openapi": "5",\n  "paths": {"/a": {"get": {}}}\n}', "line 3: version 5"),
    "JSON in one line": ('{"openapi": "10.1", "paths": {"/a": {"get": {}}}}', "line 1: version 10.1"),
    "1.2": ('swaggerVersion: "1.2"\nswagger: 1.2\npaths: {/a: {get: {}}}\n', "line 2: version 1.2"),
}
SUPPORTED = ["2.0", "3.0.0", "3.0.4", "3.1.0", "3.1.2", "3.2.0", "3.2", "3.0.0-rc2"]


@pytest.mark.parametrize("text, expected", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_an_unknown_version_is_refused_with_its_line(text: str, expected: str) -> None:
    """What the version means is not known, so nothing is read as if it were another one."""
    with pytest.raises(SpecError) as caught:
        read_document(text.encode(), "api.yaml")

    assert str(caught.value).startswith(f"api.yaml: {expected} of OpenAPI is not supported (2.0, 3.0, 3.1 and 3.2 are)")


@pytest.mark.parametrize("version", SUPPORTED)
def test_known_versions_are_read(version: str) -> None:
    """Also patches that nobody knows yet."""
    key = "swagger" if version == "2.0" else "openapi"

    assert read_document(f"{key}: {version}\npaths: {{/a: {{get: {{}}}}}}".encode(), "x")[key] is not None


def document(**keys: Any) -> dict[str, Any]:
    return {"openapi": "3.2.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": OK}}, **keys}


ADDITIONAL = {"get": OK, "query": OK, "additionalOperations": {"PURGE": OK, "LOCK": OK}}


@pytest.mark.parametrize("item", [ADDITIONAL, {"$ref": "#/components/pathItems/A"}], ids=["in place", "referenced"])
@pytest.mark.parametrize("method", ["QUERY", "PURGE", "LOCK"])
def test_methods_of_3_2_are_called(attacker: Attacker, serve: Serve, item: dict[str, Any], method: str) -> None:
    """Additional operations are found, called and judged like others."""
    seen: list[str] = []

    def provider(call: Call) -> Reply:
        seen.append(call.method)
        return (200 if call.method in ("GET", "QUERY", "LOCK") else 418), {"allow": "GET"}, None

    whole = document(paths={"/a": item}, components={"pathItems": {"A": ADDITIONAL}})
    found = attacker.fuzzer(whole, serve(provider), examples=3).fuzz(f"{method} /a")

    assert method in seen
    blamed = [f.summary for f in found if f.outcome is Outcome.FAIL and "ndocumented status" in f.summary]
    assert bool(blamed) is (method == "PURGE")


def test_a_method_in_small_letters_is_not_checked() -> None:
    """Methods are case-sensitive, and none is sent in another spelling than the document's."""
    spec = Spec(document(paths={"/a": {"additionalOperations": {"Copy": OK}}}), "x.yaml")

    with pytest.raises(SpecError, match=r"Copy /a in x\.yaml is not checked: a method in small letters"):
        spec.operation("Copy /a")


THING = {"schema": {"type": "object", "required": ["q"], "properties": {"q": {"type": "string"}}}}
MEDIA = {
    "in place": {"application/json": THING},
    "referenced": {"application/json": {"$ref": "#/components/mediaTypes/Thing"}},
    "referenced twice": {"application/*": {"$ref": "#/components/mediaTypes/Other"}},
}


@pytest.mark.parametrize("content", MEDIA.values(), ids=MEDIA)
@pytest.mark.parametrize("body, fine", [(b'{"q": "x"}', True), (b'{"q": 5}', False), (b"{}", False)])
def test_media_types_may_be_components(content: dict[str, Any], body: bytes, fine: bool) -> None:  # noqa: FBT001
    """A media type behind a reference is read like one in place, in both directions."""
    post = {"requestBody": {"content": content}, "responses": {"200": {"description": "ok", "content": content}}}
    types = {"Thing": THING, "Other": {"$ref": "#/components/mediaTypes/Thing"}}
    spec = Spec(json.loads(json.dumps(document(paths={"/a": {"post": post}}, components={"mediaTypes": types}))), "x")
    kind = {"content-type": "application/json"}
    response = httpx.Response(200, headers=kind, content=body, request=httpx.Request("POST", "http://x/a"))
    response.elapsed = dt.timedelta()

    request = Request(method="POST", url="/a", headers=tuple(kind.items()), body=body)
    assert (spec.request_violations(request) == []) is fine
    assert (spec.operation("POST /a").violations(response) == []) is fine


SEQUENCES = {
    "lines": ("application/jsonl", b'{"q": "a"}\n{"q": "b"}\n', True),
    "lines of another name": ("application/x-ndjson", b'{"q": "a"}\r\n\r\n{"q": "b"}', True),
    "records": ("application/json-seq", b'\x1e{"q": "a"}\n\x1e{"q": "b"}\n', True),
    "a wrong item": ("application/jsonl", b'{"q": "a"}\n{"q": 5}\n', False),
    "no JSON": ("application/json-seq", b'\x1e{"q": "a"}\n\x1e{"q"\n', False),
    "nothing": ("application/jsonl", b"", True),
}


@pytest.mark.parametrize("kind, body, fine", SEQUENCES.values(), ids=SEQUENCES)
def test_items_of_sequences_are_validated(kind: str, body: bytes, fine: bool) -> None:  # noqa: FBT001
    """`itemSchema` describes each item of a sequence of JSON texts."""
    content = {kind: {"itemSchema": THING["schema"]}}
    get = {"responses": {"200": {"description": "ok", "content": content}}}
    response = httpx.Response(200, headers={"content-type": kind}, content=body)
    response.request, response.elapsed = httpx.Request("GET", "http://x/a"), dt.timedelta()

    found = Spec(document(paths={"/a": {"get": get}}), "x").operation("GET /a").violations(response)

    assert (found == []) is fine, found


PARAMETER = {"name": "n", "in": "query", "schema": {"type": "integer"}}
CONSISTENT: dict[str, tuple[dict[str, Any], str, int]] = {
    "a right value": ({"parameters": [{**PARAMETER, "examples": {"e": {"dataValue": 5}}}]}, "parameter-examples", 0),
    "a wrong value": ({"parameters": [{**PARAMETER, "examples": {"e": {"dataValue": "x"}}}]}, "parameter-examples", 1),
    "a wrong text": (
        {"parameters": [{**PARAMETER, "examples": {"e": {"serializedValue": "true"}}}]},
        "parameter-examples",
        1,
    ),
    "a scheme by its URI": ({"security": [{"#/components/securitySchemes/device": []}]}, "security", 0),
    "a scheme of another document": (
        {"security": [{"device": []}, {"https://example.com/s.yaml#/x": []}]},
        "security",
        0,
    ),
    "no such scheme": ({"security": [{"device": []}, {"other": []}]}, "security", 1),
    "its own URL": (
        {"parameters": [{"$ref": "https://example.com/api.yaml#/components/parameters/N"}]},
        "references",
        0,
    ),
    "nothing at its own URL": (
        {"parameters": [{"$ref": "https://example.com/api.yaml#/components/parameters/M"}]},
        "references",
        1,
    ),
}


@pytest.mark.parametrize("get, check, wrong", CONSISTENT.values(), ids=CONSISTENT)
def test_checks_of_the_document_know_3_2(get: dict[str, Any], check: str, wrong: int) -> None:
    """Examples in their new forms, the device flow, schemes by URI, and `$self`."""
    device = {
        "type": "oauth2",
        "flows": {
            "deviceAuthorization": {"deviceAuthorizationUrl": "https://a/", "tokenUrl": "https://a/", "scopes": {}}
        },
    }
    components = {"securitySchemes": {"device": device}, "parameters": {"N": PARAMETER}}
    secured = {"security": [{"device": []}], **get}
    whole = document(paths={"/a": {"get": {**OK, **secured}}}, components=components)
    whole["$self"] = "https://example.com/api.yaml"

    results = {result.check.id: result for result in check_document(Spec(json.loads(json.dumps(whole)), "x"))}

    assert [slip.complaint for slip in results[check].slips if "not checked" not in slip.complaint] == [
        slip.complaint for slip in results[check].slips
    ]
    assert len(results[check].slips) == wrong
