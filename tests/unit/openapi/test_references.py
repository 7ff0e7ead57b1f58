"""References into other files, and onwards: followed everywhere, or reported once with the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.http.message import Request
from harness.openapi.document_checks import check_document
from harness.openapi.spec_document import Spec, load_spec
from harness.openapi.spec_excerpt import spec_excerpt

HEAD = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"
JSON = (("content-type", "application/json"),)


def spec_of(folder: Path, openapi: str, files: dict[str, str]) -> Spec:
    for name, text in {"openapi.yaml": HEAD + openapi, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_spec("openapi.yaml", root=folder)


def slips(spec: Spec, check: str) -> dict[str, str]:
    found = (result for result in check_document(spec) if result.check.id == check)
    return {slip.pointer: slip.complaint for result in found for slip in result.slips}


ANSWER = "{description: ok, content: {application/json: {schema: {type: integer}, example: wrong}}}"
OPERATION = f"{{responses: {{200: {ANSWER}}}}}"
PATH_ITEMS: dict[str, tuple[str, dict[str, str]]] = {
    "a whole file": ("paths/users.yaml", {"paths/users.yaml": f"get: {OPERATION}"}),
    "JSON": ("users.json", {"users.json": f'{{"get": {OPERATION.replace("200", chr(34) + "200" + chr(34))}}}'}),
    "a key with a slash": ("all.yaml#/~1users", {"all.yaml": f"/users: {{get: {OPERATION}}}"}),
    "a key with braces, percent-encoded": (
        "all.yaml#/~1u~1%7Bid%7D",
        {"all.yaml": f"'/u/{{id}}': {{get: {OPERATION}}}"},
    ),
    "a file with blanks": ("my files/the users.yaml", {"my files/the users.yaml": f"get: {OPERATION}"}),
    "a file with blanks, percent-encoded": ("my%20files/u.yaml", {"my files/u.yaml": f"get: {OPERATION}"}),
    "a file with an accent": ("bénéficiaires.yaml", {"bénéficiaires.yaml": f"get: {OPERATION}"}),
    "from file to file": (
        "a/one.yaml",
        {
            "a/one.yaml": "{$ref: b/two.yaml#/x}",
            "a/b/two.yaml": "x: {$ref: ../../c.yaml}",
            "c.yaml": f"get: {OPERATION}",
        },
    ),
    "through a reference on the way": (
        "all.yaml#/items/users",
        {"all.yaml": "items: {$ref: items.yaml}", "items.yaml": f"users: {{get: {OPERATION}}}"},
    ),
    "an operation": ("p.yaml", {"p.yaml": "get: {$ref: o.yaml#/list}", "o.yaml": f"list: {OPERATION}"}),
    "a response": ("p.yaml", {"p.yaml": "get: {responses: {200: {$ref: r/ok.yaml}}}", "r/ok.yaml": ANSWER}),
    "responses": ("p.yaml", {"p.yaml": "get: {responses: {$ref: 'r.yaml#/all'}}", "r.yaml": f"all: {{200: {ANSWER}}}"}),
}


@pytest.mark.parametrize("reference, files", PATH_ITEMS.values(), ids=PATH_ITEMS)
def test_path_items_in_other_files(tmp_path: Path, reference: str, files: dict[str, str]) -> None:
    """However it is referred to, calls are described, the example is held, and the other operation works."""
    spec = spec_of(tmp_path, f"paths: {{/users: {{$ref: '{reference}'}}, /ping: {{get: {OPERATION}}}}}", files)

    assert [o.label for o in spec.readable] == ["GET /users", "GET /ping"]
    assert spec.request_violations(Request(method="GET", url="/users")) == []
    assert len(slips(spec, "response-examples")) == 2
    assert slips(spec, "references") == {}


def test_fields_beside_the_reference_of_a_path_item(tmp_path: Path) -> None:
    """They are the path item's too (OpenAPI 3, Path Item Object): operations and parameters."""
    beside = f"parameters: [{{name: q, in: query, required: true, schema: {{type: integer}}}}], post: {OPERATION}"
    spec = spec_of(
        tmp_path, f"paths: {{/a: {{$ref: p.yaml#/x/a, {beside}}}}}", {"p.yaml": f"x: {{a: {{get: {OPERATION}}}}}"}
    )

    assert sorted(o.label for o in spec.readable) == ["GET /a", "POST /a"]
    assert spec.request_violations(Request(method="GET", url="/a?q=x")) == [
        'GET /a: query parameter q: "x" is not of type "integer"'
    ]


PARTS = """
parameter: {name: limit, in: query, schema: {$ref: 'deep/number.yaml'}, example: ten}
body: {content: {application/json: {schema: {$ref: 'deep/number.yaml'}, example: ten}}}
header: {required: true, schema: {type: integer}}
link: {operationRef: '../openapi.yaml#/paths/~1a/post'}
callback: {'{$request.body#/url}': {post: {responses: {200: {description: ok}}}}}
scheme: {type: apiKey, in: header, name: X-Key}
example: {value: ten}
outside: {externalValue: deep/ten.json}
"""


