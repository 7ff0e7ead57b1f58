"""The errors that a client under test meets have the shape of its provider's, from whatever shows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.context.client_parts import error_bodies_of
from harness.context.run_context import RunContext
from harness.http.message import Request
from tests.unit.conftest import document

CALL = Request(method="GET", url="/a")
RECORDED = """
interactions:
- request: {body: null, headers: {}, method: GET, uri: "http://127.0.0.1:9/a"}
  response:
    body: {string: '{"fault": "recorded"}'}
    headers: {content-type: [application/json]}
    status: {code: 500, message: Oops}
version: 1
"""
DESCRIBED = {
    "503": {"description": "x", "content": {"application/json": {"schema": {}, "example": {"fault": "described"}}}}
}


@pytest.mark.parametrize(
    "line, responses, expected",
    [
        ('error_body = { fault = "{status} {title}" }', DESCRIBED, {"fault": "503 Service Unavailable"}),
        ("", DESCRIBED, {"fault": "described"}),
        ("", {"200": {"description": "x"}}, {"fault": "recorded"}),
    ],
    ids=["harness.toml", "document", "cassette"],
)
def test_an_error_is_shaped_by_what_tells_the_most(
    tmp_path: Path, line: str, responses: dict[str, object], expected: object
) -> None:
    """The key of harness.toml, then the document, then a recording; one that is unreadable is passed over."""
    described = '[provider]\nbase_url = "http://127.0.0.1:9"\nspec = "openapi.json"\n'
    (tmp_path / "harness.toml").write_text(f'[target]\nname = "Tiny"\n{described}{line}\n')
    (tmp_path / "openapi.json").write_text(json.dumps(document({"/a": {"get": {"responses": responses}}})))
    (tmp_path / "cassettes").mkdir()
    (tmp_path / "cassettes" / "broken.yaml").write_text("interactions: 7")
    (tmp_path / "cassettes" / "error.yaml").write_text(RECORDED)

    with RunContext.begun(tmp_path, overlay=None) as context:
        bodies = error_bodies_of(context)
        bodies.prepare()
        found = bodies(CALL, 503)

    assert (found.media_type, json.loads(found.content)) == ("application/json", expected)
