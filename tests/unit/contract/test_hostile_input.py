"""Calls made wrong in one place, at providers that validate what they get, or not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from harness.contract.caller import Caller
from harness.contract.hostile_bodies import BODIES, judge_hostile_bodies
from harness.contract.invalid_input import judge_invalid_input
from harness.contract.link_crawler import LinkCrawler
from harness.http.client import Network
from harness.http.provider_client import ProviderClient
from harness.model import Finding, Level, Outcome
from harness.openapi.spec_document import Spec

if TYPE_CHECKING:
    from tests.unit.conftest import Answer, Call, Reply, Serve

ITEM: dict[str, Any] = {
    "type": "object",
    "required": ["sku", "quantity"],
    "properties": {
        "sku": {"type": "string", "maxLength": 40},
        "quantity": {"type": "integer", "minimum": 1},
        "gift": {"type": "boolean"},
        "price": {"oneOf": [{"type": "number"}, {"type": "string", "pattern": "^[0-9]+$"}]},
        "id": {"type": "string", "readOnly": True},
        "address": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}},
    },
}
EXAMPLE = {"sku": "a-1", "quantity": 2, "price": 5, "id": "1", "address": {"city": "Bern"}}
MEDIA = {"application/json": {"schema": ITEM, "example": EXAMPLE}}
BODY = {"required": True, "content": MEDIA}
MADE = {"201": {"description": "made", "content": {"application/json": {"schema": {"type": "object"}}}}}
FINE = {"200": {"description": "fine"}}
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 50}}
ID = [{"name": "orderId", "in": "path", "required": True, "schema": {"type": "string"}}]
ITEM_ID = {"name": "itemId", "in": "path", "required": True, "schema": {"type": "string"}}
GONE = {"204": {"description": "gone"}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "x", "version": "1"},
    "paths": {
        "/orders": {"post": {"responses": MADE}},
        "/orders/{orderId}/items": {
            "parameters": ID,
            "post": {"requestBody": BODY, "responses": MADE},
            "get": {"parameters": [LIMIT], "responses": FINE},
        },
        "/orders/{orderId}/items/{itemId}": {"parameters": [*ID, ITEM_ID], "delete": {"responses": GONE}},
    },
}
Judge = Callable[[Caller, LinkCrawler], list[Finding]]


def refuse(constant: str) -> None:
    raise ValueError(constant)


class Orders:
    """A provider that validates the bodies of items once it has found their order."""

    def __init__(self) -> None:
        self.validator = jsonschema_rs.Draft202012Validator(ITEM)

    def __call__(self, call: Call) -> Reply:
        path, _, query = call.path.partition("?")
        if path == "/orders":
            return 201, {}, {"id": "o1"}
        answers: dict[tuple[str, str], Callable[[], Reply]] = {
            ("DELETE", "/orders/o1/items/i1"): lambda: (204, {}, None),
            ("GET", "/orders/o1/items"): lambda: self.listed(query.removeprefix("limit=")),
            ("POST", "/orders/o1/items"): lambda: self.posted(call),
        }
        return answers.get((call.method, path), lambda: (404, {}, {}))()

    def posted(self, call: Call) -> Reply:
        if "content-encoding" in call.headers or not call.headers["content-type"].startswith("application/json"):
            return 415, {}, {}
        try:
            return self.added(self.parsed(call.body))
        except (ValueError, RecursionError):
            return 400, {}, {}

    def listed(self, limit: str) -> Reply:
        fits = not limit or (limit.isdecimal() and 1 <= int(limit) <= 50)
        return (200 if fits else 400), {}, []

    def parsed(self, body: bytes) -> Any:
        return json.loads(body.decode(), parse_constant=refuse)

    def added(self, item: Any) -> Reply:
        return (201 if self.accepts(item) else 422), {}, {"id": "i1"}

    def accepts(self, item: Any) -> bool:
        return self.validator.is_valid(item)


def judged(base_url: str, judge: Judge, document: dict[str, Any] = DOCUMENT) -> list[Finding]:
    with ProviderClient(Network(), base_url, {}) as client:
        caller = Caller(Spec(document, "x", base_url), client)
        walk = LinkCrawler(caller, random_seed=1)
        walk.run()
        return judge(caller, walk)


def causes(found: list[Finding]) -> list[str]:
    assert {f.outcome for f in found} == {Outcome.FAIL}
    return [f.summary.partition(": ")[2].partition(" (F-")[0] for f in found]


def test_a_provider_that_validates_below_its_resources_passes(serve: Serve) -> None:
    """Each invalid call reaches a real order, and is refused."""
    [found] = judged(serve(Orders()), judge_invalid_input)
    assert found.outcome is Outcome.PASS, found
    assert int(found.observed.partition(" ")[0]) > 20
    assert found.observed.endswith("invalid calls of 2 operations")


class Converts(Orders):
    def accepts(self, item: Any) -> bool:
        """Accept a number as text, as a lax parser does."""
        if isinstance(item, dict) and isinstance(item.get("quantity"), str) and item["quantity"].isdecimal():
            item = {**item, "quantity": int(item["quantity"])}
        return super().accepts(item)


class TakesBooleans(Orders):
    def accepts(self, item: Any) -> bool:
        """Take a boolean for a number, as isinstance does in Python."""
        if isinstance(item, dict) and item.get("quantity") is True:
            item = {**item, "quantity": 1}
        return super().accepts(item)


class SkipsOptional(Orders):
    def accepts(self, item: Any) -> bool:
        """Validate required members alone."""
        return super().accepts({**item, "gift": True} if isinstance(item, dict) else item)


class SkipsWithin(Orders):
    def accepts(self, item: Any) -> bool:
        """Validate no member of a member."""
        return super().accepts({**item, "address": {"city": ""}} if isinstance(item, dict) else item)


class SkipsLimits(Orders):
    def listed(self, limit: str) -> Reply:
        """Accept any number as limit."""
        return (200 if limit.lstrip("-").isdecimal() or not limit else 400), {}, []


class TakesNothing(Orders):
    def posted(self, call: Call) -> Reply:
        """Accept a call without a body."""
        return super().posted(call) if call.body else (201, {}, {"id": "i1"})


class Crashes(Orders):
    def accepts(self, item: Any) -> bool:
        """Fail where a member is null."""
        assert isinstance(item, dict)
        return super().accepts(item)

    def __call__(self, call: Call) -> Reply:
        try:
            return super().__call__(call)
        except AssertionError:
            return 500, {}, {}


@pytest.mark.parametrize(
    "provider, expected",
    [
        (Converts(), ["accepts a number as text"]),
        (TakesBooleans(), ["accepts a boolean for a number"]),
        (SkipsOptional(), ["accepts input that the spec forbids"]),
        (SkipsLimits(), ["accepts a number that its limits exclude"]),
        (TakesNothing(), ["accepts a call without its body"]),
        (Crashes(), ["answers 500 to an invalid value"]),
    ],
)
def test_one_kind_of_invalid_input_that_is_accepted_is_named(
    serve: Serve, provider: Orders, expected: list[str]
) -> None:
    """Each value of a valid call is tried as another type and beyond its limits, whatever else is validated."""
    assert causes(judged(serve(provider), judge_invalid_input)) == expected


def test_an_operation_that_validates_nothing_within_a_member_is_one_finding(serve: Serve) -> None:
    """What an operation accepts of many kinds has one cause."""
    assert causes(judged(serve(SkipsWithin()), judge_invalid_input)) == ["accepts input that the spec forbids"]


def test_nothing_is_demanded_where_the_document_has_no_schema(serve: Serve) -> None:
    """A body without a schema, or with one that admits anything, may hold anything."""
    content = {"application/json": {"example": EXAMPLE}}
    post = {"requestBody": {"content": content}, "responses": MADE}
    document = {**DOCUMENT, "paths": {"/orders": {"post": post}}}
    [found] = judged(serve(Orders()), judge_invalid_input, document)
    assert found.outcome is Outcome.NOT_APPLICABLE


def test_what_could_not_be_called_is_an_error_with_the_answer(serve: Serve) -> None:
    """A check that never got going is not passed."""

    def refuses(call: Call) -> Reply:
        return (201, {}, {"id": "o1"}) if call.path == "/orders" else (409, {}, {"why": "closed"})

    [found] = judged(serve(refuses), judge_hostile_bodies)
    assert found.outcome is Outcome.ERROR
    assert 'POST /orders/o1/items answered 409: {"why": "closed"}' in found.observed


def test_a_provider_with_a_strict_parser_passes_hostile_bodies(serve: Serve) -> None:
    """Malformed bodies are refused, extreme ones refused or accepted."""
    [found] = judged(serve(Orders()), judge_hostile_bodies)
    assert found.outcome is Outcome.PASS, found
    assert found.observed == f"{len(BODIES)} bodies at 1 operations"


class TakesNaN(Orders):
    def parsed(self, body: bytes) -> Any:
        """Parse as Python does by default."""
        item = json.loads(body.decode())
        is_nan = isinstance(item, dict) and item.get("quantity") != item.get("quantity")
        return {**item, "quantity": 1} if is_nan else item


class StopsAtTheEnd(Orders):
    def parsed(self, body: bytes) -> Any:
        """Read the first value alone."""
        return json.JSONDecoder(parse_constant=refuse).raw_decode(body.decode())[0]


class Replaces(Orders):
    def parsed(self, body: bytes) -> Any:
        """Replace bytes that are not UTF-8."""
        return json.loads(body.decode(errors="replace"), parse_constant=refuse)


def failing(broken: type[BaseException] | tuple[type[BaseException], ...]) -> Answer:
    class Fails(Orders):
        def parsed(self, body: bytes) -> Any:
            try:
                return super().parsed(body)
            except broken:
                raise AssertionError from None

        def __call__(self, call: Call) -> Reply:
            try:
                return super().__call__(call)
            except AssertionError:
                return 500, {}, {}

    return Fails()


def stores_text(call: Call) -> Reply:
    """Fail where a text cannot be stored."""
    return (500, {}, {}) if b"\\u0000" in call.body or b"\\ud800" in call.body else Orders()(call)


@pytest.mark.parametrize(
    "answer, cause, observed",
    [
        (TakesNaN(), "accepts a body that is not JSON", "NaN"),
        (StopsAtTheEnd(), "accepts a body that is not JSON", "text after the body, a second body"),
        (failing(RecursionError), "answers 500 to a hostile body", "within each other"),
        (failing(UnicodeDecodeError), "answers 500 to a hostile body", "bytes that are not UTF-8"),
        (stores_text, "answers 500 to a hostile body", "an escaped NUL, half of a surrogate pair"),
    ],
)
def test_a_hostile_body_that_is_accepted_or_breaks_the_server_is_found(
    serve: Serve, answer: Answer, cause: str, observed: str
) -> None:
    """No body ends in 5xx, and what is not JSON is refused."""
    [found] = judged(serve(answer), judge_hostile_bodies)
    assert causes([found]) == [cause]
    assert found.level is Level.MUST
    assert observed in found.observed


def test_what_a_hostile_body_created_is_deleted(serve: Serve) -> None:
    """Half of a surrogate pair that a provider stores may break its later answers, for which nobody is to blame."""
    calls: list[Call] = []

    def answer(call: Call) -> Reply:
        calls.append(call)
        return Orders()(call)

    judged(serve(answer), judge_hostile_bodies)
    stored = next(n for n, call in enumerate(calls) if b': "a\\ud800b"' in call.body)
    assert (calls[stored + 1].method, calls[stored + 1].path) == ("DELETE", "/orders/o1/items/i1")


def test_what_could_not_be_deleted_is_not_sent(serve: Serve) -> None:
    """Where nothing deletes what was created, only refused bodies have half of a surrogate pair."""
    calls: list[Call] = []

    def answer(call: Call) -> Reply:
        calls.append(call)
        return Orders()(call)

    paths = {path: item for path, item in DOCUMENT["paths"].items() if "itemId" not in path}
    judged(serve(answer), judge_hostile_bodies, {**DOCUMENT, "paths": paths})
    assert not [call for call in calls if b': "a\\ud800b"' in call.body]
    assert [call for call in calls if b'["a\\ud800b"]' in call.body]


class TakesAnyType(Orders):
    def __call__(self, call: Call) -> Reply:
        """Read JSON whatever it is declared as."""
        return super().__call__(call._replace(headers={**call.headers, "content-type": "application/json"}))


def test_a_media_type_that_the_document_does_not_have_is_a_recommendation(serve: Serve) -> None:
    """A browser sends text/plain to another origin without asking, so that reading it as JSON lets strangers write."""
    [found] = judged(serve(TakesAnyType()), judge_hostile_bodies)
    assert causes([found]) == ["accepts a body of a media type that the spec does not have"]
    assert "answer 415" in found.fix
    assert found.level is Level.SHOULD


def test_bytes_that_are_replaced_are_a_recommendation(serve: Serve) -> None:
    """Many decoders replace what is not UTF-8 by default, and RFC 8259 section 9 lets a parser accept more."""
    [found] = judged(serve(Replaces()), judge_hostile_bodies)
    assert causes([found]) == ["accepts a body that is not UTF-8"]
    assert found.fix.startswith("Decode bodies as strict UTF-8")
    assert found.level is Level.SHOULD
