"""Every link of an answer is got, described or not; a right provider of any shape gets no complaint."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from harness.contract.caller import Caller
from harness.contract.link_crawler import LinkCrawler
from harness.contract.promises import judge_links
from harness.model import Finding, Outcome
from harness.openapi.spec_document import Spec
from tests.unit.contract.streaming import client_of

BASE = "http://provider.test/api"
OK: dict[str, Any] = {"responses": {"200": {"description": "ok"}, "201": {"description": "made"}}}
BODY = {"content": {"application/json": {"schema": {"type": "object"}, "example": {"name": "a"}}}}
PATHS: dict[str, Any] = {
    "/things": {"post": {**OK, "requestBody": BODY}, "get": OK},
    "/things/{id}": {"get": OK, "put": {**OK, "requestBody": BODY}},
    "/things/{id}/stop": {"post": OK},
}
Answers = Mapping[str, Callable[[httpx.Request], httpx.Response]]


def crawled(answers: Answers, paths: dict[str, Any] | None = None) -> tuple[LinkCrawler, list[str]]:
    """Crawl a provider that answers by ``METHOD /path``, 404 to all else; return what it was asked too."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        call = f"{request.method} {request.url.path.removeprefix('/api')}"
        asked.append(call)
        known = call in answers and request.url.path.startswith("/api/")
        return answers[call](request) if known else httpx.Response(404, json={"detail": "no such thing"})

    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths or PATHS}
    walk = LinkCrawler(Caller(Spec(document, "x", BASE), client_of(answer, BASE)), random_seed=1)
    walk.run()
    return walk, asked


def provider(thing: dict[str, Any], listed: Any = None, more: Answers | None = None, **headers: str) -> Answers:
    """Return a provider of the thing ``t1``, whose creation has ``headers``."""
    return {
        "POST /things": lambda _: httpx.Response(201, json=thing, headers=headers),
        "GET /things": lambda _: httpx.Response(200, json=[thing] if listed is None else listed),
        "GET /things/t1": lambda _: httpx.Response(200, json=thing),
        **(more or {}),
    }


def found(walk: LinkCrawler) -> list[Finding]:
    """Return what fails, without what is no matter of links."""
    return [f for f in judge_links(walk) if f.outcome is Outcome.FAIL]


THING = {"id": "t1", "name": "a"}
NOWHERE: dict[str, tuple[Answers, str]] = {
    "a Location at a path that is described": (
        provider(THING, Location="/api/things/gone"),
        "POST /things: the Location of its 201 leads nowhere",
    ),
    "a Location at a path that is not described": (
        provider(THING, Location="/api/status/t1"),
        "POST /things: the Location of its 201 leads nowhere",
    ),
    "a Location without the base path": (
        provider(THING, Location="/things/t1"),
        "POST /things: the Location of its 201 leads nowhere",
    ),
    "links.self": (
        provider({**THING, "links": {"self": f"{BASE}/thing/t1"}}),
        "POST /things: links.self of its 201 leads nowhere",
    ),
    "_links of HAL": (
        provider({**THING, "_links": {"owner": {"href": "/api/owners/7"}}}),
        "POST /things: _links.owner.href of its 201 leads nowhere",
    ),
    "links with relations": (
        provider({**THING, "links": [{"rel": "owner", "href": "/api/owners/7"}]}),
        "POST /things: links[].owner of its 201 leads nowhere",
    ),
    "url": (provider({**THING, "url": f"{BASE}/t/1"}), "POST /things: url of its 201 leads nowhere"),
    "a member that ends with _url": (
        provider(THING, [{**THING, "html_url": f"{BASE}/pages/1"}]),
        "GET /things: [].html_url of its 200 leads nowhere",
    ),
    "a Link header": (
        provider(THING, Link='</api/more>; rel="next"'),
        "POST /things: Link; rel=next of its 201 leads nowhere",
    ),
    "another thing": (
        provider(THING, Location="things/t2", more={"GET /things/t2": lambda _: answer({**THING, "id": "t2"})}),
        "POST /things: the Location of its 201 leads to another resource",
    ),
    "not itself": (
        provider(
            {**THING, "links": {"self": "/api/things/t2"}},
            more={"GET /things/t2": lambda _: answer({**THING, "id": "t2", "links": {"self": "/api/things/t2"}})},
        ),
        "POST /things: links.self of its 201 leads to another resource",
    ),
}


