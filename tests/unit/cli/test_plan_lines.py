"""`harness gate --plan` counts what would be sent, by operation, and sends nothing."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.cli.plan_lines import plan_lines
from harness.errors import ConfigurationError
from harness.fuzzing.budget import BUDGETS
from harness.fuzzing.unserved import MOST_CONFIRMING
from harness.openapi import generation

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_httpserver import HTTPServer

OK = {"responses": {"200": {"description": "fine"}}}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "x", "version": "1"},
    "security": [{"key": []}],
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "paths": {
        "/runs": {"get": OK, "post": OK},
        "/runs/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "delete": OK,
        },
    },
}

# Keys of [provider], and what the lines hold and do not hold.
PLANS = {
    "a vendor's API": (
        "",
        ["a vendor's API", "reads only", "1 of 3 operations", "at most 5 wrong"],
        ["POST", "DELETE"],
    ),
    "writes": (
        'probes = "write"\n',
        ["reads and writes, deletes only what the run created", "PATCH /runs (problems)"],
        ["DELETE /"],
    ),
    "deletions": ('probes = "write"\ndestructive = true\n', ["deletes too", "DELETE /runs/{id}"], []),
    "left out": ('probes = "write"\nexclude = ["POST"]\n', ["1 of 3 operations", "GET /runs"], ["POST /runs"]),
    "nothing": ('probes = "none"\n', ["sends nothing that the harness makes up", "At most 0 requests"], ["GET /runs"]),
    "nothing but the user's own": (
        'probes = "none"\nwhoami = "GET /me"\n',
        ["GET /me (whoami, credentials)"],
        ["/runs"],
    ),
}


@pytest.mark.parametrize("keys, shown, hidden", PLANS.values(), ids=PLANS.keys())
def test_the_plan_names_what_would_be_sent(
    keys: str, shown: list[str], hidden: list[str], tmp_path: Path, httpserver: HTTPServer
) -> None:
    """Operations that may not be called do not appear, and the provider receives nothing."""
    (tmp_path / "key").write_text("value")
    (tmp_path / "openapi.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "harness.toml").write_text(
        f'[target]\nname = "T"\n[provider]\nspec = "openapi.json"\nbase_url = "{httpserver.url_for("")}"\n'
        f'auth = {{ type = "bearer", token = "file:key" }}\n{keys}'
    )
    lines = "\n".join(plan_lines(tmp_path, overlay=None))
    assert [text for text in shown if text not in lines] == []
    assert [text for text in hidden if text in lines.partition("operations")[2]] == []
    assert not httpserver.log


def test_operations_that_share_the_requests_of_the_budget_are_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of many operations has its share, and nothing is generated to know it."""
    budget = BUDGETS["quick"]
    many = budget.together // budget.requests + 1
    paths = {f"/runs/{number}": {"get": OK} for number in range(many)}
    _write(tmp_path, {**DOCUMENT, "paths": paths})
    for name in ("from_examples", "systematic"):
        monkeypatch.setattr(generation, name, lambda _: pytest.fail("a request was generated"))
    lines = list(plan_lines(tmp_path, overlay=None))
    [line] = [line for line in lines if "  GET /runs/1 (" in line]
    assert line.split() == [str(budget.divided(many).requests + MOST_CONFIRMING), "GET", "/runs/1", "(generated)"]


def test_no_more_requests_are_counted_than_the_budget_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation whose description has ever more cases is planned with what one operation may receive."""
    _write(tmp_path, DOCUMENT)
    monkeypatch.setattr(generation, "systematic", lambda _: itertools.count())
    [line] = [line for line in plan_lines(tmp_path, overlay=None) if "  GET /runs (" in line]
    assert BUDGETS["quick"].requests < int(line.split()[0]) < 2 * BUDGETS["quick"].requests


def _write(folder: Path, document: dict[str, Any]) -> None:
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "harness.toml").write_text(
        '[target]\nname = "T"\n[provider]\nspec = "openapi.json"\nbase_url = "http://127.0.0.1:9"\nours = true\n'
    )


def test_a_document_at_a_url_is_not_fetched(tmp_path: Path, httpserver: HTTPServer) -> None:
    """The message states why and what to do."""
    url = httpserver.url_for("/openapi.json")
    (tmp_path / "harness.toml").write_text(
        f'[target]\nname = "T"\n[provider]\nspec = "{url}"\nbase_url = "{httpserver.url_for("")}"\n'
    )
    with pytest.raises(ConfigurationError, match=r"--plan does not read, as it sends nothing\. Save the document"):
        list(plan_lines(tmp_path, overlay=None))
    assert not httpserver.log


def test_a_target_without_a_provider_has_no_plan(tmp_path: Path) -> None:
    """The message names the section."""
    (tmp_path / "harness.toml").write_text('[target]\nname = "T"\n')
    with pytest.raises(ConfigurationError, match=r"no \[provider\], so nothing would be sent"):
        list(plan_lines(tmp_path, overlay=None))
