"""Formats bind where all documents mean the same by them."""

from __future__ import annotations

import pytest

from harness.openapi.document_checks import check_document
from harness.openapi.spec_document import Spec

ROWS = {
    "a duration of ISO 8601": ("duration", "PT1M30S", "3.1.0", True),
    "a duration of Go": ("duration", "1m30s", "3.2.0", True),
    "a duration in words": ("duration", "5 minutes", "3.0.3", True),
    "a time without an offset, undefined before 3.1": ("time", "10:15:00", "3.0.3", True),
    "a time without an offset, since 3.1": ("time", "10:15:00", "3.1.0", False),
    "no time": ("time", "noon", "3.0.3", False),
    "an id that is no UUID": ("uuid", "4f4e4e1-c824-4d63-b37a-d8d698862f1d", "3.1.0", False),
    "a UUID": ("uuid", "4f4e4e1a-c824-4d63-b37a-d8d698862f1d", "3.0.3", True),
}


@pytest.mark.parametrize("name, example, version, holds", ROWS.values(), ids=ROWS.keys())
def test_an_example_is_held_against_its_format(name: str, example: str, version: str, *, holds: bool) -> None:
    """A format that others define in their own way takes any text."""
    schema = {"type": "string", "format": name, "example": example}
    spec = Spec(
        {
            "openapi": version,
            "info": {"title": "t", "version": "1"},
            "paths": {},
            "components": {"schemas": {"Value": schema}},
        },
        source="openapi.yaml",
    )

    slips = [slip for result in check_document(spec) for slip in result.slips if slip.pointer.endswith("/example")]

    assert not slips if holds else len(slips) == 1
