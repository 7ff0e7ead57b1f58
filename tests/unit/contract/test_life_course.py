"""What must not matter does not: other paths, other parents, repetition, and members that only the server sets."""

from __future__ import annotations

import copy
import json
from typing import Any

import httpx
import pytest

from tests.unit.contract.customers import DOCUMENT, Customers
from tests.unit.contract.test_lifecycle import failures, judged

POST, GET, DELETE = "POST /customers", "GET /customers/{customer}", "DELETE /customers/{customer}"
PATCH, PUT, NOTE = "PATCH /customers/{customer}", "PUT /customers/{customer}", "/customers/{customer}/notes/{noteId}"


class TakesCreation(Customers):
    """Stores the time of creation that a client sends."""

    def stored(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        made = super().stored(given, before)
        return {**made, "createdAt": given.get("createdAt", made["createdAt"])}


class MovesCreation(Customers):
    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        if "email" in json.loads(request.content):
            self.customers[number] = {**self.customers[number], "createdAt": "2020-01-01T00:00:00Z"}
        return super().patch_customer(request, number)


class NeverUpdated(Customers):
    def stored(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        return {**super().stored(given, before), "updatedAt": "2026-01-01T00:00:00.123Z"}


class KeepsTags(Customers):
    """Adds tags to those that there are, also where the new list leaves them out."""

    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        given = json.loads(request.content)
        if "tags" in given:
            given["tags"] = [*self.customers[number].get("tags", []), *given["tags"]]
        own = httpx.Request("PATCH", request.url, headers=request.headers, json=given)
        return super().patch_customer(own, number)


class SendsAllAgain(Customers):
    def get_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        if request.headers.get("if-none-match") == self.tag(self.customers[number]):
            request = httpx.Request("GET", request.url)
        return super().get_customer(request, number)


class DeletesOnce(Customers):
    def __call__(self, request: httpx.Request) -> httpx.Response:
        again = request.method == "DELETE" and f"DELETE {request.url.path}" in self.requests
        return httpx.Response(500) if again else super().__call__(request)


class FailsOnTheSameEmail(Customers):
    def post_customers(self, request: httpx.Request) -> httpx.Response:
        answer = super().post_customers(request)
        return httpx.Response(500) if answer.status_code == 409 else answer


class DeletesNotesOfAnybody(Customers):
    def delete_note(self, request: httpx.Request, number: int, note_id: str) -> httpx.Response:
        owner = next((of for of, known in self.notes if known == note_id), number)
        return super().delete_note(request, owner, note_id)


class KeepsNotes(Customers):
    """Reads the notes of a customer that was deleted."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        steps = request.url.path.removeprefix("/v2/").split("/")
        if request.method == "GET" and len(steps) == 4 and (int(steps[1]), steps[3]) in self.notes:
            return httpx.Response(200, json=self.notes[int(steps[1]), steps[3]])
        return super().__call__(request)

    def delete_customer(self, _: httpx.Request, number: int) -> httpx.Response:
        del self.customers[number]
        return httpx.Response(204)


@pytest.mark.parametrize(
    "provider, expected",
    [
        (TakesCreation, [f"{each}: takes a value that the spec lets only the server set" for each in (PATCH, POST)]),
        (MovesCreation, [f"{PATCH}: changes the time of creation"]),
        (NeverUpdated, [f"{each}: leaves the time of the last change as it was" for each in (PATCH, PUT)]),
        (KeepsTags, [f"{PATCH}: a change that it accepts is not read afterwards"]),
        (SendsAllAgain, [f"{GET}: answers the whole content to the ETag that it has"]),
        (DeletesOnce, [f"{each}: is a server error when it is repeated" for each in (f"DELETE {NOTE}", DELETE)]),
        (FailsOnTheSameEmail, [f"{POST}: is a server error when it is repeated"]),
        (DeletesNotesOfAnybody, [f"DELETE {NOTE}: writes below another resource what does not belong to it"]),
        (KeepsNotes, [f"GET {NOTE}: reads what was below a resource that is deleted"]),
    ],
)
def test_what_must_not_matter_does_not(provider: type[Customers], expected: list[str]) -> None:
    """Each fault is one finding of the operation that has it, and nothing else is found."""
    assert sorted(failures(judged(provider()))) == sorted(expected)


class AtBothPaths(Customers):
    """Reads notes below their customer, and at a path of their own."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        note_id = request.url.path.removeprefix("/v2/notes/")
        if note_id == request.url.path:
            return super().__call__(request)
        found = next((note for (_, known), note in self.notes.items() if known == note_id), None)
        return self.flat(found)

    def flat(self, note: dict[str, Any] | None) -> httpx.Response:
        return httpx.Response(200, json=note) if note else httpx.Response(404)


class ShowsPinned(AtBothPaths):
    def flat(self, note: dict[str, Any] | None) -> httpx.Response:
        return super().flat({**note, "pinned": not note["pinned"]} if note else None)


class Remembers(AtBothPaths):
    """Still has what was deleted at the other path."""

    def delete_note(self, request: httpx.Request, number: int, note_id: str) -> httpx.Response:
        note = self.notes.get((number, note_id))
        answer = super().delete_note(request, number, note_id)
        if note is not None:
            self.notes[0, note_id] = note
        return answer


@pytest.mark.parametrize(
    "provider, expected",
    [
        (AtBothPaths, []),
        (ShowsPinned, ["GET /notes/{noteId}: shows other values than the other path of the resource"]),
        (Remembers, ["GET /notes/{noteId}: still answers after the deletion"]),
    ],
)
def test_a_resource_is_the_same_at_each_of_its_paths(provider: type[Customers], expected: list[str]) -> None:
    """What a note shows does not depend on the path at which it is read, also once it is deleted."""
    document = copy.deepcopy(DOCUMENT)
    own = document["paths"]["/customers/{customer}/notes/{noteId}"]
    document["paths"]["/notes/{noteId}"] = {"parameters": own["parameters"][1:], "get": own["get"]}

    assert failures(judged(provider(), document=document)) == expected