def answer(body: Any) -> httpx.Response:
    return httpx.Response(200, json=body)


@pytest.mark.parametrize("answers, expected", NOWHERE.values(), ids=NOWHERE)
def test_a_link_that_leads_nowhere_is_found(answers: Answers, expected: str) -> None:
    """The finding names the operation and the place of the link, and shows the answer."""
    [finding] = found(crawled(answers)[0])

    assert finding.summary.removesuffix(f" ({finding.id})") == expected
    assert "answered" in finding.observed


RIGHT: dict[str, Answers] = {
    "links to itself in each form": provider(
        {**THING, "url": f"{BASE}/things/t1", "_links": {"self": {"href": "/api/things/t1"}}}, Location="things/t1"
    ),
    "paths below the base URL": provider({**THING, "links": {"self": "/things/t1"}}),
    "another origin": provider({**THING, "url": "https://elsewhere.test/x", "links": {"docs": "//x.test/y"}}),
    "another port": provider({**THING, "url": "http://provider.test:9/x"}),
    "a template": provider({**THING, "_links": {"find": {"href": "/api/find{?q}", "templated": True}}}),
    "an action": provider({**THING, "links": [{"rel": "cancel", "href": "/api/cancel/t1", "method": "POST"}]}),
    "a path described for other methods alone": provider({**THING, "links": {"stop": "/api/things/t1/stop"}}),
    "what the client wrote": {
        "POST /things": lambda r: httpx.Response(201, json={**THING, "url": json.loads(r.content)["name"]}),
    },
    "an envelope": provider({"data": {**THING, "links": {"self": "/api/things/t1"}}}),
    "what needs another right": provider(
        {**THING, "links": {"audit": "/api/audit"}}, more={"GET /audit": lambda _: httpx.Response(403)}
    ),
    "a text that is no link": provider({**THING, "link": "see the manual", "url": "", "self": "me"}),
}


@pytest.mark.parametrize("answers", RIGHT.values(), ids=RIGHT)
def test_a_right_provider_has_no_finding(answers: Answers) -> None:
    """Neither what leads elsewhere, nor what is no link to read, is held against a provider."""
    assert found(crawled(answers)[0]) == []


def test_what_went_away_since_is_no_broken_link() -> None:
    """A listing that has the entry no more when it is read again was right each time."""
    listings = [[{**THING, "links": {"self": "/api/things/t9"}}]]
    answers = {
        **provider(THING),
        "GET /things": lambda _: answer(listings.pop(0) if listings else []),
    }

    assert found(crawled(answers)[0]) == []


def test_what_the_client_may_write_is_followed_only_among_links() -> None:
    """A member `url` that the schema of the write has belongs to the client."""
    schema = {"type": "object", "properties": {"url": {"type": "string"}}}
    body = {"content": {"application/json": {"schema": schema, "example": {}}}}
    paths = {"/things": {"post": {**OK, "requestBody": body}, "get": OK}, "/things/{id}": {"get": OK}}

    assert found(crawled(provider(THING, [{**THING, "url": f"{BASE}/hook"}]), paths)[0]) == []


def test_ids_in_bodies_are_those_of_real_resources() -> None:
    """A write that names another resource is tried with one that was created, before the example of the document."""
    body = {"content": {"application/json": {"schema": {"type": "object"}, "example": {"thing_id": "made-up"}}}}
    paths = {"/jobs": {"post": {**OK, "requestBody": body}}, "/jobs/{id}": {"get": OK}, **PATHS}

    def job(request: httpx.Request) -> httpx.Response:
        known = json.loads(request.content) == {"thing_id": "t1"}
        return httpx.Response(201, json={"id": "j1"}) if known else httpx.Response(422, json={"detail": "no thing"})

    walk, _ = crawled(provider(THING, more={"POST /jobs": job}), paths)

    assert "POST /jobs" in {s.operation.label for s in walk.samples}
    assert "POST /jobs" not in walk.refused


def test_what_is_below_a_resource_is_created_and_read_there() -> None:
    """Path parameters have the values of what was created."""
    paths = {**PATHS, "/things/{id}/parts": {"post": OK, "get": OK}, "/things/{id}/parts/{part}": {"get": OK}}
    parts: Answers = {
        "POST /things/t1/parts": lambda _: httpx.Response(201, json={"id": "p1"}),
        "GET /things/t1/parts": lambda _: answer([{"id": "p1"}]),
        "GET /things/t1/parts/p1": lambda _: answer({"id": "p1"}),
    }
    _, asked = crawled(provider(THING, more=parts), paths)

    assert set(parts) <= set(asked)


