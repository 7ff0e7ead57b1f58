"""Whether a document promises idempotency keys at all."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contract.idempotency import promises_keys
from harness.openapi.spec_document import Spec

HEADER = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}


@pytest.mark.parametrize(
    "post, promised",
    [
        ({"parameters": [HEADER]}, True),
        ({"parameters": [{**HEADER, "name": "x-idempotency-key"}]}, True),
        ({"parameters": [{"$ref": "#/components/parameters/Key"}]}, True),
        ({"parameters": [{**HEADER, "in": "query"}]}, False),
        ({"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pay"}}}}}, True),
        ({}, False),
    ],
    ids=["header", "older name", "reference", "query", "member", "none"],
)
def test_a_header_of_that_name_is_the_promise(post: dict[str, Any], promised: bool) -> None:  # noqa: FBT001
    """A header that some operation names counts, and a member of a body, also behind a reference."""
    document: dict[str, Any] = {"paths": {"/runs": {"post": post}}, "components": {"parameters": {"Key": HEADER}}}
    document["components"]["schemas"] = {"Pay": {"allOf": [{"properties": {"idempotency_key": {"type": "string"}}}]}}

    assert promises_keys(Spec(document, "x")) is promised
