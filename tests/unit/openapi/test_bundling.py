"""What a document refers to in other files is a part of it, read once and in one place."""

from __future__ import annotations

import datetime as dt
import json
import re
import socket
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.errors import NetworkError, SpecError
from harness.http.message import Request
from harness.openapi.document_checks import check_document
from harness.openapi.document_flaws import flaws, unfollowed
from harness.openapi.examples import webhook_examples
from harness.openapi.generation import VALID, Ungenerable, at_random, from_examples, linked
from harness.openapi.reading import read_at
from harness.openapi.spec_document import Spec, load_spec

HEAD = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}}


def written(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def of_files(folder: Path, openapi: str, **files: str) -> Spec:
    written(folder, openapi_yaml=f"openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\n{openapi}", **files)
    return load_spec("openapi.yaml", root=folder)


def slips(spec: Spec) -> dict[str, str]:
    return {slip.pointer: slip.complaint for result in check_document(spec) for slip in result.slips}


def test_a_path_item_in_a_file_of_its_own_is_one_like_any_other(tmp_path: Path) -> None:
    """References start at the file they stand in; what is wrong is shown where it stands, under the file's name."""
    spec = of_files(
        tmp_path,
        "paths: {/users: {$ref: paths/users.yaml}}",
        paths__users_yaml=(
            "get: {responses: {200: {description: ok, content: {application/json: {example: [{id: 1}],"
            " schema: {type: array, items: {$ref: ../schemas/user.yaml#/User}}}}}}}"
        ),
        schemas__user_yaml="User: {type: object, properties: {id: {type: string}, boss: {$ref: '#/User'}}}",
    )

    place = "paths/users.yaml#/get/responses/200/content/application~1json/example"
    assert slips(spec) == {place: 'GET /users: /0/id: 1 is not of type "string"'}
    assert [o.label for o in spec.readable] == ["GET /users"]
    assert list(flaws(spec, "GET /users")) == []


def test_a_parameter_declared_elsewhere_is_declared(tmp_path: Path) -> None:
    """A placeholder of the path is looked for behind the reference, and requests are held against it."""
    spec = of_files(
        tmp_path,
        'paths: {"/t/{id}": {get: {parameters: [{$ref: "c.yaml#/p/id"}], responses: {200: {description: ok}}}}}',
        c_yaml="p: {id: {name: id, in: path, required: true, schema: {type: integer}}}",
    )

    assert list(flaws(spec, "GET /t/{id}")) == []
    assert spec.request_violations(Request(method="GET", url="/t/x")) == [
        'GET /t/{id}: path parameter id: "x" is not of type "integer"'
    ]


def test_files_that_refer_to_each_other_end(tmp_path: Path) -> None:
    """A circle of files is read once, and one that leads back to the document leads into it."""
    spec = of_files(
        tmp_path,
        "paths: {/a: {get: {responses: {200: {$ref: 'a.yaml#/R'}}}}}\ncomponents: {schemas: {T: {type: string}}}",
        a_yaml="R: {description: r, content: {application/json: {schema: {$ref: b.yaml#/B}}}}",
        b_yaml="B: {properties: {t: {$ref: 'openapi.yaml#/components/schemas/T'}, r: {$ref: a.yaml#/R}, "
        "b: {$ref: '#/B'}}}",
    )

    (operation,) = spec.operations
    _, response = spec.placed(f"{operation.pointer}/responses/200")
    _, schema = spec.placed(f"{operation.pointer}/responses/200/content/application~1json/schema/properties/b")
    assert response["description"] == "r"
    assert schema["properties"]["t"] == {"$ref": "#/components/schemas/T"}


def test_what_is_no_reference_is_left_alone(tmp_path: Path) -> None:
    """A reference in an example is somebody's data; a property may be called example, and an example be a file."""
    spec = of_files(
        tmp_path,
        "paths: {/a: {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/A'},"
        " examples: {one: {externalValue: one.json}}}}}, responses: {}}}}\n"
        "components: {schemas: {A: {example: {$ref: x.yaml},"
        " properties: {example: {$ref: b.yaml}}}}}",
        b_yaml="{type: integer}",
        one_json='{"example": "no number"}',
    )

    schema = spec.at("/components/schemas/A")
    assert schema["example"] == {"$ref": "x.yaml"}
    assert spec.resolved(schema["properties"]["example"]) == {"type": "integer"}
    assert spec.bundle.unread == {}
    assert next(iter(slips(spec).values())) == 'POST /a: /example: "no number" is not of type "integer"'


def test_of_a_large_file_only_the_parts_that_are_referred_to_are_taken(tmp_path: Path) -> None:
    """What stands beside them is not followed further."""
    spec = of_files(
        tmp_path,
        "paths: {/a: {get: {responses: {200: {$ref: 'all.yaml#/r/b'}, 201: {$ref: 'all.yaml#/r/a'}}}}}",
        all_yaml="r: {a: {description: a}, b: {headers: {X: {$ref: '#/h'}}}, c: {$ref: gone.yaml}}\nh: {}",
    )

    assert spec.bundle.unread == {}
    assert spec.raw["x-harness-files"]["0"] == {
        "r": {
            "a": {"description": "a"},
            "b": {"headers": {"X": {"$ref": "#/x-harness-files/0/h"}}},
        },
        "h": {},
    }


UNREAD = {
    "gone": ("gone.yaml#/A", "there is no such file"),
    "a folder": (".", "Is a directory"),
    "no YAML": ("bad.yaml", "while parsing a flow node"),
    "no pointer": ("good.yaml#A", "'#A' is not a JSON pointer"),
    "no URL": ("http://[x/y.yaml", "it is not a URL (Invalid IPv6 URL)"),
    "the network": ("http://127.0.0.2:9/x.yaml", "URLs are not fetched here"),
}


@pytest.mark.parametrize("reference, reason", UNREAD.values(), ids=UNREAD)
def test_a_reference_that_cannot_be_followed_is_named(tmp_path: Path, reference: str, reason: str) -> None:
    """It is told as it is written, with the reason, for the part of the operation that it stands in."""
    content = f"content: {{application/json: {{schema: {{$ref: '{reference}'}}}}}}"
    spec = of_files(
        tmp_path,
        f"paths: {{/a: {{get: {{responses: {{200: {{description: ok, {content}}}}}}}}}}}",
        bad_yaml="a: [",
        good_yaml="A: {}",
    )

    (said,) = unfollowed(spec.operation("GET /a"))
    assert said.startswith(f"its response `200` refers to {reference}, which cannot be read: {reason}")
    assert list(flaws(spec, "GET /a")) == []
    complaints = [slip for result in check_document(spec) if result.check.id == "references" for slip in result.slips]
    in_check = [(slip.pointer, slip.complaint.startswith(f"it cannot be read: {reason}")) for slip in complaints]
    assert in_check == ([] if "127.0.0.2" in reference else [(reference, True)])


def test_the_network_is_asked_through_the_fetch_that_is_given_alone() -> None:
    """Once for each URL; a refusal is the reason, and no document of the network reads a file."""
    asked = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        if "forbidden" in url:
            raise NetworkError("127.0.0.2 is not the target's")
        return json.dumps({"A": {"type": "string"}, "B": {"$ref": "file:///etc/hosts"}}).encode()

    refs = ["part.json#/A", "part.json#/B", "http://forbidden/x.json#/A", "http://forbidden/x.json#/B"]
    document: dict[str, Any] = {**HEAD, "paths": {}, "components": {"schemas": {r: {"$ref": r} for r in refs}}}
    read = partial(read_at, fetch, (), {})
    spec = Spec(document, "x", location="http://docs.test/v1/openapi.json", read=read)

    assert asked.count("http://docs.test/v1/part.json") == 1
    assert asked.count("http://forbidden/x.json") == 1
    assert len(asked) == 2
    assert spec.resolved({"$ref": "#/components/schemas/part.json#~1A"}) == {"type": "string"}
    assert spec.bundle.unread == {
        "http://forbidden/x.json#/A": "127.0.0.2 is not the target's",
        "http://forbidden/x.json#/B": "127.0.0.2 is not the target's",
        "file:///etc/hosts": "a document from the network may not refer to local files",
    }
    assert slips(spec) == {
        "file:///etc/hosts": "it cannot be read: a document from the network may not refer to local files"
    }


FAILED: dict[str, tuple[Exception, str]] = {
    "404": (
        httpx.HTTPStatusError("Not Found", request=httpx.Request("GET", "http://x"), response=httpx.Response(404)),
        "it was answered with HTTP 404",
    ),
    "silence": (httpx.ReadTimeout(""), "ReadTimeout"),
    "no URL": (httpx.InvalidURL("Invalid port"), "Invalid port"),
}


@pytest.mark.parametrize("error, reason", FAILED.values(), ids=FAILED)
def test_a_failed_fetch_of_a_part_is_not_one_of_the_document(error: Exception, reason: str) -> None:
    """The message for a part has only the reason; that for the document itself also names `[provider] spec`."""

    def fetch(_: str) -> bytes:
        raise error

    document: dict[str, Any] = {**HEAD, "paths": {}, "components": {"schemas": {"A": {"$ref": "part.json#/A"}}}}

    spec = Spec(document, "x", location="http://docs.test/openapi.json", read=partial(read_at, fetch, (), {}))

    assert slips(spec) == {"part.json#/A": f"it cannot be read: {reason}"}
    where = "harness.toml: [provider] spec: http://docs.test/openapi.json cannot be read: "
    with pytest.raises(
        SpecError, match=f"^{re.escape(where)}{reason}. Give the URL of the description itself, or save it"
    ):
        load_spec("http://docs.test/openapi.json", root=Path(), fetch=fetch)


def test_examples_of_the_network_are_not_asked_for() -> None:
    """Neither here nor by Schemathesis, to which no URL is left."""
    example = {"one": {"externalValue": "http://127.0.0.2:9/x.json"}}
    content = {"application/json": {"schema": {}, "examples": example}}
    spec = Spec({**HEAD, "paths": {"/a": {"post": {"requestBody": {"content": content}}}}}, "x")

    assert "127.0.0.2" not in json.dumps(spec.raw)


HOOK = {"schema": {"type": "object", "required": ["id"], "properties": {"id": {"const": "e1"}}}}
BODY = {"$ref": "#/components/requestBodies/B"}
WEBHOOKS: dict[str, dict[str, Any]] = {
    "in place": {"webhooks": {"made": {"post": {"requestBody": {"content": {"application/json": HOOK}}}}}},
    "x-webhooks": {"x-webhooks": {"made": {"post": {"requestBody": {"content": {"application/json": HOOK}}}}}},
    "body behind a reference": {"webhooks": {"made": {"post": {"requestBody": BODY}}}},
    "item behind a reference": {"webhooks": {"made": {"$ref": "#/components/pathItems/I"}}},
    "another JSON": {"webhooks": {"made": {"post": {"requestBody": {"content": {"application/x+json": HOOK}}}}}},
    "item in a file": {"webhooks": {"made": {"$ref": "hook.yaml#/hook"}}},
}


@pytest.mark.parametrize("described", WEBHOOKS.values(), ids=WEBHOOKS)
def test_every_way_to_describe_a_webhook_is_seen(tmp_path: Path, described: dict[str, Any]) -> None:
    """An event is made of each, as `harness deliver --spec` does."""
    body = {"content": {"application/json": HOOK}}
    item = {"post": {"requestBody": BODY}}
    components = {"requestBodies": {"B": body}, "pathItems": {"I": item}}
    (tmp_path / "hook.yaml").write_text(json.dumps({"hook": {"post": {"requestBody": body}}}))
    (tmp_path / "openapi.json").write_text(json.dumps({**HEAD, "paths": {}, "components": components, **described}))

    made = {name: json.loads(body) for name, body in webhook_examples(load_spec("openapi.json", root=tmp_path))}

    assert made == {"made": {"id": "e1"}}


def test_the_methods_of_openapi_3_2() -> None:
    """QUERY is an operation like any other, and so is an additional operation."""
    body = {"required": True, "content": {"application/json": {"schema": {"required": ["q"]}}}}
    operation = {"requestBody": body, "responses": {"200": {"description": "ok"}}}
    item = {"query": operation, "additionalOperations": {"PURGE": operation}}
    spec = Spec({**HEAD, "openapi": "3.2.0", "paths": {"/s": item}}, "x.json")

    assert list(spec.definitions) == ["QUERY /s", "PURGE /s"]
    assert [o.label for o in spec.readable] == ["QUERY /s", "PURGE /s"]
    for method in ("QUERY", "PURGE"):
        assert spec.request_violations(
            Request(method=method, url="/s", headers=(("content-type", "application/json"),), body=b"{}")
        ) == [f'{method} /s: body $: "q" is a required property']


FOREIGN = "http://127.0.0.2:{port}/other.json"
FOLLOWED: dict[str, tuple[str, Any]] = {
    "dialect": ("schema", {"$schema": FOREIGN, "type": "object"}),
    "const": ("schema", {"const": {"$ref": FOREIGN}}),
    "enum": ("schema", {"enum": [{"deep": [{"$ref": FOREIGN}]}]}),
    "default": ("schema", {"type": "object", "default": {"$ref": FOREIGN}}),
    "reference": ("schema", {"$ref": FOREIGN}),
    "example": ("examples", {"one": {"externalValue": FOREIGN}}),
    "example behind a reference": ("examples", {"one": {"$ref": FOREIGN}}),
    "link": ("links", {"next": {"operationRef": FOREIGN + "#/paths/~1a/get"}}),
    "link with a server": ("links", {"next": {"operationRef": "#/paths/~1a/post", "server": {"url": FOREIGN}}}),
    "identifier": ("schema", {"$id": FOREIGN, "type": "object"}),
    "identifier, and a reference that starts there": (
        "schema",
        {"$id": FOREIGN, "properties": {"a": {"$ref": "part.json"}}},
    ),
    "identifier, and an anchor": (
        "schema",
        {"$id": FOREIGN, "$anchor": "here", "properties": {"a": {"$ref": "#here"}}},
    ),
    "identifier within": ("schema", {"properties": {"a": {"$id": FOREIGN, "items": {"$ref": "#/$defs/b"}}}}),
    "dynamic reference": (
        "schema",
        {"$dynamicAnchor": "node", "properties": {"a": {"$dynamicRef": FOREIGN + "#node"}}},
    ),
    "vocabulary": ("schema", {"$vocabulary": {FOREIGN: True}, "type": "object"}),
    "schema of a text": ("schema", {"properties": {"a": {"contentSchema": {"$ref": FOREIGN}, "type": "string"}}}),
    "documentation": ("schema", {"externalDocs": {"url": FOREIGN}, "type": "object"}),
    "mapping": (
        "schema",
        {"oneOf": [{"type": "object"}], "discriminator": {"propertyName": "kind", "mapping": {"a": FOREIGN}}},
    ),
    "server": ("servers", [{"url": FOREIGN}]),
    "documentation of an operation": ("externalDocs", {"url": FOREIGN}),
}


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize("key, value", FOLLOWED.values(), ids=FOLLOWED)
def test_no_library_asks_another_host(key: str, value: Any, version: str) -> None:
    """Whatever refers to a host that harness.toml does not name, nothing connects to it; the operation is usable."""
    with socket.create_server(("127.0.0.2", 0)) as bystander:
        bystander.settimeout(0)
        put = json.loads(json.dumps(value).replace("{port}", str(bystander.getsockname()[1])))
        spec = Spec({**posting(key, put), "openapi": version}, "spec", location="file:///spec.json")

        used(spec)

        with pytest.raises(BlockingIOError):
            bystander.accept()


def posting(key: str, value: Any) -> dict[str, Any]:
    """Return a document with one operation, and a value at the place of its key."""
    of_response, of_operation = key == "links", key in ("servers", "externalDocs")
    media = {"schema": {"type": "object"}, **({} if of_response or of_operation else {key: value})}
    content = {"application/json": media}
    responses = {"201": {"description": "made", "content": content, **({key: value} if of_response else {})}}
    post = {"requestBody": {"content": content}, "responses": responses, **({key: value} if of_operation else {})}
    return {**HEAD, "paths": {"/a": {"post": post}}}


def used(spec: Spec) -> None:
    """Do with ``POST /a`` all that a run does."""
    check_document(spec)
    operation = spec.operation("POST /a")
    for made in (lambda: list(from_examples(operation.raw)), lambda: linked(spec.load(), ["POST /a"])):
        with suppress(Ungenerable):
            made()
    with suppress(Ungenerable):
        at_random(operation.raw, VALID, lambda _: None, examples=2, seed=1)
    head = (("content-type", "application/json"),)
    spec.request_violations(Request(method="POST", url="/a", headers=head, body=b'{"a": {"kind": "a"}}'))
    request = httpx.Request("POST", "http://127.0.0.1/a")
    response = httpx.Response(201, json={"a": {"kind": "a"}}, request=request)
    response.elapsed = dt.timedelta(0)
    with suppress(SpecError):  # a reference that is not followed leaves no usable schema
        operation.violations(response)


def test_answers_whose_schema_refers_to_nowhere_name_their_operation() -> None:
    """A dynamic reference that is not followed is an error of the document, which names the operation."""
    schema = {"properties": {"a": {"$dynamicRef": "http://127.0.0.2:9/part#node"}}}
    operation = Spec({**posting("schema", schema), "openapi": "3.1.0"}, "spec").operation("POST /a")
    response = httpx.Response(201, json={"a": 1}, request=httpx.Request("POST", "http://127.0.0.1/a"))
    response.elapsed = dt.timedelta(0)

    with pytest.raises(SpecError, match=r"the answers of POST /a cannot be judged: .*http://127\.0\.0\.2:9/part"):
        operation.violations(response)


IDENTIFIED: dict[str, dict[str, Any]] = {
    "file": {"$id": "file://{outside}/s.json", "properties": {"a": {"$ref": "part.json"}}},
    "file within": {"properties": {"a": {"$id": "file://{outside}/s.json", "$ref": "part.json"}}},
    "dynamic": {"$id": "file://{outside}/s.json", "properties": {"a": {"$dynamicRef": "part.json#node"}}},
    "dialect": {"$schema": "file://{outside}/part.json", "type": "object"},
}


@pytest.mark.parametrize("schema", IDENTIFIED.values(), ids=IDENTIFIED.keys())
def test_an_identifier_lets_no_library_open_a_file(
    schema: dict[str, Any], tmp_path: Path, opened_files: list[str]
) -> None:
    """A schema that gives itself the address of a file elsewhere reads nothing there."""
    outside, project = tmp_path / "outside", tmp_path / "project"
    outside.mkdir()
    project.mkdir()
    for name in ("s.json", "part.json"):
        (outside / name).write_text('{"type": "string", "$dynamicAnchor": "node"}')
    text = json.dumps(posting("schema", schema)).replace("{outside}", str(outside))
    (project / "openapi.json").write_text(text)
    opened_files.clear()

    used(load_spec("openapi.json", root=project))

    assert [path for path in opened_files if path.endswith("openapi.json")]
    assert [path for path in opened_files if path.startswith(str(outside))] == []


def test_a_link_to_another_api_is_left_out_beside_others() -> None:
    """The links within the document are followed all the same."""
    elsewhere = {"operationRef": "http://127.0.0.2:9/other.json#/paths/~1a/get"}
    links = {"there": elsewhere, "here": {"operationId": "read"}}
    paths = {
        "/a": {"post": {"responses": {"201": {"description": "made", "links": links}}}},
        "/b": {"get": {"operationId": "read", "responses": {"200": {"description": "read"}}}},
    }
    spec = Spec({**HEAD, "paths": paths}, "spec")

    assert linked(spec.load(), ["POST /a", "GET /b"]) is not None


OUTSIDE = {
    "a path upwards": "../outside/secret.yaml",
    "a path from the root": "{outside}/secret.yaml",
    "a URL": "file://{outside}/secret.yaml",
    "a URL with a host": "file://localhost{outside}/secret.yaml",
    "percent-encoding": "%2e%2e/outside/secret.yaml",
    "a link to a folder": "linked/secret.yaml",
    "a link to a file": "linked.yaml",
    "a detour": "inside/../../outside/secret.yaml",
}


@pytest.mark.parametrize("reference", OUTSIDE.values(), ids=OUTSIDE.keys())
@pytest.mark.parametrize("key", ["$ref", "externalValue", "$schema", "mapping"])
def test_a_file_outside_is_not_read(tmp_path: Path, reference: str, key: str) -> None:
    """What is neither below the folder of the document nor below that of harness.toml enters no request."""
    outside, project = tmp_path / "outside", tmp_path / "project"
    (project / "inside").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.yaml").write_text("type: string\nexample: s3cret-value\n")
    (project / "linked").symlink_to(outside)
    (project / "linked.yaml").symlink_to(outside / "secret.yaml")
    written = reference.format(outside=outside)
    schema: dict[str, Any] = {"type": "object", key: written}
    if key == "mapping":
        schema = {"oneOf": [], "discriminator": {"propertyName": "kind", "mapping": {"a": written}}}
    media = {"schema": {}, "examples": {"a": schema}} if key == "externalValue" else {"schema": schema}
    body = {"content": {"application/json": media}}
    document = {**HEAD, "paths": {"/a": {"post": {"requestBody": body, "responses": {"200": {"description": "ok"}}}}}}
    (project / "openapi.json").write_text(json.dumps(document))

    spec = load_spec("openapi.json", root=project)

    assert "s3cret-value" not in json.dumps(spec.raw)
    if key == "$ref":
        assert any(r.endswith("; move it there") for r in spec.bundle.unread.values())
        assert any(f"the file is not below {project}" in reason for reason in spec.bundle.unread.values())


def test_siblings_below_the_root_are_read(tmp_path: Path) -> None:
    """Documents refer to folders beside their own: below the folder of harness.toml, or --root, these are read."""
    (tmp_path / "api").mkdir()
    written(tmp_path, shared_yaml="A: {type: string}")
    document = {
        **HEAD,
        "paths": {},
        "components": {"schemas": {"A": {"$ref": "../shared.yaml#/A"}}},
        "webhooks": {"a": {}},
    }
    (tmp_path / "api" / "openapi.json").write_text(json.dumps(document))

    assert load_spec("api/openapi.json", root=tmp_path).bundle.unread == {}
    assert load_spec("openapi.json", root=tmp_path / "api", within=tmp_path).bundle.unread == {}
    assert (
        "the file is not below" in load_spec("openapi.json", root=tmp_path / "api").bundle.unread["../shared.yaml#/A"]
    )
