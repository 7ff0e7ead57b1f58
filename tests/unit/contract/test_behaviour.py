"""What the provider promises beyond shapes: an honest one passes all, each broken one is told what it broke."""

from __future__ import annotations

import copy
import itertools
import json
import re
import secrets
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from harness.contract.caller import Caller
from harness.contract.idempotency import judge_idempotency
from harness.contract.link_crawler import LinkCrawler
from harness.contract.pages import judge_pages
from harness.contract.problems import judge_problems
from harness.contract.promises import judge_links
from harness.contract.webhooks.registration import Registration
from harness.http.provider_client import ProviderClient
from harness.model import Finding, Outcome
from harness.model.config import ProviderWebhooks
from harness.openapi.spec_document import Spec
from tests.unit.contract.streaming import client_of

Handler = Callable[[httpx.Request], httpx.Response]
PROBLEM = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        "/things": {
            "post": {
                "parameters": [{"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {"name": {"type": "string", "minLength": 1}},
                            },
                            "example": {"name": "first"},
                        }
                    },
                },
                "responses": {
                    "201": {
                        "description": "Made.",
                        "content": {"application/json": {"schema": THING}},
                        "links": {
                            "read": {"operationId": "readThing", "parameters": {"id": "$response.body#/id"}},
                            "drop": {"operationId": "dropThing", "parameters": {"id": "$response.body#/id"}},
                        },
                    },
                    "400": {"description": "Refused.", **PROBLEM},
                    "422": {"description": "Refused.", **PROBLEM},
                    "429": {"description": "Limited.", **PROBLEM},
                },
            },
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 4}},
                    {"name": "cursor", "in": "query", "schema": {"type": "string"}},
                ],
                "responses": {"200": {"description": "A page.", "content": {"application/json": {"schema": {}}}}},
            },
        },
        "/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {
                "operationId": "readThing",
                "responses": {
                    "200": {"description": "It.", "content": {"application/json": {"schema": THING}}},
                    "404": {"description": "None.", **PROBLEM},
                },
            },
            "delete": {
                "operationId": "dropThing",
                "responses": {"204": {"description": "Gone."}, "404": {"description": "None.", **PROBLEM}},
            },
        },
    },
}


def problem(status: int, **headers: str) -> httpx.Response:
    body = {"title": "No", "status": status}
    return httpx.Response(status, json=body, headers={"content-type": "application/problem+json", **headers})


class Things:
    """A provider that keeps all of its promises; a test overrides one method to break one."""

    default_limit = 2

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, tuple[bytes, httpx.Response]] = {}
        self.numbers = itertools.count(1)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        _, _, thing_id = request.url.path.strip("/").partition("/")
        handler = getattr(self, f"{request.method.lower()}_{'thing' if thing_id else 'things'}", None)
        if handler is None:
            return problem(405, allow="GET, POST")
        response: httpx.Response = handler(request, thing_id)
        return response

    def post_things(self, request: httpx.Request, _: str) -> httpx.Response:
        try:
            name = json.loads(request.content)["name"]
        except ValueError:
            return problem(400)
        except KeyError:
            return problem(422)
        key = request.headers.get("idempotency-key", "")
        if key in self.answers:
            body, answer = self.answers[key]
            return answer if body == request.content else problem(422)
        made = self.made(name)
        if key:
            self.answers[key] = (request.content, made)
        return made

    def made(self, name: str) -> httpx.Response:
        thing = {"id": f"t{next(self.numbers)}", "name": name}
        self.things[thing["id"]] = thing
        return httpx.Response(201, json=thing)

    def get_things(self, request: httpx.Request, _: str) -> httpx.Response:
        limit, after = (
            int(request.url.params.get("limit", self.default_limit)),
            int(request.url.params.get("cursor", 0)),
        )
        ids = list(self.things)
        page = ids[after : after + limit]
        more = after + limit < len(ids)
        return httpx.Response(
            200, json={"items": [{"id": i} for i in page], "nextCursor": str(after + limit) if more else None}
        )

    def get_thing(self, _: httpx.Request, thing_id: str) -> httpx.Response:
        return httpx.Response(200, json=self.things[thing_id]) if thing_id in self.things else problem(404)

    def delete_thing(self, _: httpx.Request, thing_id: str) -> httpx.Response:
        return httpx.Response(204) if self.things.pop(thing_id, None) else problem(404)


