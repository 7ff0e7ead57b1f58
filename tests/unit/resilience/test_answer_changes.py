"""Answers as the provider may give them one day, each made of the one that it gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from harness.http.message import Request, Response
from harness.openapi.json_document import JsonDocument
from harness.openapi.value_schemas import described_values
from harness.resilience import answer_changes as changes
from harness.resilience.answer_changes import Change, ChangeableAnswer

NUMBER = {"type": "integer", "minimum": 0, "maximum": 9}
RUN = {
    "properties": {
        "status": {"$ref": "#/Status"},
        "kind": {"enum": ["run"]},
        "steps": NUMBER,
        "id": NUMBER,
        "retry_after": NUMBER,
    }
}
DOCUMENT = JsonDocument(
    {"Run": {"allOf": [RUN]}, "Status": {"anyOf": [{"enum": ["queued", "done"]}, {"type": "null"}]}}
)
ONE = {"status": "done", "kind": "run", "steps": 4, "id": 3, "retry_after": 2}
PAGE = {"items": [{"name": "a"}, {"name": "b"}], "total": 2, "next": None}


def answer(content: Any, *, allows: Callable[[Any, int], bool] = lambda *_: True, query: str = "") -> ChangeableAnswer:
    return ChangeableAnswer(
        label="GET /runs",
        request=Request(method="GET", url=f"http://x/runs{query}"),
        response=Response(
            status=200, headers=(("Content-Type", "application/json"),), body=json.dumps(content).encode()
        ),
        content=content,
        accepts=lambda _, response: allows(json.loads(response.body or b"null"), response.status),
        describes=lambda _, response: described_values(DOCUMENT, {"$ref": "#/Run"}, json.loads(response.body)),
        successes=lambda _: (200, 201, 204, 206),
    )


@pytest.mark.parametrize(
    "change, content, changed",
    [
        (changes.with_unknown_values, ONE, {**ONE, "status": changes.UNKNOWN}),
        (changes.with_numbers_at_bounds, ONE, {**ONE, "steps": 9}),
        (changes.with_numbers_at_bounds, {"steps": 9}, {"steps": 0}),
        (changes.without_entries, PAGE, {**PAGE, "items": [], "total": 0}),
        (changes.without_entries, [{"name": "a"}], []),
        (changes.without_entries, {"data": PAGE}, {"data": {**PAGE, "items": []}}),
        (changes.without_entries, {**PAGE, "id": 1}, None),
        (changes.without_entries, {**PAGE, "more": [{}]}, None),
        (changes.without_entries, {"items": []}, None),
        (changes.with_unknown_values, {"other": "done"}, None),
    ],
    ids=["unknown", "bound", "other-bound", "empty", "bare", "inside", "resource", "two-lists", "none", "undescribed"],
)
def test_an_answer_changes(change: Change, content: Any, changed: Any) -> None:
    """What identifies or delays stays, and so does an answer without anything to change."""
    before = answer(content)

    after = change(before)

    assert after is before if changed is None else after.content == changed


@pytest.mark.parametrize("query, most, length", [("", 999, 100), ("?limit=5", 999, 5), ("", 20, 20), ("", 1, 2)])
def test_a_long_list_is_as_long_as_it_may_be(query: str, most: int, length: int) -> None:
    """The request and the document bound it, and its entries are those that there are."""
    after = changes.with_many_entries(answer(PAGE, allows=lambda c, _: len(c["items"]) <= most, query=query))

    assert len(after.content["items"]) == after.content["total"] == length
    assert after.content["items"][:2] == PAGE["items"]


@pytest.mark.parametrize("allowed, status, body", [({201, 204}, 201, True), ({204}, 204, False), ({206}, 200, True)])
def test_a_success_has_another_status(allowed: set[int], status: int, body: bool) -> None:  # noqa: FBT001
    """With the same content if that is allowed, else without any; never as a part of an answer."""
    after = changes.with_other_success(answer(ONE, allows=lambda _, status: status in allowed))

    assert (after.response.status, bool(after.response.body)) == (status, body)


def test_members_are_left_out_by_their_patterns() -> None:
    """Of one operation, in each entry of a list."""
    places = {("GET /runs", "items.*.name"), ("GET /runs", "absent"), ("GET /others", "total")}

    assert changes.without(answer(PAGE), places).content == {**PAGE, "items": [{}, {}]}