def test_nothing_that_could_be_called_is_an_error_with_the_answer() -> None:
    """A provider that refuses every call has not passed, and its own words are shown."""
    [finding] = judge_links(crawled({})[0])

    assert finding.outcome is Outcome.ERROR
    assert "could not be called: POST /things (404: no such thing)" in finding.summary


def test_a_pass_lists_what_could_not_be_called() -> None:
    """What was refused beside calls that succeeded stands in the finding, with its answer."""
    refuses = {"POST /things": lambda _: httpx.Response(400, json={"title": "Bad", "detail": "a key is required"})}
    answers = {**provider({**THING, "links": {"self": "/api/things/t1"}}), **refuses}
    [finding] = judge_links(crawled(answers)[0])

    assert finding.outcome is Outcome.PASS
    assert finding.observed.endswith("could not be called: POST /things (400: a key is required)")


def test_links_that_a_refused_call_would_have_are_an_error() -> None:
    """The spec documents a link of the refused creation, which nothing followed."""
    linking = {"201": {"description": "made", "links": {"read": {"operationId": "read"}}}}
    paths = {"/things": {"post": {"requestBody": BODY, "responses": linking}, "get": {**OK, "operationId": "read"}}}
    refused = {"POST /things": lambda _: httpx.Response(400, text="Idempotency-Key is required")}
    [finding] = judge_links(crawled({**provider(THING, []), **refused}, paths)[0])

    assert finding.outcome is Outcome.ERROR
    assert finding.summary.endswith("could not be called: POST /things (400: Idempotency-Key is required)")


def test_what_is_added_below_a_parent_and_read_elsewhere_is_created() -> None:
    """A book is added below its author, and read by itself; an action of a book is none that adds."""
    paths = {
        "/authors": {"post": OK},
        "/authors/{id}/books": {"post": {**OK, "requestBody": BODY}},
        "/books/{bookId}": {"get": OK},
        "/books/{bookId}/archive": {"post": {"responses": {"200": {"description": "ok"}}}},
    }
    answers: Answers = {
        "POST /authors": lambda _: httpx.Response(201, json={"id": "a1"}),
        "POST /authors/a1/books": lambda _: httpx.Response(201, json={"id": "b1"}),
        "GET /books/b1": lambda _: answer({"id": "b1"}),
    }
    _, asked = crawled(answers, paths)

    assert asked == list(answers)


def test_what_needs_something_below_another_is_created_after_it() -> None:
    """A booking at the top of the document needs a room, which is made below a building, and has notes of its own."""
    made = {"requestBody": BODY, **OK}
    schema = {"type": "object", "required": ["roomId"], "properties": {"roomId": {"type": "string"}}}
    refers = {"content": {"application/json": {"schema": schema}}}
    paths = {
        "/bookings": {"post": {"requestBody": refers, **OK}},
        "/bookings/{bookingId}": {"get": OK},
        "/bookings/{bookingId}/notes": {"post": made},
        "/bookings/{bookingId}/notes/{noteId}": {"get": OK},
        "/buildings": {"post": made},
        "/buildings/{buildingId}": {"get": OK},
        "/buildings/{buildingId}/rooms": {"post": made},
        "/buildings/{buildingId}/rooms/{roomId}": {"get": OK},
    }

    def book(request: httpx.Request) -> httpx.Response:
        is_right = json.loads(request.content).get("roomId") == "r1"
        return httpx.Response(201, json={"id": "k1"}) if is_right else httpx.Response(422)

    answers: Answers = {
        "POST /bookings": book,
        "POST /bookings/k1/notes": lambda _: httpx.Response(201, json={"id": "n1"}),
        "POST /buildings": lambda _: httpx.Response(201, json={"id": "b1"}),
        "POST /buildings/b1/rooms": lambda _: httpx.Response(201, json={"id": "r1"}),
    }
    walk, _ = crawled(answers, paths)

    created = [s.operation.path for s in walk.samples if s.operation.method == "POST"]
    assert created == ["/buildings", "/buildings/{buildingId}/rooms", "/bookings", "/bookings/{bookingId}/notes"]
