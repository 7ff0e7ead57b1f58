"""The `exclude` that leaves operations out fits the harness.toml that it is copied into."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from harness.context.exclusions import exclusion, with_exclusion
from harness.context.run_context import RunContext
from harness.model import Finding, ItemResult, Level, Outcome
from harness.model.finding import UNSERVED_CHECK

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
    with _begun(tmp_path, f"{provider}\n{fuzz}\n") as context:
        found = exclusion(context, GONE)

    assert (found and (found.section, found.selectors)) == expected


def _begun(root: Path, more: str = "") -> AbstractContextManager[RunContext]:
    (root / "openapi.json").write_text(json.dumps(DOCUMENT))
    (root / "harness.toml").write_text(
        f'[target]\nname = "t"\n[provider]\nspec = "openapi.json"\nbase_url = "http://127.0.0.1:9"\n{more}'
    )
    return RunContext.begun(root, overlay=None)


def test_what_is_no_operation_of_the_spec_cannot_be_left_out(tmp_path: Path) -> None:
    """No empty `exclude` is offered for paths and links that the document does not describe."""
    with _begun(tmp_path) as context:
        assert exclusion(context, ("/elsewhere", "PATCH /a")) is None


@pytest.mark.parametrize("check, is_offered", [(UNSERVED_CHECK, True), ("generated", False)])
def test_only_what_the_server_does_not_have_may_be_left_out(check: str, *, is_offered: bool, tmp_path: Path) -> None:
    """A group of operations that all crash is to be corrected, and not to be left out."""
    found = Finding(item="contract.fuzz", outcome=Outcome.FAIL, summary="s", check=check, id="F-1", operations=GONE)
    item = ItemResult(
        id="contract.fuzz",
        step="s",
        level=Level.MUST,
        outcome=Outcome.FAIL,
        text="t",
        summary="s",
        remediation="r",
        findings=(found,),
    )
    with _begun(tmp_path) as context:
        [shown] = with_exclusion(context, item).findings

    assert (shown.exclude is not None) is is_offered