def test_every_part_in_another_file(tmp_path: Path) -> None:
    """Parameter, body, header, link, callback, example and security scheme, each with what it refers to."""
    ref = "{{$ref: 'parts/all.yaml#/{}'}}".format
    media = f"{{schema: {{type: integer}}, examples: {{one: {ref('example')}, two: {ref('outside')}}}}}"
    answer = f"{{description: ok, headers: {{X: {ref('header')}}}, links: {{l: {ref('link')}}}, content: "
    operation = (
        f"{{parameters: [{ref('parameter')}], requestBody: {ref('body')}, callbacks: {{c: {ref('callback')}}}, "
        f"responses: {{200: {answer}{{application/json: {media}}}}}}}}}"
    )
    spec = spec_of(
        tmp_path,
        f"paths: {{/a: {{post: {operation}}}}}\n"
        f"components: {{securitySchemes: {{key: {ref('scheme')}}}}}\nsecurity: [{{key: []}}]",
        {"parts/all.yaml": PARTS, "parts/deep/number.yaml": "{type: integer}", "parts/deep/ten.json": '"ten"'},
    )

    assert slips(spec, "references") == slips(spec, "security") == {}
    assert [*slips(spec, "parameter-examples")] == ["parts/all.yaml#/parameter/example"]
    assert [*slips(spec, "request-examples")] == ["parts/all.yaml#/body/content/application~1json/example"]
    assert len(slips(spec, "response-examples")) == 2
    (operation_read,) = spec.readable
    link = spec.resolved(operation_read.responses["200"]["links"]["l"])
    assert spec.placed(link["operationRef"])[1] is operation_read.definition


ANCHORS = {
    "in the document": ("'#Number'", {}),
    "in another file": ("'s.yaml#Number'", {"s.yaml": "$defs: {n: {$anchor: Number, type: integer}}"}),
    "of an older draft": (
        "'s.json#Number'",
        {"s.json": '{"definitions": {"n": {"id": "#Number", "type": "integer"}}}'},
    ),
    "onwards": ("'a.yaml'", {"a.yaml": "{$ref: 'b.yaml#N'}", "b.yaml": "x: [{$anchor: N, type: integer}]"}),
}


@pytest.mark.parametrize("reference, files", ANCHORS.values(), ids=ANCHORS)
def test_anchors(tmp_path: Path, reference: str, files: dict[str, str]) -> None:
    """A fragment that is no pointer names an anchor (JSON Schema, ``$anchor``)."""
    content = f"{{application/json: {{schema: {{$ref: {reference}}}}}}}"
    spec = spec_of(
        tmp_path,
        f"paths: {{/a: {{post: {{requestBody: {{content: {content}}}, responses: {{}}}}}}}}\n"
        "components: {schemas: {N: {$anchor: Number, type: integer}}}",
        files,
    )

    assert slips(spec, "references") == {}
    assert spec.request_violations(Request(method="POST", url="/a", headers=JSON, body=b'"x"')) == [
        'POST /a: body $: "x" is not of type "integer"'
    ]


BROKEN: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "no file": (
        "{$ref: gone.yaml}",
        {},
        {"gone.yaml": "it cannot be read: there is no such file (written in openapi.yaml:5)"},
    ),
    "no place": (
        "{$ref: 'a.yaml#/gone'}",
        {"a.yaml": "here: {}"},
        {"a.yaml#/gone": "there is no such place in the document (written in openapi.yaml:5)"},
    ),
    "no place in the document": (
        '{"$ref": "#/components/schemas/Gone"}',
        {},
        {"#/components/schemas/Gone": "there is no such place in the document (written in openapi.yaml:5)"},
    ),
    "no file, from another file": (
        "{$ref: d/a.yaml}",
        {"d/a.yaml": "type: object\nproperties:\n  x:\n    $ref: ./gone.yaml#/x # a comment\n"},
        {"d/gone.yaml#/x": "it cannot be read: there is no such file (written in d/a.yaml:4)"},
    ),
    "one name from two folders": (
        "{oneOf: [{$ref: d/a.yaml}, {$ref: e/a.yaml}]}",
        {"d/a.yaml": "{$ref: x.yaml}", "e/a.yaml": "\n\n{$ref: x.yaml}"},
        {
            "d/x.yaml": "it cannot be read: there is no such file (written in d/a.yaml:1)",
            "e/x.yaml": "it cannot be read: there is no such file (written in e/a.yaml:3)",
        },
    ),
    "back to itself": (
        "{$ref: a.yaml}",
        {"a.yaml": "{$ref: b.yaml}", "b.yaml": "{$ref: a.yaml}"},
        {
            "a.yaml#": "it refers back to itself (written in openapi.yaml:5)",
            "b.yaml#": "it refers back to itself (written in a.yaml:1)",
        },
    ),
    "no YAML": (
        "{$ref: a.json}",
        {"a.json": '{\n"x": ]}'},
        {
            "a.json": "it cannot be read: while parsing a flow node "
            "did not find expected node content at line 2, column 6 (written in openapi.yaml:5)"
        },
    ),
    "no such anchor": (
        "{$ref: 'a.yaml#x'}",
        {"a.yaml": "{}"},
        {
            "a.yaml#x": "it cannot be read: '#x' is not a JSON pointer, and there is no such $anchor "
            "(written in openapi.yaml:5)"
        },
    ),
}


