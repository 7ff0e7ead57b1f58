"""A query parameter named like a property filters: every usual way to filter passes, and none at all is found."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from harness.contract.link_crawler import LinkCrawler
from harness.contract.listing_filters import judge_filters
from harness.model import Finding, Outcome
from tests.unit.contract.customers import DOCUMENT, Customers, customers_caller


def judged(provider: Customers, document: dict[str, Any] | None = None) -> list[Finding]:
    def walk() -> LinkCrawler:
        return LinkCrawler(customers_caller(provider, document), random_seed=1)

    return judge_filters(customers_caller(provider, document), walk, sleep=lambda _: None)


def by_name(found: list[Finding]) -> dict[str, str]:
    """Return outcome and cause by the parameter's name."""
    return {f.summary.removesuffix(f" ({f.id})").rpartition(" ")[2]: f.outcome for f in found}


def causes(found: list[Finding]) -> list[str]:
    return [f.summary.removesuffix(f" ({f.id})") for f in found if f.outcome is Outcome.FAIL]


class Matching(Customers):
    """Filters names in a way of its own."""

    def matches(self, wanted: str, found: str) -> bool:
        raise NotImplementedError

    def fits(self, customer: dict[str, Any], query: httpx.QueryParams) -> bool:
        name = query.get("fullName")
        rest = httpx.QueryParams([(k, v) for k, v in query.multi_items() if k != "fullName"])
        return super().fits(customer, rest) and (name is None or self.matches(name, customer["fullName"]))


class Contains(Matching):
    def matches(self, wanted: str, found: str) -> bool:
        return wanted.upper() in found.upper()


class AnyWord(Matching):
    def matches(self, wanted: str, found: str) -> bool:
        return not set(wanted.lower().split()).isdisjoint(found.lower().split())


class Exactly(Matching):
    def matches(self, wanted: str, found: str) -> bool:
        return wanted == found


class Refuses(Customers):
    def get_customers(self, request: httpx.Request) -> httpx.Response:
        if "fullName" in request.url.params:
            return httpx.Response(400)
        return super().get_customers(request)


class Finds(Customers):
    """Answers 404 where nothing is found."""

    def get_customers(self, request: httpx.Request) -> httpx.Response:
        answer = super().get_customers(request)
        return answer if answer.json()["customers"] else httpx.Response(404)


class MovesOn(Customers):
    """Its plans end by themselves, as the states of jobs do, between one look and the next."""

    def get_customers(self, request: httpx.Request) -> httpx.Response:
        if "plan" in request.url.params:
            for customer in self.customers.values():
                customer["plan"] = None
        return super().get_customers(request)


KINDS = (Customers, Contains, AnyWord, Exactly, Refuses, Finds, MovesOn)


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_every_usual_way_to_filter_passes(kind: type[Customers]) -> None:
    """A prefix, a part, a word or the whole, whatever its case; a refusal is no fault of the filter."""
    assert causes(judged(kind())) == []


def test_each_filter_is_tried() -> None:
    """Choices, truths and texts are all tried with what the listing shows, and nothing is left behind."""
    provider = Customers()
    found = judged(provider)

    assert [f.outcome for f in found] == [Outcome.PASS] * 3
    assert provider.customers == {}


class Ignores(Customers):
    name = ""

    def fits(self, customer: dict[str, Any], query: httpx.QueryParams) -> bool:
        return super().fits(customer, httpx.QueryParams([(k, v) for k, v in query.multi_items() if k != self.name]))


class IgnoresPlan(Ignores):
    name = "plan"


class IgnoresName(Ignores):
    name = "fullName"


class IgnoresActive(Ignores):
    name = "active"


class ForgetsOnPages(Customers):
    """Filters the first page only."""

    def fits(self, customer: dict[str, Any], query: httpx.QueryParams) -> bool:
        return query.get("page", "1") != "1" or super().fits(customer, query)


class FindsNothing(Customers):
    def fits(self, customer: dict[str, Any], query: httpx.QueryParams) -> bool:
        return "plan" not in query and super().fits(customer, query)


OTHERS, MISSED = "the filter lets other values pass", "the filter leaves out an entry with its value"
BROKEN: list[tuple[type[Customers], str]] = [
    (IgnoresPlan, f"GET /customers plan: {OTHERS}"),
    (IgnoresName, f"GET /customers fullName: {OTHERS}"),
    (IgnoresActive, f"GET /customers active: {OTHERS}"),
    (FindsNothing, f"GET /customers plan: {MISSED}"),
]


