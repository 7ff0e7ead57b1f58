"""A small provider for tests of the contract: a handler in place of a network, and the document it promises to hold."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from typing import Any

import httpx

from harness.contract.caller import Caller
from harness.contract.spec import Spec

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
        limit, after = int(request.url.params.get("limit", 2)), int(request.url.params.get("cursor", 0))
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


def client_on(handler: Handler) -> httpx.Client:
    """Return a client whose answers come as a stream, as from a network: only then they know how long they took."""

    def streamed(request: httpx.Request) -> httpx.Response:
        answer = handler(request)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))

    return httpx.Client(transport=httpx.MockTransport(streamed), base_url="http://provider.test")


def spec_of(document: dict[str, Any]) -> Spec:
    return Spec(copy.deepcopy(document), "things.yaml", "http://provider.test")


def caller_on(handler: Handler, document: dict[str, Any] | None = None, waits: list[float] | None = None) -> Caller:
    """Return a caller of ``handler``; how long it waits is kept in ``waits`` instead of waited."""
    sleep = (waits if waits is not None else []).append
    return Caller(spec_of(document or DOCUMENT), client_on(handler), {"authorization": "Bearer x"}, sleep=sleep)
