"""Coverage of the document: what counts as valid, what is joined, and what the threshold says."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from harness.contract.coverage import CoverageRecorder, joined, judge_coverage, judge_limits
from harness.http.client import ANSWERED_S
from harness.model import Outcome
from harness.model.config import CoverageThreshold
from harness.model.spec_coverage import OperationCoverage, SeenOperation, Source, percent
from harness.openapi.spec_document import Spec
from harness.reports.coverage_table import rows

BASE = "http://provider.test/v1"
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        "/things": {
            "parameters": [{"$ref": "#/components/parameters/Limit"}],
            "get": {
                "parameters": [
                    {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"enum": ["a", "b"]}}},
                    {"name": "X-Flag", "in": "header", "required": True, "schema": {"type": "boolean"}},
                ],
                "responses": {
                    "200": {"description": "ok"},
                    "4XX": {"description": "no"},
                    "default": {"description": "?"},
                },
            },
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                },
                "responses": {"201": {"description": "made"}},
            },
        },
        "/things/{id}": {
            "get": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "responses": {"200": {"description": "ok"}, "404": {"description": "none"}},
            }
        },
    },
    "components": {
        "parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 9}}},
        "schemas": {
            "Thing": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "minLength": 2, "nullable": True},
                    "parent": {"$ref": "#/components/schemas/Thing"},
                },
            }
        },
    },
}


@pytest.fixture
def spec() -> Spec:
    return Spec(DOCUMENT, "things.yaml", BASE)


def test_the_time_of_the_answers_is_added_up() -> None:
    """The table shows how long an operation took; a recording, for which nobody waited, adds nothing."""
    recorder = CoverageRecorder(Spec(DOCUMENT, "things.yaml", BASE))
    for extensions in ({ANSWERED_S: 0.5}, {ANSWERED_S: 0.25}, {}):
        request = httpx.Request("GET", f"{BASE}/things/1")
        recorder.observe("fuzzing", httpx.Response(200, request=request, extensions=extensions))

    [seen] = recorder.taken()
    [row] = [row for row in rows(joined(Spec(DOCUMENT, "things.yaml", BASE), [seen]).operations) if "/{id}" in row[0]]

    assert seen.seen.seconds == 0.75
    assert row[3] == "fuzzing 3 in 0.8 s"


def seen_of(spec: Spec, *requests: tuple[httpx.Request, int], source: str = "checks") -> list[SeenOperation]:
    recorder = CoverageRecorder(spec)
    for request, status in requests:
        recorder.observe(source, httpx.Response(status, request=request))
    return recorder.taken()


def listing(query: str = "", **headers: str) -> httpx.Request:
    return httpx.Request("GET", f"{BASE}/things{query}", headers={"X-Flag": "true", **headers})


def creation(**kwargs: Any) -> httpx.Request:
    return httpx.Request("POST", f"{BASE}/things", **kwargs)


VALID = [
    listing(),
    listing("?limit=9"),
    listing("?tags=a&tags=b"),
    listing("?tags=a,b"),
    creation(json={"name": None}),
    creation(json={"name": "ab", "parent": {"name": "cd"}}),
    httpx.Request("GET", f"{BASE}/things/7"),
]
INVALID = [
    httpx.Request("GET", f"{BASE}/things"),
    listing("?limit=10"),
    listing("?limit=many"),
    listing("?tags=c"),
    creation(json={}),
    creation(json={"name": "ab", "parent": {"name": "c"}}),
    creation(content=b"{", headers={"content-type": "application/json"}),
    creation(content=b"name=x", headers={"content-type": "application/x-www-form-urlencoded"}),
    creation(),
    httpx.Request("GET", f"{BASE}/things/seven"),
]


@pytest.mark.parametrize("request_, valid", [(r, True) for r in VALID] + [(r, False) for r in INVALID])
def test_input_is_valid_as_the_document_says(spec: Spec, request_: httpx.Request, valid: bool) -> None:  # noqa: FBT001
    """Parameters in each reading, required ones, and bodies decide whether a call was valid."""
    (part,) = seen_of(spec, (request_, 200))

    assert (part.seen.valid, part.seen.invalid) == (int(valid), int(not valid))


def test_keywords_are_told_by_where_they_stand(spec: Spec) -> None:
    """What an input met and what it broke is named by its place in the document, through references."""
    (part,) = seen_of(spec, (creation(json={"name": "c"}), 422))

    assert part.seen.broken == ("/components/schemas/Thing/properties/name/minLength",)
    assert "/components/schemas/Thing/required" in part.seen.met
    (operation,) = [o for o in joined(spec, [part]).operations if o.operation == "POST /things"]
    assert operation.keywords == (
        "/components/parameters/Limit/schema/maximum",
        "/components/parameters/Limit/schema/type",
        "/components/schemas/Thing/properties/name/minLength",
        "/components/schemas/Thing/properties/name/type",
        "/components/schemas/Thing/required",
        "/components/schemas/Thing/type",
    )


def test_calls_that_were_turned_away_say_nothing_of_input(spec: Spec) -> None:
    """A refused credential or a rate limit is a response seen, not an operation called with valid input."""
    table = joined(spec, seen_of(spec, (listing(), 401), (listing(), 429)))
    operation = table.operations[0]

    assert (operation.called, operation.valid, operation.produced) == (True, 0, ("4XX",))
    assert table.called == 0


def test_a_limit_without_a_time_is_told_whoever_met_it(spec: Spec) -> None:
    """429 and 503 without Retry-After are findings, with it they are not; a recording is no witness."""
    recorder = CoverageRecorder(spec)
    recorder.observe("fuzzing", httpx.Response(429, request=listing()))
    recorder.observe("fuzzing", httpx.Response(503, request=listing(), headers={"Retry-After": "1"}))
    recorder.observe("cassettes", httpx.Response(503, request=VALID[4]))

    (found,) = judge_limits(joined(spec, recorder.taken()))

    assert (found.item, found.outcome) == ("contract.fuzz", Outcome.FAIL)
    assert found.summary == f"GET /things: answers 429 without Retry-After ({found.id})"
    assert found.observed == "1 times, seen by fuzzing"
    assert found.fix.startswith("Send Retry-After")


def test_what_goes_elsewhere_is_not_counted(spec: Spec) -> None:
    """A call that the document does not describe leaves no trace."""
    assert seen_of(spec, (httpx.Request("GET", f"{BASE}/others"), 200)) == []


def test_an_operation_that_cannot_be_read_is_not_counted() -> None:
    """A call to it is made all the same, and seen in passing."""
    recorder = CoverageRecorder(Spec({**DOCUMENT, "paths": {"/a": {"get": "hello"}}}, "things.yaml", BASE))

    recorder.observe("checks", httpx.Response(200, request=httpx.Request("GET", f"{BASE}/a")))

    assert recorder.taken() == []


def test_parts_are_joined_and_sources_told_apart(spec: Spec) -> None:
    """Parts of several processes, as JSON, become one table in the order of the document."""
    parts = [
        *seen_of(spec, (listing("?limit=1"), 200), source="scenarios"),
        *seen_of(spec, (listing("?tags=a"), 200), (listing(), 500), source="fuzzing"),
        *seen_of(spec, (listing("?tags=c"), 200), source="fuzzing"),
    ]
    travelled = msgspec.json.decode(msgspec.json.encode(parts), type=list[SeenOperation])
    first = joined(spec, travelled).operations[0]

    assert [(s.name, s.valid, s.invalid) for s in first.sources] == [("fuzzing", 2, 1), ("scenarios", 1, 0)]
    assert first.given == ("query tags", "header X-Flag", "query limit")
    assert (first.produced, first.missing) == (("200", "default"), ("4XX",))


def test_the_threshold_decides(spec: Spec) -> None:
    """Below the threshold it fails and names what is missing; a part of a run cannot tell; above it passes."""
    calls = [(VALID[0], 200), (VALID[4], 201)]
    table = joined(spec, seen_of(spec, *calls))

    failed = judge_coverage(table, CoverageThreshold())
    assert (failed.outcome, failed.summary) == (
        Outcome.FAIL,
        "Exercised too little of the spec: 2 of 3 operations (66 %), 2 of 6 documented responses (33 %)",
    )
    assert failed.observed == (
        "never called with valid input: GET /things/{id}; never produced: GET /things 4XX, GET /things default, "
        "GET /things/{id} 200, GET /things/{id} 404"
    )
    assert judge_coverage(table, CoverageThreshold(operations=66, responses=33)).outcome is Outcome.PASS
    assert judge_coverage(table, CoverageThreshold(responses=34), partial="3 left out").outcome is Outcome.NOT_RUN


def test_an_exact_status_goes_before_its_range() -> None:
    """404 is the documented 404, 405 the documented range, 500 the default; whole per cents never round up to all."""
    operation = OperationCoverage(
        operation="GET /", responses=("404", "4XX", "default"), sources=(Source(name="x", statuses={"404": 1}),)
    )

    assert operation.produced == ("404",)
    assert operation.missing == ("4XX", "default")
    assert (percent(199, 200), percent(0, 0)) == (99, 100)


SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Things", "version": "1"},
    "basePath": "/v1",
    "paths": {
        "/things": {
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "type": "integer", "maximum": 9, "required": True},
                    {
                        "name": "tags",
                        "in": "query",
                        "required": False,
                        "type": "array",
                        "collectionFormat": "pipes",
                        "items": {"type": "string", "enum": ["a", "b"]},
                    },
                ],
                "responses": {"200": {"description": "ok"}},
            },
            "post": {
                "parameters": [
                    {"name": "thing", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Thing"}}
                ],
                "responses": {"201": {"description": "made"}},
            },
        },
        "/files": {
            "post": {
                "consumes": ["multipart/form-data"],
                "parameters": [{"name": "file", "in": "formData", "type": "file", "required": True}],
                "responses": {"201": {"description": "made"}},
            }
        },
    },
    "definitions": {"Thing": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}},
}
TWO = {
    "within every limit": (httpx.Request("GET", f"{BASE}/things?limit=9&tags=a|b"), True),
    "beyond one": (httpx.Request("GET", f"{BASE}/things?limit=10"), False),
    "of another type": (httpx.Request("GET", f"{BASE}/things?limit=many"), False),
    "an entry that is none": (httpx.Request("GET", f"{BASE}/things?limit=1&tags=a|c"), False),
    "without what is required": (httpx.Request("GET", f"{BASE}/things"), False),
    "a body that fits": (creation(json={"name": "x"}), True),
    "a body that does not": (creation(json={"name": 1}), False),
    "no body": (creation(), False),
    "a form, which is not looked into": (httpx.Request("POST", f"{BASE}/files", files={"file": b"x"}), True),
    "no form": (httpx.Request("POST", f"{BASE}/files"), False),
}


@pytest.mark.parametrize("what", TWO)
def test_input_of_swagger_2_counts_as_of_later_versions(what: str) -> None:
    """A parameter that is its own schema, and a body among the parameters, decide like those of OpenAPI 3."""
    request, valid = TWO[what]
    (part,) = seen_of(Spec(SWAGGER, "things.yaml", BASE), (request, 200))

    assert (part.seen.valid, part.seen.invalid) == (int(valid), int(not valid))


def test_parameters_and_keywords_of_swagger_2_are_told() -> None:
    """The table names them by where they stand, and the body is no parameter."""
    spec = Spec(SWAGGER, "things.yaml", BASE)
    seen = seen_of(spec, (TWO["within every limit"][0], 200), (TWO["beyond one"][0], 400), (creation(json={}), 422))
    operations = {o.operation: o for o in joined(spec, seen).operations}
    listing, making = operations["GET /things"], operations["POST /things"]
    at = "/paths/~1things/get/parameters"

    assert listing.parameters == ("query limit", "query tags")
    assert making.parameters == ()
    assert set(listing.keywords) == {
        f"{at}/0/type",
        f"{at}/0/maximum",
        f"{at}/1/type",
        f"{at}/1/items/type",
        f"{at}/1/items/enum",
    }
    assert listing.sources[0].broken == (f"{at}/0/maximum",)
    assert making.sources[0].broken == ("/definitions/Thing/required",)