@pytest.mark.parametrize("provider, expected", BROKEN, ids=lambda x: getattr(x, "__name__", ""))
def test_a_filter_that_does_not_select_is_named(provider: type[Customers], expected: str) -> None:
    """A filter that does nothing, or too much, is one finding of its own."""
    assert causes(judged(provider())) == [expected]


def test_a_number_may_be_a_bound() -> None:
    """``seats=5`` may mean at least five or at most five; only one that leaves all in is no filter."""
    document = copy.deepcopy(DOCUMENT)
    query = {"name": "seats", "in": "query", "schema": {"type": "integer"}}
    document["paths"]["/customers"]["get"]["parameters"].append(query)
    ways: dict[str, Callable[[int, int], bool]] = {
        "at least": lambda wanted, found: found >= wanted,
        "at most": lambda wanted, found: found <= wanted,
        "ignored": lambda *_: True,
    }

    class Seats(Customers):
        way = staticmethod(ways["ignored"])

        def __init__(self) -> None:
            super().__init__()
            for seats in (1, 5, 9):
                number = next(self.numbers)
                self.customers[number] = {"customerId": number, "email": f"{seats}@a.b", "fullName": str(seats)}
                self.customers[number] |= {"seats": seats, "active": True, "revision": 1}

        def fits(self, customer: dict[str, Any], query: httpx.QueryParams) -> bool:
            wanted = query.get("seats")
            return super().fits(customer, query) and (wanted is None or self.way(int(wanted), customer.get("seats", 0)))

        def entry(self, customer: dict[str, Any]) -> dict[str, Any]:
            return {**super().entry(customer), "seats": customer.get("seats", 0)}

    found = {}
    for name, way in ways.items():
        Seats.way = staticmethod(way)
        found[name] = [cause for cause in causes(judged(Seats(), document)) if "seats" in cause]
    assert found == {"at least": [], "at most": [], "ignored": [f"GET /customers seats: {OTHERS}"]}


class EitherFilter(Customers):
    """Lists what either of two filters selects."""

    def fits(self, customer: dict[str, Any], query: httpx.QueryParams) -> bool:
        single = [httpx.QueryParams({name: value}) for name, value in query.items() if name in ("plan", "active")]
        return any(super(EitherFilter, self).fits(customer, each) for each in single or [query])


class LeavesFalseOut(Customers):
    """Takes a filter by false for none."""

    def fits(self, customer: dict[str, Any], query: httpx.QueryParams) -> bool:
        rest = httpx.QueryParams([(k, v) for k, v in query.multi_items() if (k, v) != ("active", "false")])
        return super().fits(customer, rest)


@pytest.mark.parametrize(
    "provider, expected",
    [
        (EitherFilter, ["GET /customers plan and active: two filters together let other values pass"]),
        (LeavesFalseOut, ["GET /customers active: the filter lets other values pass"]),
    ],
)
def test_filters_hold_together_and_for_false(provider: type[Customers], expected: list[str]) -> None:
    """Each of two filters selects beside the other, and false is a value."""
    found = judged(provider())

    assert causes(found) == expected
    assert [f.fix.startswith("Apply every filter") for f in found if f.outcome is Outcome.FAIL] == [
        "together" in name for name in expected
    ]


class OrdersAll(Customers):
    """Orders all that there is, and not what a filter selects."""

    def fits(self, customer: dict[str, Any], query: httpx.QueryParams) -> bool:
        return "sort" in query or super().fits(customer, query)


class OrdersWhatFits(Customers):
    def get_customers(self, request: httpx.Request) -> httpx.Response:
        self.customers = dict(sorted(self.customers.items(), key=lambda c: c[1]["fullName"], reverse=True))
        return super().get_customers(request)


@pytest.mark.parametrize(
    "provider, expected",
    [
        (OrdersWhatFits, []),
        (OrdersAll, ["GET /customers plan and sort: a filter lets other values pass beside an order"]),
    ],
)
def test_a_filter_selects_beside_an_order(provider: type[Customers], expected: list[str]) -> None:
    """What is ordered is what the filter selects."""
    document = copy.deepcopy(DOCUMENT)
    order = {"name": "sort", "in": "query", "schema": {"type": "string", "enum": ["fullName", "-fullName"]}}
    listing = document["paths"]["/customers"]["get"]
    listing["parameters"] = [*listing["parameters"], order]

    assert causes(judged(provider(), document)) == expected