def client_on(handler: Handler, sleep: Callable[[float], None] = lambda _: None) -> ProviderClient:
    return client_of(handler, credential={"authorization": "Bearer x"}, sleep=sleep)


def spec_of(document: dict[str, Any]) -> Spec:
    return Spec(copy.deepcopy(document), "things.yaml", "http://provider.test")


def caller_on(handler: Handler, document: dict[str, Any] | None = None, waits: list[float] | None = None) -> Caller:
    """Return a caller of ``handler``; how long it waits is kept in ``waits`` instead of waited."""
    sleep = (waits if waits is not None else []).append
    return Caller(spec_of(document or DOCUMENT), client_on(handler, sleep))


def links(caller: Caller) -> list[Finding]:
    walk = LinkCrawler(caller, random_seed=1)
    walk.run()
    return judge_links(walk)


def idempotency(caller: Caller) -> list[Finding]:
    walk = LinkCrawler(caller, random_seed=1)
    walk.run()
    return judge_idempotency(caller, walk)


def pages(caller: Caller) -> list[Finding]:
    return judge_pages(caller, LinkCrawler(caller, random_seed=1).run())


def said(findings: list[Finding]) -> list[str]:
    """Return the summaries, without the ids that they end with."""
    return [f.summary.removesuffix(f" ({f.id})") for f in findings]


class LosesWhatItMade(Things):
    def get_thing(self, request: httpx.Request, thing_id: str) -> httpx.Response:  # noqa: ARG002
        return problem(404)


class KeepsWhatWasDeleted(Things):
    def delete_thing(self, _: httpx.Request, thing_id: str) -> httpx.Response:  # noqa: ARG002
        return httpx.Response(204)


class ForgetsKeys(Things):
    def post_things(self, request: httpx.Request, _: str) -> httpx.Response:
        self.answers.clear()
        return super().post_things(request, _)


class IgnoresAnotherBody(Things):
    def post_things(self, request: httpx.Request, _: str) -> httpx.Response:
        key = request.headers.get("idempotency-key", "")
        return self.answers[key][1] if key in self.answers else super().post_things(request, _)


class NeverEnds(Things):
    def get_things(self, request: httpx.Request, _: str) -> httpx.Response:
        page = super().get_things(request, _).json()
        return httpx.Response(200, json={**page, "nextCursor": page["nextCursor"] or "0"})


class Overlaps(Things):
    def get_things(self, request: httpx.Request, _: str) -> httpx.Response:
        page = super().get_things(request, _).json()
        cursor = page["nextCursor"]
        return httpx.Response(200, json={**page, "nextCursor": str(int(cursor) - 1) if cursor else None})


class IgnoresLimit(Things):
    default_limit = 3

    def get_things(self, request: httpx.Request, _: str) -> httpx.Response:
        return super().get_things(httpx.Request("GET", request.url.copy_remove_param("limit")), _)


class SkipsBetween(Things):
    """Leaves out an entry where a page begins."""

    def get_things(self, request: httpx.Request, _: str) -> httpx.Response:
        query = request.url.params
        moved = query.set("cursor", int(query["cursor"]) + 1) if "cursor" in query else query
        return super().get_things(httpx.Request("GET", request.url.copy_with(params=moved)), _)


class MovesWhatIsAdded(Things):
    """Lists the newest first, and counts from the front: what is added meanwhile moves an entry to the next page."""

    def get_things(self, request: httpx.Request, _: str) -> httpx.Response:
        self.things = dict(reversed(self.things.items()))
        answer = super().get_things(request, _)
        self.things = dict(reversed(self.things.items()))
        return answer


class FailsLater(Things):
    def get_things(self, request: httpx.Request, _: str) -> httpx.Response:
        return problem(500) if "cursor" in request.url.params else super().get_things(request, _)


class SaysJson(Things):
    def post_things(self, request: httpx.Request, _: str) -> httpx.Response:
        answer = super().post_things(request, _)
        return httpx.Response(answer.status_code, json=answer.json())


class SaysAnotherStatus(Things):
    def get_thing(self, request: httpx.Request, thing_id: str) -> httpx.Response:  # noqa: ARG002
        headers = {"content-type": "application/problem+json"}
        return httpx.Response(404, json={"status": 400}, headers=headers)


