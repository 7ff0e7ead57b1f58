"""What is hard to keep is kept: members of members, large numbers, emoji; deletions heed ETags, and HEAD is as GET."""

from __future__ import annotations

import copy
import json
from typing import Any

import httpx
import pytest

from tests.unit.contract.customers import DOCUMENT, Customers
from tests.unit.contract.test_lifecycle import failures, judged

POST, GET, DELETE = "POST /customers", "GET /customers/{customer}", "DELETE /customers/{customer}"
PATCH, PUT = "PATCH /customers/{customer}", "PUT /customers/{customer}"
_TEXT = {"type": "string", "minLength": 1, "maxLength": 40}
_MORE = {
    "address": {"type": "object", "properties": {"street": _TEXT, "town": _TEXT}},
    "balance": {"type": "integer", "format": "int64", "minimum": 0},
}


def document() -> dict[str, Any]:
    """Return the document of the customers with an address, a large number, and deletions under an ETag."""
    made = copy.deepcopy(DOCUMENT)
    post, item = made["paths"]["/customers"]["post"], made["paths"]["/customers/{customer}"]
    for operation in (post, item["patch"], item["put"]):
        media = next(iter(operation["requestBody"]["content"].values()))
        media["schema"]["properties"] |= _MORE
    post["requestBody"]["content"]["application/json"]["schema"]["example"] |= {
        "address": {"street": "Kade 1", "town": "Delft"},
        "balance": 7,
    }
    for answered in (post["responses"]["201"], item["get"]["responses"]["200"]):
        answered["content"]["application/json"]["schema"]["properties"]["data"]["properties"] |= _MORE
    item["delete"] |= {"parameters": item["patch"]["parameters"]}
    item["delete"]["responses"]["412"] = {"description": "So."}
    return made


class Residents(Customers):
    """A correct one."""

    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        given = json.loads(request.content)
        if isinstance(given.get("address"), dict):
            given["address"] = self.merged(self.customers[number].get("address") or {}, given["address"])
        return super().patch_customer(
            httpx.Request(
                "PATCH",
                request.url,
                headers={"if-match": m} if (m := request.headers.get("if-match")) else {},
                json=given,
            ),
            number,
        )

    def merged(self, before: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        return {**before, **given}

    def delete_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        return httpx.Response(412) if self.is_outdated(request, number) else super().delete_customer(request, number)


class ReplacesAddresses(Residents):
    def merged(self, before: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return given


class KeepsTowns(Residents):
    def put_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        before = self.customers[number].get("address") or {}
        answer = super().put_customer(request, number)
        if answer.is_success and "address" in self.customers[number]:
            self.customers[number]["address"] = {**before, **self.customers[number]["address"]}
        return answer


class KeepsNoEmoji(Residents):
    def stored(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        kept = {n: "".join(c if ord(c) < 0x10000 else "?" for c in v) for n, v in given.items() if isinstance(v, str)}
        return super().stored({**given, **kept}, before)


class KeepsFloats(Residents):
    """Stores numbers in single precision."""

    def stored(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        kept = {"balance": given["balance"] >> 24 << 24} if given.get("balance", 0) >= 1 << 24 else {}
        return super().stored({**given, **kept}, before)


class TakesZeroForNothing(Residents):
    def post_customers(self, request: httpx.Request) -> httpx.Response:
        given = json.loads(request.content)
        given["seats"] = given.get("seats") or 10
        return super().post_customers(httpx.Request("POST", request.url, json=given))


class Copies(Residents):
    """Makes another customer of the one that it replaces."""

    def put_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        answer = super().put_customer(request, number)
        if answer.is_success:
            copied = next(self.numbers)
            self.customers[copied] = {**self.customers[number], "customerId": copied}
        return answer


class DeletesAnyVersion(Residents):
    def is_outdated(self, request: httpx.Request, number: int) -> bool:
        return request.method != "DELETE" and super().is_outdated(request, number)


class FailsAtHead(Residents):
    def __call__(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(500) if request.method == "HEAD" else super().__call__(request)


class FindsAllAtHead(Residents):
    def __call__(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200) if request.method == "HEAD" else super().__call__(request)


class MovesCreationALittle(Residents):
    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        answer = super().patch_customer(request, number)
        moved = int(self.customers[number]["revision"])
        self.customers[number] = {**self.customers[number], "createdAt": f"2026-01-01T00:00:01.{moved:03}Z"}
        return answer

    def post_customers(self, request: httpx.Request) -> httpx.Response:
        answer = super().post_customers(request)
        for customer in self.customers.values():
            customer["createdAt"] = "2026-01-01T00:00:01.001Z"
        return answer


@pytest.mark.parametrize(
    "provider, expected",
    [
        (Residents, []),
        (ReplacesAddresses, [f"{PATCH}: a change of one member changes another one"]),
        (KeepsTowns, [f"{PUT}: what a replacement leaves out stays as it was"]),
        (
            KeepsNoEmoji,
            [
                *(f"{each}: a change that it accepts is not read afterwards" for each in (PATCH, PUT)),
                f"{POST}: what is read is not what was written",
            ],
        ),
        (
            KeepsFloats,
            [
                *(f"{each}: a change that it accepts is not read afterwards" for each in (PATCH, PUT)),
                f"{POST}: what is read is not what was written",
            ],
        ),
        (TakesZeroForNothing, [f"{POST}: what is read is not what was written"]),
        (Copies, [f"{PUT}: makes another resource of the one that it changes"]),
        (DeletesAnyVersion, [f"{DELETE}: changes a resource although If-Match names another ETag"]),
        (FailsAtHead, [f"{each}: answers HEAD otherwise than GET" for each in (GET, f"{GET}/notes/{{noteId}}")]),
        (FindsAllAtHead, [f"{each}: answers HEAD otherwise than GET" for each in (GET, f"{GET}/notes/{{noteId}}")]),
        (MovesCreationALittle, [f"{PATCH}: changes the time of creation"]),
    ],
)
def test_what_is_hard_to_keep_is_kept(provider: type[Customers], expected: list[str]) -> None:
    """Each fault is one finding of the operation that has it, and nothing else is found."""
    assert sorted(failures(judged(provider(), document=document()))) == sorted(expected)
