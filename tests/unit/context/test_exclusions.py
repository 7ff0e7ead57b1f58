"""The `exclude` that leaves operations out fits the harness.toml that it is copied into."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.context.exclusions import exclusion
from harness.context.run_context import RunContext

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {p: {"get": {"responses": {}}} for p in ("/a", "/b/x", "/b/y", "/c")},
}
GONE = ("GET /b/x", "GET /b/y")
TABLES = {
    "nothing yet": ("", "", ("provider", ("/b/*",))),
    "what is there remains": ('exclude = ["/c"]', "", ("provider", ("/c", "/b/*"))),
    "lists of [fuzz] that bind all": ("", '[fuzz]\nexclude = ["/c"]', ("fuzz", ("/c", "/b/*"))),
    "lists of both": ('include = ["GET"]', '[fuzz]\nexclude = ["/c"]', ("provider", ("/b/*",))),
    "nothing would be left": ('include = ["/b/*"]', "", None),
}


@pytest.mark.parametrize("provider, fuzz, expected", TABLES.values(), ids=TABLES.keys())
def test_it_is_the_whole_value_of_the_section_that_binds(
    provider: str, fuzz: str, expected: tuple[str, tuple[str, ...]] | None, tmp_path: Path
) -> None:
    """It replaces the value that is there, and never makes another list lose its effect."""
    (tmp_path / "openapi.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "harness.toml").write_text(
        '[target]\nname = "t"\n[provider]\nspec = "openapi.json"\nbase_url = "http://127.0.0.1:9"\n'
        f"{provider}\n{fuzz}\n"
    )
    with RunContext.begun(tmp_path, overlay=None) as context:
        found = exclusion(context, GONE)

    assert (found and (found.section, found.selectors)) == expected