class NoAllow(Things):
    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = super().__call__(request)
        answer.headers.pop("allow", None)
        return answer


JUDGES = (links, idempotency, pages, judge_problems)
# Who breaks what, and what is said of it.
BROKEN: list[tuple[type[Things], Callable[[Caller], list[Finding]], str]] = [
    (LosesWhatItMade, links, "POST /things: the link 'read' of its 201 leads nowhere"),
    (KeepsWhatWasDeleted, links, "GET /things/{id}: still answers after the deletion"),
    (ForgetsKeys, idempotency, "POST /things: the same key and body is not answered with the same resource"),
    (IgnoresAnotherBody, idempotency, "POST /things: another body under a used key is not refused"),
    (NeverEnds, pages, "GET /things: an entry comes twice"),
    (Overlaps, pages, "GET /things: an entry comes twice"),
    (IgnoresLimit, pages, "GET /things: a page is longer than asked for"),
    (SkipsBetween, pages, "GET /things: an entry is missing between its pages"),
    (MovesWhatIsAdded, pages, "GET /things: an entry comes twice"),
    (FailsLater, pages, "GET /things: HTTP 500 instead of a further page"),
    (
        SaysJson,
        judge_problems,
        "POST /things: 400 is declared as application/problem+json and comes as application/json",
    ),
    (SaysAnotherStatus, judge_problems, "GET /things/{id}: the problem of its 404 says another status"),
    (NoAllow, judge_problems, "/things: 405 without Allow"),
]


@pytest.mark.parametrize("judge", JUDGES, ids=lambda j: j.__name__)
def test_an_honest_provider_passes(judge: Callable[[Caller], list[Finding]]) -> None:
    """A provider that keeps its promises gets nothing but passes, and no complaint on the way."""
    caller = caller_on(Things())

    assert [(f.outcome, f.summary) for f in judge(caller) if f.outcome is not Outcome.PASS] == []
    assert caller.findings() == []


@pytest.mark.parametrize("provider, judge, why", BROKEN, ids=lambda x: getattr(x, "__name__", ""))
def test_a_broken_promise_is_named(provider: type[Things], judge: Callable[[Caller], list[Finding]], why: str) -> None:
    """A broken promise is one failing finding that names the operation and what is wrong, under an id that stays."""
    failed = [f for f in judge(caller_on(provider())) if f.outcome is Outcome.FAIL]
    again = [f for f in judge(caller_on(provider())) if f.outcome is Outcome.FAIL]

    assert why in said(failed)
    assert all(f.observed for f in failed)
    assert all(f.summary.endswith(f" ({f.id})") for f in failed)
    assert [f.id for f in failed] == [f.id for f in again]
    assert len({f.id for f in failed}) == len(failed)


@pytest.mark.parametrize(
    "provider, fix",
    [
        (IgnoresLimit, "Return at most as many entries as the request asks for"),
        (SkipsBetween, "begin each page right after the last entry of the one before"),
        (FailsLater, "Answer every page that the spec offers or the one before names"),
    ],
)
def test_a_fault_of_pages_has_a_fix_of_its_own(provider: type[Things], fix: str) -> None:
    """Only a fault that a cursor may cause speaks of the order and of cursors."""
    [failed] = [f for f in pages(caller_on(provider())) if f.outcome is Outcome.FAIL]

    assert fix in failed.fix
    assert ("cursor" in failed.fix) is (provider is SkipsBetween)


@pytest.mark.parametrize(
    "provider, judge, fix",
    [
        (NoAllow, judge_problems, "Send the header Allow with every 405"),
        (SaysAnotherStatus, judge_problems, "Answer every refusal through one place"),
        (KeepsWhatWasDeleted, links, "Answer 404 or 410 at every path of a resource that was deleted"),
    ],
)
def test_a_fault_has_the_fix_that_corrects_it(
    provider: type[Things], judge: Callable[[Caller], list[Finding]], fix: str
) -> None:
    """A header that is missing and a resource that stays are not corrected by what helps the rest of their check."""
    failed = [f for f in judge(caller_on(provider())) if f.outcome is Outcome.FAIL]

    assert {f.fix.startswith(fix) for f in failed} == {True}


