"""Listings that stand apart from where their entries are created: `POST /shops/{shopId}/orders` and `GET /orders`."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from harness.contract.link_crawler import LinkCrawler
from harness.contract.listing_filters import judge_filters
from harness.contract.pages import judge_pages
from harness.model import Finding, Outcome
from tests.unit.contract.customers import customers_caller

NAMED = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}}}
ORDER = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "state": {"enum": ["open", "paid"]}},
}
SHOP = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}


def _answers(schema: dict[str, Any], status: int = 200) -> dict[str, Any]:
    return {str(status): {"description": "Fine.", "content": {"application/json": {"schema": schema}}}}


def _creates(made: dict[str, Any]) -> dict[str, Any]:
    body = {"required": True, "content": {"application/json": {"schema": NAMED}}}
    return {"requestBody": body, "responses": _answers(made, 201)}


def _in(place: str, name: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema or {"type": "string"}}


LIST = [
    _in("query", "limit", {"type": "integer", "minimum": 1, "maximum": 100}),
    _in("query", "cursor"),
    _in("query", "state", {"enum": ["open", "paid"]}),
]
PAGE = {"type": "object", "properties": {"items": {"type": "array", "items": ORDER}, "next": {}}}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Shops", "version": "1"},
    "paths": {
        "/shops": {"post": _creates(SHOP)},
        "/shops/{shopId}": {"parameters": [_in("path", "shopId")], "get": {"responses": _answers(SHOP)}},
        "/shops/{shopId}/orders": {"parameters": [_in("path", "shopId")], "post": _creates(ORDER)},
        "/orders": {"get": {"parameters": LIST, "responses": _answers(PAGE)}},
        "/orders/{orderId}": {"parameters": [_in("path", "orderId")], "get": {"responses": _answers(ORDER)}},
    },
}


class Shops:
    """A right provider, the newest order first; the oldest is paid, all others are open."""

    skipped = 0

    def __init__(self) -> None:
        self.shops: dict[str, dict[str, Any]] = {}
        self.orders: dict[str, dict[str, Any]] = {"o0": {"id": "o0", "name": "first", "state": "paid"}}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        *_, last = parts = request.url.path.removeprefix("/v2/").split("/")
        if request.method == "POST":
            place = self.shops if parts == ["shops"] else self.orders
            made = {"id": f"{last[0]}{len(place)}", "name": json.loads(request.content)["name"]}
            place[made["id"]] = made if place is self.shops else {**made, "state": "open"}
            return httpx.Response(201, json=place[made["id"]])
        if parts == ["orders"]:
            return self.page(request.url.params)
        found = {"shops": self.shops, "orders": self.orders}[parts[0]].get(last)
        return httpx.Response(200, json=found) if found else httpx.Response(404)

    def page(self, query: httpx.QueryParams) -> httpx.Response:
        state, size = query.get("state"), int(query.get("limit", 20))
        found = [order for order in reversed(self.orders.values()) if state in (None, order["state"])]
        ids = [order["id"] for order in found]
        at = ids.index(query["cursor"]) + 1 if "cursor" in query else 0
        shown = found[at + self.skipped if at else 0 :][:size]
        more = at + size < len(found)
        link = f"/v2/orders?{self.following(query.set('cursor', shown[-1]['id']))}" if more and shown else None
        return httpx.Response(200, json={"items": shown, "next": link})

    def following(self, query: httpx.QueryParams) -> httpx.QueryParams:
        return query


class LosesFilter(Shops):
    """Its links to further pages are without the filter."""

    def following(self, query: httpx.QueryParams) -> httpx.QueryParams:
        return query.remove("state")


class SkipsOne(Shops):
    """Its further pages begin one entry too late."""

    skipped = 1


def found_by(provider: Shops) -> list[Finding]:
    caller = customers_caller(provider, DOCUMENT)
    walk = LinkCrawler(caller, random_seed=1)
    samples = walk.run()
    return [*judge_pages(caller, samples), *judge_filters(caller, lambda: walk, sleep=lambda _: None)]


def test_entries_are_added_where_the_document_creates_them() -> None:
    """A listing of few entries gets more, so that its pages are turned and its filters are tried."""
    assert [(f.outcome, f.summary.partition(": ")[2]) for f in found_by(Shops())] == [
        (Outcome.PASS, "GET /orders, 5 entries on 3 pages"),
        (Outcome.PASS, "GET /orders by state"),
    ]


@pytest.mark.parametrize(
    "provider, what", [(LosesFilter, "lets other values pass"), (SkipsOne, "an entry is missing between its pages")]
)
def test_what_only_further_pages_show_is_found(provider: type[Shops], what: str) -> None:
    """A filter or an entry that is lost behind the first page."""
    assert [f for f in found_by(provider()) if f.outcome is Outcome.FAIL and what in f.summary]
