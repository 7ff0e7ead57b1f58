"""Real values of path parameters, learnt from what was created, read, listed and linked."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from harness.contract.created_resources import CreatedResources
from harness.contract.sample import Sample
from harness.openapi.spec_document import Spec

BASE = "http://provider.test/api"
ANY: dict[str, Any] = {"responses": {"200": {"description": "ok"}}}
PATHS: dict[str, Any] = {
    "/projects": {"post": ANY, "get": ANY},
    "/projects/{projectId}": {"get": ANY, "put": ANY, "delete": ANY},
    "/projects/{id}/runs": {"post": ANY, "get": ANY},
    "/projects/{id}/runs/{run}.json": {"get": ANY},
    "/reports/{projectId}": {"get": ANY},
    "/shops/{shopSlug}": {"get": ANY},
    "/shops": {"get": ANY},
}


@pytest.fixture
def resources() -> CreatedResources:
    return CreatedResources(spec())


def spec() -> Spec:
    return Spec({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": PATHS}, "x", BASE)


def learn(
    resources: CreatedResources, label: str, path: str, status: int = 200, body: Any = None, **headers: str
) -> None:
    """Let ``resources`` learn from one answer."""
    operation = next(o for o in spec().operations if o.label == label)
    request = httpx.Request(operation.method, BASE + path)
    response = httpx.Response(status, json=body, headers=headers, request=request)
    resources.learn(Sample(operation=operation, path=path, body=None, response=response))


CREATED: dict[str, dict[str, Any]] = {
    "the id of the body": {"body": {"id": "p1"}},
    "a member named like the parameter": {"body": {"id": 7, "project_id": "p1"}},
    "within an envelope": {"body": {"project": {"id": "p1"}}},
    "the Location": {"Location": "/api/projects/p1"},
    "a relative Location": {"Location": "projects/p1?x=1"},
}


@pytest.mark.parametrize("answer", CREATED.values(), ids=CREATED)
def test_what_was_created_fills_every_path_below_it(resources: CreatedResources, answer: dict[str, Any]) -> None:
    """Whatever the parameters of the paths are called, and by name at a path elsewhere."""
    learn(resources, "POST /projects", "/projects", 201, **answer)

    assert resources.filled("/projects/{projectId}", created=True) == "/projects/p1"
    assert resources.filled("/projects/{id}/runs", created=True) == "/projects/p1/runs"
    assert resources.filled("/reports/{projectId}") == "/reports/p1"
    assert resources.filled("/projects/{id}/runs/{run}.json") is None
    assert resources.value("projectId") == "p1"
    assert resources.value("id") is None


def test_nothing_is_known_at_first(resources: CreatedResources) -> None:
    """A path without parameters is its own; for others there is None."""
    assert resources.filled("/projects") == "/projects"
    assert resources.filled("/projects/{projectId}") is None


def test_a_refusal_teaches_nothing(resources: CreatedResources) -> None:
    """Neither a refusal nor a call to a made-up id shows that anything is there."""
    learn(resources, "POST /projects", "/projects", 422, {"id": "p1"})
    learn(resources, "GET /projects/{projectId}", "/projects/p1", 403)

    assert resources.filled("/projects/{projectId}") is None


def test_what_was_made_comes_before_what_was_found_and_the_newest_first(resources: CreatedResources) -> None:
    """Writes then go to what the run created; with `created` to nothing else."""
    learn(resources, "POST /projects", "/projects", 201, {"id": "p1"})
    learn(resources, "POST /projects", "/projects", 201, {"id": "a b/c"})
    learn(resources, "GET /projects", "/projects", 200, {"items": [{"id": "x"}, {"id": "y"}]})

    assert list(resources.paths("/projects/{id}")) == [f"/projects/{p}" for p in ("a%20b%2Fc", "p1", "x", "y")]
    assert list(resources.paths("/projects/{id}", created=True)) == ["/projects/a%20b%2Fc", "/projects/p1"]


def test_ids_below_a_parent_go_with_their_parent(resources: CreatedResources) -> None:
    """The run of one project is never looked for in another."""
    learn(resources, "POST /projects/{id}/runs", "/projects/p1/runs", 201, {"id": 5})
    learn(resources, "GET /projects/{projectId}", "/projects/p2", 200, {"id": "p2"})

    assert resources.filled("/projects/{id}/runs/{run}.json") == "/projects/p1/runs/5.json"


@pytest.mark.parametrize(
    "label, status", [("DELETE /projects/{projectId}", 204), ("GET /projects/{projectId}", 404)], ids=str
)
def test_what_is_gone_is_forgotten_with_all_below_it(resources: CreatedResources, label: str, status: int) -> None:
    """After its deletion, or when it is not found, it fills no path any more."""
    learn(resources, "POST /projects", "/projects", 201, {"id": "p1"})
    learn(resources, "POST /projects/{id}/runs", "/projects/p1/runs", 201, {"id": 5})
    learn(resources, label, "/projects/p1", status)

    assert resources.filled("/projects/{projectId}") is None
    assert resources.filled("/projects/{id}/runs/{run}.json") is None


def test_a_slug_is_known_by_the_end_of_the_name(resources: CreatedResources) -> None:
    """A parameter `shopSlug` is the member `slug`, not the id."""
    learn(resources, "GET /shops", "/shops", 200, {"data": [{"id": 1, "slug": "tea"}]})

    assert resources.filled("/shops/{shopSlug}") == "/shops/tea"


def test_a_name_that_several_collections_share_identifies_nothing() -> None:
    """An entry of one collection is never looked for in another that calls its parameter the same."""
    paths = {f"/{name}{rest}": {"get": ANY} for name in ("pictures", "songs") for rest in ("", "/{entry_id}")}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    spec = Spec(document, "x", BASE)
    resources = CreatedResources(spec)
    request = httpx.Request("GET", f"{BASE}/songs")
    response = httpx.Response(200, json=[{"id": "s1"}], request=request)
    listing = next(o for o in spec.operations if o.path == "/songs")
    resources.learn(Sample(operation=listing, path="/songs", body=None, response=response))

    assert resources.filled("/songs/{entry_id}") == "/songs/s1"
    assert resources.filled("/pictures/{entry_id}") is None
    assert resources.value("entry_id") is None
    assert resources.value("songId") is None


def elsewhere(schema: dict[str, Any], add: str = "/authors/{author}/books") -> CreatedResources:
    """Return what is learnt from one POST below an author, in a document that reads books at ``/books/{bookId}``."""
    made = {"responses": {"201": {"description": "made", "content": {"application/json": {"schema": schema}}}}}
    read = {"responses": {"200": {"description": "it", "content": {"application/json": {"schema": BOOK}}}}}
    paths = {add: {"post": made}, "/books/{bookId}": {"get": read}, "/authors/{author}": {"get": ANY}}
    spec = Spec({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}, "x", BASE)
    adding = next(o for o in spec.operations if o.method == "POST")
    path = add.replace("{author}", "a1")
    response = httpx.Response(201, json={"id": "b1"}, request=httpx.Request("POST", BASE + path))
    resources = CreatedResources(spec)
    resources.learn(Sample(operation=adding, path=path, body=None, response=response))
    return resources


BOOK = {"type": "object", "properties": {"title": {"type": "string"}}}


def test_an_item_may_be_elsewhere_than_below_its_collection() -> None:
    """What is added below a parent is read where the path has the collection's name, else where its schema is read."""
    named, alike = elsewhere({}), elsewhere(BOOK, "/authors/{author}/works")
    other = elsewhere({"type": "object"}, "/authors/{author}/works")

    assert named.filled("/books/{bookId}", created=True) == "/books/b1"
    assert named.filled("/authors/{author}") == "/authors/a1"
    assert alike.filled("/books/{bookId}", created=True) == "/books/b1"
    assert other.filled("/books/{bookId}") is None