def test_calls_at_once_that_are_all_done_are_told() -> None:
    """Twenty calls at once under one key that make several things are not one call."""

    class Races(Things):
        """Forgets a key as soon as it was used twice in a row."""

        def post_things(self, request: httpx.Request, _: str) -> httpx.Response:
            key = request.headers.get("idempotency-key", "")
            if sum(1 for k in self.answers if k == key) and len(self.answers) > 1:
                return self.made("again")
            return super().post_things(request, _)

    failed = [f for f in idempotency(caller_on(Races())) if f.outcome is Outcome.FAIL]

    assert said(failed) == ["POST /things: 20 calls at once under one key are not one call"]


def changed(**paths: Any) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    for path, change in paths.items():
        change(document["paths"][path.replace("_", "/")])
    return document


def test_what_the_document_does_not_promise_is_not_judged() -> None:
    """Without an idempotency header, links or parameters for pages nothing is claimed, and the line to add is told."""
    document = changed(_things=lambda p: (p["post"].pop("parameters"), p["get"].pop("parameters")))
    document["paths"]["/things"]["post"]["responses"]["201"].pop("links")

    found = [f for judge in (links, idempotency, pages) for f in judge(caller_on(Things(), document))]

    assert {f.outcome for f in found} == {Outcome.NOT_APPLICABLE}
    assert "no member idempotency_key of a body; add the parameter" in found[1].summary
    assert "documents none" in found[0].summary
    assert "no parameter that turns pages" in found[2].summary


def test_a_link_that_names_nothing_is_told() -> None:
    """A link to no operation, and one that needs what the answer lacks, are told apart."""
    document = copy.deepcopy(DOCUMENT)
    document["paths"]["/things"]["post"]["responses"]["201"]["links"] = {
        "lost": {"operationId": "nobody"},
        "poor": {"operationId": "readThing", "parameters": {"id": "$response.body#/nothing"}},
    }

    assert set(said(links(caller_on(Things(), document)))) == {
        "POST /things: the link 'lost' of its 201 names 'nobody', which is no operation",
        "POST /things: the link 'poor' of its 201 needs $response.body#/nothing, which the answer lacks",
    }


def test_a_limited_call_waits_as_it_is_told_and_comes_again() -> None:
    """429 with Retry-After is waited for and repeated; without the header that is a finding."""
    limits = [problem(429, **{"retry-after": "3"}), problem(429)]
    things, waits = Things(), list[float]()

    def handler(request: httpx.Request) -> httpx.Response:
        return limits.pop(0) if limits else things(request)

    caller = caller_on(handler, waits=waits)
    LinkCrawler(caller, random_seed=1).run()

    assert waits == [3.0, 1.0]
    [limited] = caller.findings()
    assert said([limited]) == ["POST /things: answers 429 without Retry-After"]
    assert limited.fix.startswith("Send Retry-After with every 429 and 503")


def test_a_header_that_the_document_requires_is_missed() -> None:
    """An answer without a header that its description requires is told, however the answer came about."""
    document = copy.deepcopy(DOCUMENT)
    answers = document["paths"]["/things/{id}"]["get"]["responses"]
    answers["404"]["headers"] = {"X-Trace": {"required": True, "schema": {"type": "string"}}, "X-More": {"schema": {}}}
    caller = caller_on(Things(), document)
    judge_problems(caller)

    assert said(caller.findings()) == ["GET /things/{id}: 404 without the header X-Trace, which the spec requires"]


@pytest.mark.parametrize("key", ["has_more", "hasNext"])
def test_a_page_that_says_it_is_the_last_is(key: str) -> None:
    """A cursor beside `has_more: false`, as sync APIs give it to resume from later, leads to no further page."""

    class Resumes(Things):
        def get_things(self, request: httpx.Request, _: str) -> httpx.Response:
            page = super().get_things(request, _).json()
            more = page["nextCursor"] is not None
            last = str(len(self.things))
            return httpx.Response(200, json={**page, "nextCursor": page["nextCursor"] or last, key: more})

    [finding] = pages(caller_on(Resumes()))

    assert (finding.outcome, finding.observed) == (Outcome.PASS, "")


