"""Pages: they end, and show each thing once, whatever happens between one page and the next."""

from __future__ import annotations

import random
from dataclasses import replace

import httpx
import pytest

from harness.sandbox.product import store
from harness.sandbox.product.store import StoredRun, Table

from .conftest import Start


def runs(number: int) -> Table[StoredRun]:
    table: Table[StoredRun] = Table()
    for n in range(number):
        table.keep(StoredRun(id=f"run_{n:016x}", projectId="prj_0000000000000000", trigger="manual"))
    return table


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_pages_show_every_thing_once(limit: int) -> None:
    """From the first page to the one without a next, in order, whatever the size of a page."""
    table, cursor, seen = runs(100), None, []
    for _ in range(101):
        page = table.page(limit=limit, cursor=cursor)
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break

    assert seen == [run.id for run in table]


def test_what_changes_between_pages_hides_nothing_else() -> None:
    """A run that leaves the filter, or is gone, does not shift those that follow it."""
    table = runs(20)
    first = table.page(limit=5, cursor=None, wanted=lambda run: run.status == "queued")
    for item in first["items"]:
        table.keep(replace(table.get(item["id"]) or StoredRun(projectId="", trigger=""), status="running"))
    table.remove(f"run_{10:016x}")
    second = table.page(limit=5, cursor=first["nextCursor"], wanted=lambda run: run.status == "queued")

    assert [item["id"] for item in second["items"]] == [f"run_{n:016x}" for n in range(5, 10)]


def test_the_oldest_goes_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory has a bound."""
    monkeypatch.setattr(store, "MAX_KEPT", 3)

    assert [run.id for run in runs(5)] == [f"run_{n:016x}" for n in (2, 3, 4)]


def paged(client: httpx.Client, limit: int, most: int = 20) -> list[str]:
    cursor, seen = None, []
    for _ in range(most):
        page = client.get("/projects", params={"limit": limit, **({"cursor": cursor} if cursor else {})}).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            return seen
    raise AssertionError(f"there is no end after {most} pages")


def test_pages_end_over_http(start: Start) -> None:
    """Eleven projects are listed once each, and the defects of paging are what the catalogue says."""
    names = [f"Project {n}" for n in random.sample(range(100), 11)]
    listings: dict[str, int | str] = {}
    for defect in ("", "provider-pages-overlap", "provider-pages-never-end"):
        with start(defects=[defect] if defect else []).client() as client:
            for name in names:
                client.post("/projects", json={"name": name, "ownerEmail": "owner@example.com"}).raise_for_status()
            try:
                listings[defect] = len(paged(client, 4)) - 11
            except AssertionError as error:
                listings[defect] = str(error)

    assert listings == {
        "": 0,
        "provider-pages-overlap": 3,
        "provider-pages-never-end": "there is no end after 20 pages",
    }
