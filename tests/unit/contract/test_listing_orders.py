"""A query parameter whose choices name properties orders by them: every usual way passes, and no order is found."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from harness.contract.link_crawler import LinkCrawler
from harness.contract.listing_orders import judge_orders
from harness.contract.pages import judge_pages
from harness.model import Finding, Outcome
from tests.unit.contract.customers import DOCUMENT, Customers, customers_caller


def parameter(name: str, *choices: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string", "enum": list(choices)}}


SIGNED = (parameter("sort", "fullName", "-fullName", "seats", "-seats", "relevance"),)
WORDED = (parameter("sort", "fullName:asc", "full_name:desc", "seats_desc"),)
TWO = (parameter("order_by", "fullName", "seats"), parameter("order", "ASC", "DESC"))
OPEN = (parameter("sortBy", "fullName", "createdAt"),)
Parameters = tuple[dict[str, Any], ...]


def described(parameters: Parameters) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    document["paths"]["/customers"]["get"]["parameters"] += parameters
    return document


def judged(provider: Customers, parameters: Parameters) -> list[Finding]:
    document = described(parameters)

    def walk() -> LinkCrawler:
        return LinkCrawler(customers_caller(provider, document), random_seed=1)

    return judge_orders(customers_caller(provider, document), walk)


class Sorts(Customers):
    """Orders by what was asked for, in whatever way that is written."""

    def key(self, customer: dict[str, Any], member: str) -> Any:
        value = customer.get(member)
        return (value is None, value.lower() if isinstance(value, str) else value or 0, customer["customerId"])

    def sorted(self, rows: list[dict[str, Any]], member: str, *, down: bool) -> list[dict[str, Any]]:
        return sorted(rows, key=lambda c: self.key(c, member), reverse=down)

    def get_customers(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        asked = query.get("sort") or query.get("order_by") or query.get("sortBy") or ""
        down = asked.startswith("-") or asked.lower().endswith("desc") or query.get("order") == "DESC"
        plain = asked.removeprefix("-").partition(":")[0].removesuffix("_desc").replace("full_name", "fullName")
        before = self.customers
        if plain in ("fullName", "seats", "createdAt"):
            rows = self.sorted(list(before.values()), plain, down=down)
            self.customers = {row["customerId"]: row for row in reversed(rows)}  # the base reverses
        try:
            return super().get_customers(request)
        finally:
            self.customers = before

    def entry(self, customer: dict[str, Any]) -> dict[str, Any]:
        return {**super().entry(customer), **{n: customer[n] for n in ("seats", "createdAt") if n in customer}}

    def now(self) -> str:
        return f"2026-01-01T00:{next(self.clock) % 3600 // 60:02}:{next(self.clock) % 60:02}.000Z"


class SortsByCodePoints(Sorts):
    def key(self, customer: dict[str, Any], member: str) -> Any:
        return (customer.get(member) is None, customer.get(member, 0))


class SortsNullsFirst(Sorts):
    def key(self, customer: dict[str, Any], member: str) -> Any:
        missing, *rest = super().key(customer, member)
        return (not missing, *rest)


class RefusesOrders(Customers):
    def get_customers(self, request: httpx.Request) -> httpx.Response:
        is_ordered = {"sort", "order_by", "sortBy"} & set(request.url.params)
        return httpx.Response(400) if is_ordered else super().get_customers(request)


@pytest.mark.parametrize("parameters", [SIGNED, WORDED, TWO, OPEN], ids=["signs", "words", "two", "open"])
@pytest.mark.parametrize("kind", [Sorts, SortsByCodePoints, SortsNullsFirst, RefusesOrders], ids=lambda k: k.__name__)
def test_every_usual_way_to_order_passes(kind: type[Customers], parameters: Parameters) -> None:
    """Any collation, nulls at either end, and a refusal are no fault."""
    found = judged(kind(), parameters)

    assert [f.observed for f in found if f.outcome is Outcome.FAIL] == []
    assert (Outcome.PASS in {f.outcome for f in found}) is (kind is not RefusesOrders)


class SortsNothing(Sorts):
    def sorted(self, rows: list[dict[str, Any]], member: str, *, down: bool) -> list[dict[str, Any]]:  # noqa: ARG002
        return rows


class NeverReverses(Sorts):
    def sorted(self, rows: list[dict[str, Any]], member: str, *, down: bool) -> list[dict[str, Any]]:  # noqa: ARG002
        return super().sorted(rows, member, down=False)


class SortsEachPage(Sorts):
    def get_customers(self, request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        asked = query.pop("sort", "")
        answer = super().get_customers(httpx.Request("GET", request.url.copy_with(params=query)))
        page = answer.json()
        member = asked.removeprefix("-")
        page["customers"].sort(key=lambda e: str(e.get(member, "")), reverse=asked.startswith("-"))
        return httpx.Response(200, json=page)


@pytest.mark.parametrize(
    "kind, parameters, wrong",
    [
        (SortsNothing, SIGNED, "sort="),
        (NeverReverses, SIGNED, "sort=-fullName"),
        (NeverReverses, WORDED, "sort=full_name:desc"),
        (NeverReverses, TWO, "order_by=fullName&order=DESC"),
        (SortsEachPage, SIGNED, "sort="),
    ],
)
def test_an_order_that_does_not_hold_is_named(kind: type[Customers], parameters: Parameters, wrong: str) -> None:
    """No order, none in reverse, and one of each page alone are found."""
    failed = [f.summary for f in judged(kind(), parameters) if f.outcome is Outcome.FAIL]

    assert any(summary.startswith(f"GET /customers {wrong}") for summary in failed)
    assert all(": its entries are in another order" in summary for summary in failed)


def test_a_listing_without_orders_is_not_judged() -> None:
    """Nothing shows whether the promise holds."""
    assert {f.outcome for f in judged(Customers(), ())} == {Outcome.NOT_APPLICABLE}


class Counting(Customers):
    """States another number of entries."""

    def counted(self, number: int, every: int) -> dict[str, Any]:
        raise NotImplementedError

    def get_customers(self, request: httpx.Request) -> httpx.Response:
        page = json.loads(super().get_customers(request).content)
        return httpx.Response(200, json=page | self.counted(page["total"], len(self.customers)))


class OneTooMany(Counting):
    def counted(self, number: int, every: int) -> dict[str, Any]:  # noqa: ARG002
        return {"total": number + 1}


class OneTooFew(Counting):
    def counted(self, number: int, every: int) -> dict[str, Any]:  # noqa: ARG002
        return {"total": max(0, number - 1)}


class Estimates(Counting):
    def counted(self, number: int, every: int) -> dict[str, Any]:  # noqa: ARG002
        return {"total": number + 3, "isEstimated": True}


@pytest.mark.parametrize(
    "kind, is_wrong", [(Customers, False), (Estimates, False), (OneTooMany, True), (OneTooFew, True)]
)
def test_the_number_that_a_listing_states_is_that_of_its_entries(
    kind: Callable[[], Customers],
    is_wrong: bool,  # noqa: FBT001
) -> None:
    """A total that is one too many or too few is found; an estimate promises nothing."""
    caller = customers_caller(kind())
    failed = [f.summary for f in judge_pages(caller, []) if f.outcome is Outcome.FAIL]

    assert bool(failed) is is_wrong
    assert all("the number that it states is not that of its entries" in summary for summary in failed)