def test_a_refused_credential_is_no_trouble_with_pages() -> None:
    """A listing that refuses the credential says nothing of pages."""

    class Refuses(Things):
        def get_things(self, request: httpx.Request, _: str) -> httpx.Response:  # noqa: ARG002
            return problem(401)

    found = pages(caller_on(Refuses()))

    assert [f.outcome for f in found] == [Outcome.NOT_APPLICABLE]
    assert "the credential is refused (HTTP 401" in found[0].summary


def test_a_short_listing_is_not_known_to_turn_pages_well() -> None:
    """A listing of one page, to which nothing can be added, is said not to be known."""
    document = changed(_things=lambda p: p.pop("post"))
    found = pages(caller_on(Things(), document))

    assert [f.outcome for f in found] == [Outcome.NOT_APPLICABLE]
    assert "it has one page of 0 entries" in found[0].summary


def listing_below(*parameters: dict[str, Any], linked: bool = True) -> dict[str, Any]:
    """Return the document with the listing `GET /things/{id}/parts`; not ``linked``: with nothing that tells an id."""
    document = copy.deepcopy(DOCUMENT)
    if not linked:
        document["paths"] = {}
    own = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    document["paths"]["/things/{id}/parts"] = {
        "get": {
            "parameters": [*(parameters or [own]), {"name": "page", "in": "query", "schema": {"type": "integer"}}],
            "responses": {"200": {"description": "A page.", "content": {"application/json": {"schema": {}}}}},
        }
    }
    return document


class WithParts(Things):
    """Each thing has six parts, two on a page; a thing that is gone has none."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        thing_id, _, parts = request.url.path.removeprefix("/things/").partition("/")
        if parts != "parts":
            return super().__call__(request)
        return self.parts(int(request.url.params.get("page", 1))) if self.has(thing_id) else problem(404)

    def has(self, thing_id: str) -> bool:
        return thing_id in self.things

    def parts(self, page: int) -> httpx.Response:
        return httpx.Response(200, json=[{"id": f"p{n}"} for n in range(page * 2, page * 2 + 2) if n < 8])


class RepeatsParts(WithParts):
    def parts(self, page: int) -> httpx.Response:
        return super().parts(min(page, 2))


def of_parts(found: list[Finding]) -> Finding:
    return next(f for f in found if "parts" in f.summary)


@pytest.mark.parametrize("provider, outcome", [(WithParts, Outcome.PASS), (RepeatsParts, Outcome.FAIL)])
def test_a_listing_below_a_parameter_is_walked_with_an_id_that_was_seen(
    provider: type[Things], outcome: Outcome
) -> None:
    """The thing that the walk deleted is gone by then; it has made another, which stays."""
    things = provider()
    things.made("there already")
    found = of_parts(pages(caller_on(things, listing_below())))

    assert found.outcome is outcome
    if outcome is Outcome.FAIL:
        assert said([found]) == ["GET /things/{id}/parts: an entry comes twice"]
        assert "/things/t2/parts" in found.observed


def test_an_example_of_the_document_is_an_id_too() -> None:
    """Where no call tells an id, the document may."""

    class Named(WithParts):
        def has(self, thing_id: str) -> bool:
            return thing_id == "a thing"

    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "example": "a thing"}
    found = of_parts(pages(caller_on(Named(), listing_below(parameter, linked=False))))

    assert found.outcome is Outcome.PASS


def test_a_listing_that_nothing_leads_to_is_told() -> None:
    """Without an id, or where nothing has the id, the finding names what is missing."""
    needs = {"name": "kind", "in": "query", "required": True, "schema": {"type": "string"}}
    own = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    gone = {**own, "example": "gone"}
    found = [
        of_parts(pages(caller_on(WithParts(), listing_below(*parameters, linked=False))))
        for parameters in ((own,), (gone,), (gone, needs))
    ]

    assert {f.outcome for f in found} == {Outcome.NOT_APPLICABLE}
    assert "no value for its path is known; give the parameter an example, or link to it" in found[0].summary
    assert "it answers at no path that is known (HTTP 404 to /things/gone/parts)" in found[1].summary
    assert "it answers at no path that is known (HTTP 404 to /things/gone/parts)" in found[2].summary


def test_what_a_listing_requires_for_its_pages_is_given() -> None:
    """A required number or size of pages is no gap."""
    own = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    document = listing_below(own)
    document["paths"]["/things/{id}/parts"]["get"]["parameters"][-1]["required"] = True
    things = WithParts()
    things.made("there already")

    assert of_parts(pages(caller_on(things, document))).outcome is Outcome.PASS


def test_a_further_page_that_fails_is_shown_with_its_url_and_answer() -> None:
    """The finding names what was asked for, and the first words of the answer."""
    [found] = pages(caller_on(FailsLater()))

    assert re.search(r": GET /things\?\S+ answered 500", found.observed)


def test_what_a_listing_requires_besides_has_one_value() -> None:
    """A query without an example has a made-up value, the same for each page."""
    kinds = []

    class OfOneKind(WithParts):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            if request.method == "GET" and request.url.path.endswith("/parts"):
                kinds.append(request.url.params.get("kind"))
            return super().__call__(request)

    kind = {"name": "kind", "in": "query", "required": True, "schema": {"type": "string", "minLength": 3}}
    own = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    things = OfOneKind()
    things.made("there already")

    assert of_parts(pages(caller_on(things, listing_below(own, kind)))).outcome is Outcome.PASS
    assert len(set(kinds)) == 1
    assert len(kinds[0]) >= 3


def test_a_large_api_is_not_walked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out when the calls are used up is told."""
    monkeypatch.setattr("harness.contract.pages.MAX_CALLS", 1)
    found = of_parts(pages(caller_on(WithParts(), listing_below())))

    assert found.outcome is Outcome.NOT_APPLICABLE
    assert "1 calls were made, and its path has parameters" in found.summary


