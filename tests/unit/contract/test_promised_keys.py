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
        ({}, False),
    ],
    ids=["header", "older name", "reference", "query", "none"],
)
def test_a_header_of_that_name_is_the_promise(post: dict[str, Any], promised: bool) -> None:  # noqa: FBT001
    """Only a header that some operation names counts, also behind a reference."""
    document: dict[str, Any] = {"paths": {"/runs": {"post": post}}, "components": {"parameters": {"Key": HEADER}}}

    assert promises_keys(Spec(document, "x")) is promised