@pytest.mark.parametrize("schema, files, found", BROKEN.values(), ids=BROKEN)
def test_what_leads_nowhere(tmp_path: Path, schema: str, files: dict[str, str], found: dict[str, str]) -> None:
    """It is reported once, with file and line; the other operation works, and the rest of the schema is checked."""
    spec = spec_of(
        tmp_path,
        "paths:\n"
        "  /a: {post: {requestBody: {content: {application/json: {example: {n: x}, schema: {"
        "properties: {n: {type: integer}, o:\n"
        f"     {schema}\n"
        "  }}}}}, responses: {200: {description: ok}}}}\n"
        "  /b: {get: {responses: {200: {description: ok}}}}\n",
        files,
    )

    assert slips(spec, "references") == found
    assert [*slips(spec, "request-examples").values()] == ['POST /a: /n: "x" is not of type "integer"']
    assert spec.request_violations(Request(method="GET", url="/b")) == []
    assert "GET /b" in [o.label for o in spec.readable]


EXTERNAL: dict[str, tuple[str, str | None, dict[str, str], int]] = {
    "right": ("e/one.json", "1", {}, 0),
    "wrong": ("e/one.yaml", "one", {}, 1),
    "no file": (
        "e/gone.json",
        None,
        {"e/gone.json": "it cannot be read: there is no such file (written in openapi.yaml:3)"},
        0,
    ),
    "no JSON": (
        "e/one.json",
        "{",
        {
            "e/one.json": "it cannot be read: while parsing a flow node "
            "did not find expected node content at line 2, column 1 (written in openapi.yaml:3)"
        },
        0,
    ),
    "another format": ("e/one.xml", "<one>:\t- </one>", {}, 0),
    "no file of another format": (
        "e/gone.png",
        None,
        {"e/gone.png": "it cannot be read: there is no such file (written in openapi.yaml:3)"},
        0,
    ),
}


@pytest.mark.parametrize("url, content, found, wrong", EXTERNAL.values(), ids=EXTERNAL)
def test_external_examples(tmp_path: Path, url: str, content: str | None, found: dict[str, str], wrong: int) -> None:
    """JSON and YAML are held against the schema, of other formats the file must be there."""
    media = f"{{schema: {{type: integer}}, examples: {{one: {{externalValue: {url}}}}}}}"
    answer = f"{{200: {{description: ok, content: {{application/json: {media}}}}}}}"
    files = {} if content is None else {url: content}
    spec = spec_of(tmp_path, f"paths: {{/a: {{get: {{responses: {answer}}}}}}}", files)

    assert slips(spec, "references") == found
    assert len(slips(spec, "response-examples")) == wrong


IN_EXAMPLES: dict[str, tuple[Any, dict[str, str], int]] = {
    "a whole example": ("{$ref: e/user.yaml}", {"e/user.yaml": "{id: 1}"}, 0),
    "a part of one, with more beside it": ("{id: 5, more: {$ref: e/more.json}}", {"e/more.json": '{"id": "x"}'}, 0),
    "onwards, with what it replaces": ("{$ref: a.yaml, id: 2}", {"a.yaml": "{$ref: b.yaml}", "b.yaml": "{id: x}"}, 0),
    "a wrong one": ("{$ref: e/user.yaml}", {"e/user.yaml": "{id: x}"}, 1),
    "data that is called so": ("{$ref: e/user.yaml}", {}, 1),
}


@pytest.mark.parametrize("example, files, wrong", IN_EXAMPLES.values(), ids=IN_EXAMPLES)
def test_references_within_examples(tmp_path: Path, example: str, files: dict[str, str], wrong: int) -> None:
    """An example made of files is right if it is right with them, though OpenAPI knows no reference in there."""
    schema = "{type: object, required: [id], properties: {id: {type: integer}}}"
    answer = f"{{description: ok, content: {{application/json: {{schema: {schema}, example: {example}}}}}}}"
    spec = spec_of(tmp_path, f"paths: {{/a: {{get: {{responses: {{200: {answer}}}}}}}}}", files)

    assert len(slips(spec, "response-examples")) == wrong


def test_excerpts_name_the_file(tmp_path: Path) -> None:
    """What a failure concerns in another file is shown as its authors know it."""
    spec = spec_of(
        tmp_path,
        "paths: {/a: {$ref: p/a.yaml}}",
        {"p/a.yaml": "get: {responses: {200: {$ref: 'r.yaml#/ok'}}}", "p/r.yaml": "ok: {description: ok}"},
    )

    excerpts = [spec_excerpt(spec, ["paths", "/a", "get", "responses"], step) for step in ([], ["200"])]
    assert [(e.pointer, e.text) for e in excerpts] == [
        ("p/a.yaml#/get/responses", '{"200": {"$ref": "p/r.yaml#/ok"}}'),
        ("p/r.yaml#/ok", '{"description": "ok"}'),
    ]
