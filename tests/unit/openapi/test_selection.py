"""Operations are chosen by method, path, tag or id; a choice of nothing is a mistake."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import ConfigurationError
from harness.model.config import Fuzz
from harness.openapi.selection import select, shortest

DEFINITIONS: dict[str, dict[str, Any]] = {
    "GET /runs": {"operationId": "listRuns", "tags": ["runs"]},
    "POST /runs": {"operationId": "startRun", "tags": ["runs", "billing"]},
    "GET /runs/{id}": {},
    "DELETE /users/{id}": {"tags": ["admin"]},
}

CHOICES = {
    "nothing said": ([], [], "GET /runs, POST /runs, GET /runs/{id}, DELETE /users/{id}"),
    "method": (["get"], [], "GET /runs, GET /runs/{id}"),
    "path": (["/runs"], [], "GET /runs, POST /runs"),
    "glob": (["/runs*"], [], "GET /runs, POST /runs, GET /runs/{id}"),
    "label": (["GET /runs"], [], "GET /runs"),
    "tag": (["tag:billing"], [], "POST /runs"),
    "operationId": (["listRuns"], [], "GET /runs"),
    "several": (["tag:admin", "startRun"], [], "POST /runs, DELETE /users/{id}"),
    "without": ([], ["DELETE", "tag:billing"], "GET /runs, GET /runs/{id}"),
    "both": (["/runs*"], ["POST"], "GET /runs, GET /runs/{id}"),
}


@pytest.mark.parametrize("include, exclude, left", CHOICES.values(), ids=CHOICES.keys())
def test_operations_are_chosen(include: list[str], exclude: list[str], left: str) -> None:
    """What is left comes in the document's order."""
    assert ", ".join(select(DEFINITIONS, Fuzz(include=tuple(include), exclude=tuple(exclude)), "[fuzz]")) == left


REFUSED = {
    "typo": (["listRun"], [], "[fuzz] include: 'listRun' chooses no operation. Did you mean 'listRuns'?"),
    "unknown tag": ([], ["tag:admn"], "[fuzz] exclude: 'tag:admn' chooses no operation. Did you mean 'tag:admin'?"),
    "nothing left": (["GET"], ["/runs*"], "[fuzz]: include and exclude leave no operation. Choose at least one."),
}


@pytest.mark.parametrize("include, exclude, said", REFUSED.values(), ids=REFUSED.keys())
def test_a_choice_of_nothing_is_refused(include: list[str], exclude: list[str], said: str) -> None:
    """The message names the key, the selector and the nearest that exists."""
    with pytest.raises(ConfigurationError) as caught:
        select(DEFINITIONS, Fuzz(include=tuple(include), exclude=tuple(exclude)), "[fuzz]")

    assert str(caught.value) == f"harness.toml: {said}"


PATHS = ("GET /a", "GET /a/x", "GET /a/x/{id}", "POST /a/x/{id}", "GET /ab", "GET /b/{id}", "POST /b/{id}", "GET /s[1]")
SHORTEST = {
    "a prefix and its own path": (PATHS[:4], ["/a/*", "/a"]),
    "one method below a prefix": (("GET /a/x", "GET /a/x/{id}"), ["GET /a/*"]),
    "a whole path": (("GET /b/{id}", "POST /b/{id}"), ["/b/*"]),
    "a single operation": (("POST /b/{id}",), ["POST /b/*"]),
    "what a glob would misread": (("GET /s[1]",), ["GET /s[1]"]),
    "nothing": ((), []),
}


@pytest.mark.parametrize("labels, selectors", SHORTEST.values(), ids=SHORTEST.keys())
def test_the_shortest_selectors_choose_exactly_these(labels: tuple[str, ...], selectors: list[str]) -> None:
    """What they choose is what was asked for, and never a neighbour with the same beginning."""
    definitions: dict[str, dict[str, Any]] = {label: {} for label in PATHS}

    assert list(shortest(definitions, labels)) == selectors
    if labels:
        assert select(definitions, Fuzz(include=tuple(selectors)), "[fuzz]") == labels


def test_a_tag_stands_for_all_of_its_operations() -> None:
    """But not where one of them is to remain."""
    assert shortest(DEFINITIONS, ["GET /runs", "POST /runs"]) == ("/runs",)
    assert shortest({"GET /a": {"tags": ["t"]}, "GET /b": {"tags": ["t"]}}, ["GET /a", "GET /b"]) == ("tag:t",)
    assert shortest(DEFINITIONS, ["GET /runs", "DELETE /users/{id}"]) == ("/users/*", "GET /runs")