ASKED = ProviderWebhooks(register="POST /things", body={"name": "{catcher}", "more": ["{catcher}"]})


def registration(handler: Any, settings: ProviderWebhooks = ASKED, kept: list[str] | None = None) -> Registration:
    keep = (kept if kept is not None else []).append
    return Registration(spec_of(DOCUMENT), client_on(handler), settings, keep=keep)


def test_it_registers_and_takes_back() -> None:
    """The URL stands in the body where `{catcher}` stood, and what was made is deleted at the end."""
    things, bodies = Things(), []

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return things(request)

    made = registration(handler)

    assert made.begin("http://127.0.0.1:1/hooks") == ""
    assert json.loads(bodies[0])["more"] == ["http://127.0.0.1:1/hooks"]
    assert len(things.things) == 1
    made.end()
    assert things.things == {}


def test_it_says_why_it_cannot() -> None:
    """An unknown operation, a refusal and silence are told, with the key to mend."""

    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    unknown = registration(Things(), ProviderWebhooks(register="POST /thing")).begin("u")

    assert unknown.startswith("harness.toml: [provider.webhooks] register: 'POST /thing': Did you mean 'POST /things'?")
    assert "answered 422" in registration(lambda _: problem(422)).begin("u")
    assert "Correct [provider.webhooks] body" in registration(lambda _: problem(422)).begin("u")
    assert "gave no answer (ConnectError)" in registration(silent).begin("u")


def test_nothing_is_registered_where_that_is_done_by_hand() -> None:
    """Without `register` no call is made."""
    made = registration(lambda _: problem(500), ProviderWebhooks())

    assert made.begin("u") == ""
    made.end()


HANDS_OUT = msgspec.structs.replace(ASKED, secret_at="signing.secret")


def test_a_secret_that_the_answer_hands_out_is_kept() -> None:
    """It is told where harness.toml says that it stands."""
    secret, kept = secrets.token_hex(16), list[str]()
    made = registration(
        lambda _: httpx.Response(201, json={"id": "t1", "signing": {"secret": secret}}), HANDS_OUT, kept
    )

    assert made.begin("u") == ""
    assert kept == [secret]


@pytest.mark.parametrize(
    "answer, keys", [({"id": "t1", "signing": {"key": "x"}}, "id, signing"), ([], "no JSON object")]
)
def test_a_secret_that_is_not_where_it_should_be_is_told(answer: Any, keys: str) -> None:
    """The names of the keys are told and none of the values, one of which may be the secret."""
    kept = list[str]()
    complaint = registration(lambda _: httpx.Response(201, json=answer), HANDS_OUT, kept).begin("u")

    assert complaint == (
        "harness.toml: [provider.webhooks] secret_at: the response of POST /things has no text at 'signing.secret' "
        f"(it has: {keys}). Set it to the key of the signing secret."
    )
    assert kept == []
