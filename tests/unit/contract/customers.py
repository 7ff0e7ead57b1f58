"""A provider of another shape than the sandbox: wrapped answers, numbered pages, PUT and PATCH, nested notes."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from typing import Any

import httpx

from harness.contract.caller import Caller
from harness.openapi.spec_document import Spec
from tests.unit.contract.streaming import client_of

BASE = "http://provider.test/v2"
_WRITTEN = {
    "email": {"type": "string", "format": "email"},
    "fullName": {"type": "string", "minLength": 1, "maxLength": 80},
    "nickname": {"type": ["string", "null"]},
    "credit": {"type": "number", "minimum": 0},
    "seats": {"type": "integer", "minimum": 0, "maximum": 500},
    "active": {"type": "boolean", "default": True},
    "plan": {"type": "string", "enum": ["free", "team", "enterprise"]},
    "tags": {"type": "array", "items": {"type": "string"}},
    "joined": {"type": "string", "format": "date-time"},
    "password": {"type": "string", "minLength": 8, "writeOnly": True},
}
_READ = {
    "customerId": {"type": "integer", "readOnly": True},
    "createdAt": {"type": "string", "format": "date-time", "readOnly": True},
    "updatedAt": {"type": "string", "format": "date-time", "readOnly": True},
    "revision": {"type": "integer", "readOnly": True},
}


def _json(schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"content": {kind: {"schema": schema}}}


def _wrapped(schema: dict[str, Any]) -> dict[str, Any]:
    return _json({"type": "object", "properties": {"data": schema}})


def _answers(*statuses: str, **bodies: dict[str, Any]) -> dict[str, Any]:
    plain = {status: {"description": "So."} for status in statuses}
    return plain | {status.lstrip("_"): {"description": "So.", **body} for status, body in bodies.items()}


_EXAMPLE = {"email": "First@Example.com", "fullName": "First customer", "plan": "free", "tags": ["b", "a"]}
_CUSTOMER = {"type": "object", "properties": {**_WRITTEN, **_READ}}
_INPUT = {"type": "object", "required": ["email", "fullName"], "additionalProperties": False, "properties": _WRITTEN}
_ID = {"name": "customer", "in": "path", "required": True, "schema": {"type": "integer"}}
_MATCH = {"name": "If-Match", "in": "header", "schema": {"type": "string"}}
_NOTE = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}, "pinned": {"type": "boolean"}},
    "example": {"text": "Call back."},
}
_QUERY = [
    {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1}},
    {"name": "per_page", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 10}},
    {"name": "plan", "in": "query", "schema": _WRITTEN["plan"]},
    {"name": "fullName", "in": "query", "description": "A prefix.", "schema": {"type": "string"}},
    {"name": "active", "in": "query", "schema": {"type": "boolean"}},
]
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Customers", "version": "2"},
    "paths": {
        "/customers": {
            "post": {
                "requestBody": {"required": True, **_json({**_INPUT, "example": _EXAMPLE})},
                "responses": _answers("400", "409", "422", _201=_wrapped(_CUSTOMER)),
            },
            "get": {"parameters": _QUERY, "responses": _answers("400", _200=_json({"type": "object"}))},
        },
        "/customers/{customer}": {
            "parameters": [_ID],
            "get": {"responses": _answers("304", "404", _200=_wrapped(_CUSTOMER))},
            "patch": {
                "parameters": [_MATCH],
                "requestBody": _json({"type": "object", "properties": _WRITTEN}, "application/merge-patch+json"),
                "responses": _answers("400", "404", "409", "412", "422", _200=_wrapped(_CUSTOMER)),
            },
            "put": {
                "parameters": [_MATCH],
                "requestBody": {"required": True, **_json(_INPUT)},
                "responses": _answers("204", "400", "404", "409", "412", "422"),
            },
            "delete": {"responses": _answers("204", "404")},
        },
        "/customers/{customer}/notes": {
            "parameters": [_ID],
            "post": {
                "requestBody": {"required": True, **_json(_NOTE)},
                "responses": _answers("404", "422", _201=_json({"type": "object"})),
            },
            "get": {"responses": _answers("404", _200=_json({"type": "array", "items": {"type": "object"}}))},
        },
        "/customers/{customer}/notes/{noteId}": {
            "parameters": [_ID, {"name": "noteId", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {"responses": _answers("404", _200=_json({"type": "object"}))},
            "delete": {"responses": _answers("204", "404")},
        },
    },
}


class Customers:
    """A provider that keeps all of its promises; a test overrides one method to break one."""

    def __init__(self) -> None:
        self.customers: dict[int, dict[str, Any]] = {}
        self.notes: dict[tuple[int, str], dict[str, Any]] = {}
        self.numbers = itertools.count(1000)
        self.clock = itertools.count(10)
        self.requests: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(f"{request.method} {request.url.path}")
        steps = request.url.path.removeprefix("/v2/").split("/")
        name = ("customers", "customer", "notes", "note")[len(steps) - 1]
        handler = getattr(self, f"{request.method.lower()}_{name}", None)
        if handler is None:
            return httpx.Response(405, headers={"allow": "GET"})
        ids = [int(steps[1]) if len(steps) > 1 and steps[1].isdecimal() else 0, *steps[3:]]
        if len(steps) > 1 and ids[0] not in self.customers:
            return httpx.Response(404)
        answer: httpx.Response = handler(request, *ids[: len(steps) // 2 if len(steps) != 1 else 0])
        return answer

    def now(self) -> str:
        return f"2026-01-01T00:00:{next(self.clock) % 60:02}.000Z"

    def stored(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        """Return what is stored of what was given."""
        changed = {name: value for name, value in given.items() if name not in ("password", *_READ)}
        if "email" in changed:
            changed["email"] = changed["email"].lower()
        if "fullName" in changed:
            changed["fullName"] = changed["fullName"].strip()
        if "tags" in changed:
            changed["tags"] = sorted(set(changed["tags"]))
        if "credit" in changed:
            changed["credit"] = round(changed["credit"], 2)
        if "joined" in changed:
            changed["joined"] = changed["joined"].replace("Z", "+00:00")
        return {**before, **changed, "updatedAt": self.now(), "revision": before.get("revision", 0) + 1}

    def shown(self, customer: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in customer.items() if value is not None}

    def post_customers(self, request: httpx.Request) -> httpx.Response:
        given = json.loads(request.content)
        if any(c["email"] == given["email"].lower() for c in self.customers.values()):
            return httpx.Response(409)
        made = {"customerId": next(self.numbers), "createdAt": self.now(), "active": True}
        customer = self.stored(given, made)
        self.customers[customer["customerId"]] = customer
        return httpx.Response(201, json={"data": self.shown(customer)})

    def get_customers(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        page, size = int(query.get("page", 1)), int(query.get("per_page", 3))
        found = [c for c in reversed(self.customers.values()) if self.fits(c, query)]
        part = found[(page - 1) * size : page * size]
        return httpx.Response(200, json={"customers": [self.entry(c) for c in part], "total": len(found)})

    def fits(self, customer: dict[str, Any], query: httpx.QueryParams) -> bool:
        return (
            query.get("plan") in (None, customer.get("plan"))
            and customer["fullName"].lower().startswith(query.get("fullName", "").lower())
            and query.get("active") in (None, str(customer["active"]).lower())
        )

    def entry(self, customer: dict[str, Any]) -> dict[str, Any]:
        return {
            name: customer[name] for name in ("customerId", "email", "fullName", "plan", "active") if name in customer
        }

    def get_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        customer = self.customers[number]
        tag = self.tag(customer)
        if request.headers.get("if-none-match") == tag:
            return httpx.Response(304, headers={"etag": tag})
        return httpx.Response(200, json={"data": self.shown(customer)}, headers={"etag": tag})

    def tag(self, customer: dict[str, Any]) -> str:
        return f'"r{customer["revision"]}"'

    def is_outdated(self, request: httpx.Request, number: int) -> bool:
        return request.headers.get("if-match") not in (None, self.tag(self.customers[number]))

    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        if self.is_outdated(request, number):
            return httpx.Response(412)
        customer = self.stored(json.loads(request.content), self.customers[number])
        self.customers[number] = customer
        return httpx.Response(200, json={"data": self.shown(customer)}, headers={"etag": self.tag(customer)})

    def put_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        if self.is_outdated(request, number):
            return httpx.Response(412)
        made = {n: v for n, v in self.customers[number].items() if n in _READ}
        self.customers[number] = self.stored(json.loads(request.content), {**made, "active": True})
        return httpx.Response(204)

    def delete_customer(self, _: httpx.Request, number: int) -> httpx.Response:
        del self.customers[number]
        self.notes = {(of, name): note for (of, name), note in self.notes.items() if of != number}
        return httpx.Response(204)

    def post_notes(self, request: httpx.Request, number: int) -> httpx.Response:
        given = json.loads(request.content)
        note_id = f"n{next(self.numbers)}"
        self.notes[number, note_id] = {"id": note_id, "pinned": False, **given}
        where = {"location": f"/v2/customers/{number}/notes/{note_id}"}
        return httpx.Response(201, json=self.notes[number, note_id], headers=where)

    def get_notes(self, _: httpx.Request, number: int) -> httpx.Response:
        return httpx.Response(200, json=[note for (of, _), note in self.notes.items() if of == number])

    def get_note(self, _: httpx.Request, number: int, note_id: str) -> httpx.Response:
        found = self.notes.get((number, note_id))
        return httpx.Response(200, json=found) if found else httpx.Response(404)

    def delete_note(self, _: httpx.Request, number: int, note_id: str) -> httpx.Response:
        return httpx.Response(204 if self.notes.pop((number, note_id), None) else 404)


def customers_caller(
    provider: Callable[[httpx.Request], httpx.Response], document: dict[str, Any] | None = None
) -> Caller:
    """Return a caller of ``provider``."""
    return Caller(Spec(copy.deepcopy(document or DOCUMENT), "customers.yaml", BASE), client_of(provider, BASE))
