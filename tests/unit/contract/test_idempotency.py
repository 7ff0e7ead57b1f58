"""One key is one call: reused with another body, at once, elsewhere, and after a refusal."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import httpx
import pytest

from harness.contract import key_fixes
from harness.contract.caller import Caller
from harness.contract.idempotency import KEYS_KEPT, judge_idempotency
from harness.contract.link_crawler import LinkCrawler
from harness.model import Finding, Outcome
from harness.openapi.spec_document import Spec
from tests.unit.contract.streaming import client_of

OK: dict[str, Any] = {"responses": {"200": {"description": "ok"}, "201": {"description": "made"}}}
KEY = {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string", "maxLength": 36}}
SCHEMA = {
    "type": "object",
    "required": ["amount"],
    "properties": {"amount": {"type": "integer"}},
}
WRITE = {
    **OK,
    "parameters": [KEY],
    "requestBody": {"content": {"application/json": {"schema": SCHEMA, "example": {"amount": 5}}}},
}
PATHS: dict[str, Any] = {
    "/accounts": {"post": {**OK, "parameters": [KEY]}},
    "/accounts/{accountId}/payments": {"post": WRITE},
    "/refunds": {"post": WRITE},
}


class Payments:
    """A provider that keeps its promises, with keys that hold for one path; tests override one method."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.stored: dict[str, tuple[bytes, httpx.Response]] = {}
        self.number = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if "idempotency-key" not in request.headers:
            return httpx.Response(400, json={"detail": "Idempotency-Key is required"})
        with self.lock:
            return self.answer(request, self.slot(request))

    def slot(self, request: httpx.Request) -> str:
        return f"{request.headers['idempotency-key']} {request.url.path}"

    def answer(self, request: httpx.Request, slot: str) -> httpx.Response:
        if slot in self.stored:
            content, before = self.stored[slot]
            return before if content == request.content else httpx.Response(422, json={"detail": "another body"})
        made = self.made(request)
        if made.is_success:
            self.stored[slot] = request.content, made
        return made

    def made(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/accounts/h"):
            return httpx.Response(404, json={"detail": "no such account"})
        if request.content and "amount" not in json.loads(request.content):
            return httpx.Response(400, json={"detail": "amount is required"})
        self.number += 1
        return httpx.Response(201, json={"id": f"x{self.number}"})


class AtAnyPath(Payments):
    """Shares keys over all operations and paths."""

    def slot(self, request: httpx.Request) -> str:
        return str(request.headers["idempotency-key"])


class AtAnyOperation(AtAnyPath):
    """Shares keys without a look at the body, so that the mistake shows between operations too."""

    def answer(self, request: httpx.Request, slot: str) -> httpx.Response:
        stored = self.stored.get(slot)
        own = stored is not None and stored[1].headers["x-made-at"] == request.url.path
        if stored is not None and not own:
            return stored[1]
        answer = super().answer(request, slot)
        answer.headers.setdefault("x-made-at", request.url.path)
        return answer


class RefusalsStayInProgress(Payments):
    def answer(self, request: httpx.Request, slot: str) -> httpx.Response:
        if slot in self.stored and self.stored[slot][1].status_code == 400:
            return httpx.Response(409, json={"detail": "in progress"})
        answer = super().answer(request, slot)
        self.stored.setdefault(slot, (request.content, answer))
        return answer


class RefusalsSucceedLater(Payments):
    def answer(self, request: httpx.Request, slot: str) -> httpx.Response:
        if slot in self.stored and self.stored[slot][1].status_code == 400:
            return httpx.Response(200, json={"id": "x0"})
        answer = super().answer(request, slot)
        self.stored.setdefault(slot, (request.content, answer))
        return answer


class ForgetsAfterARefusal(Payments):
    def answer(self, request: httpx.Request, slot: str) -> httpx.Response:
        if slot in self.stored and self.stored[slot][1].status_code == 400:
            return self.made(request)
        answer = super().answer(request, slot)
        self.stored.setdefault(slot, (request.content, answer))
        return answer


class FailsAfterARefusal(Payments):
    def answer(self, request: httpx.Request, slot: str) -> httpx.Response:
        if slot in self.stored and self.stored[slot][1].status_code == 400:
            return httpx.Response(500)
        answer = super().answer(request, slot)
        self.stored.setdefault(slot, (request.content, answer))
        return answer


class LosesKeysOfWhatWasNotFound(Payments):
    """Takes the repeated call for one with another body, where the first found no account."""

    def answer(self, request: httpx.Request, slot: str) -> httpx.Response:
        if request.url.path.endswith("/payments") and not request.url.path.startswith("/accounts/x"):
            known = slot in self.stored
            self.stored[slot] = b"", httpx.Response(404)
            return httpx.Response(422 if known else 404, json={"detail": "no such account"})
        return super().answer(request, slot)


class KeysByBody(Payments):
    """Takes two bodies under one key, where they come at once: the key is looked up before it is stored."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        known = self.slot(request) in self.stored if "idempotency-key" in request.headers else False
        time.sleep(0.02)
        slot = f"{self.slot(request)} {b'' if known else request.content!r}"
        with self.lock:
            if known:
                return super().answer(request, self.slot(request))
            if slot not in self.stored:
                self.stored[slot] = request.content, self.made(request)
                self.stored.setdefault(self.slot(request), self.stored[slot])
            return self.stored[slot][1]


class StaysInProgress(Payments):
    """A key that was used at once is in progress for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.busy: set[str] = set()
        self.stuck: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        slot = self.slot(request)
        if slot in self.busy:
            self.stuck.add(slot)
        if slot in self.stuck:
            return httpx.Response(409, json={"detail": "in progress"})
        self.busy.add(slot)
        time.sleep(0.05)
        answer = super().__call__(request)
        self.busy.discard(slot)
        return answer


def judged(provider: Any, paths: dict[str, Any] | None = None) -> list[Finding]:
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths or PATHS}
    caller = Caller(Spec(document, "x", "http://provider.test"), client_of(provider))
    walk = LinkCrawler(caller, random_seed=1)
    walk.run()
    return judge_idempotency(caller, walk)


def test_a_right_provider_passes_with_every_write() -> None:
    """Writes below a created resource and those that require a key are all judged."""
    [finding] = judged(Payments())

    assert finding.outcome is Outcome.PASS
    assert finding.summary.endswith("POST /accounts, POST /accounts/{accountId}/payments, POST /refunds")


class KeysInBodies(Payments):
    """Takes each key from the body, where Square has it."""

    def __init__(self, *, forgets: bool = False) -> None:
        super().__init__()
        self.forgets = forgets
        self.keys: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        key = json.loads(request.content or b"{}").get("idempotency_key")
        if not key:
            return httpx.Response(400, json={"detail": "idempotency_key is required"})
        self.keys.append(key)
        with self.lock:
            return self.made(request) if self.forgets else self.answer(request, f"{key} {request.url.path}")


IN_BODY = {
    "type": "object",
    "required": ["amount", "idempotency_key"],
    "properties": {"idempotency_key": {"type": "string", "maxLength": 45}, "amount": {"type": "integer"}},
}
EXAMPLE = {"amount": 5, "idempotency_key": "of-the-document"}
IN_BODIES = {
    "/refunds": {
        "post": {**OK, "requestBody": {"content": {"application/json": {"schema": IN_BODY, "example": EXAMPLE}}}}
    }
}


def test_keys_in_a_body_are_judged_as_those_in_a_header() -> None:
    """Each call has a new one, unless it is repeated on purpose; a provider that forgets them is found."""
    keeps = KeysInBodies()
    [passed] = judged(keeps, IN_BODIES)
    [found] = judged(KeysInBodies(forgets=True), IN_BODIES)

    assert passed.outcome is Outcome.PASS, passed.observed
    assert EXAMPLE["idempotency_key"] not in keeps.keys
    assert found.summary.startswith("POST /refunds: the same key and body is not answered with the same resource")


PAY = "POST /accounts/{accountId}/payments"
BROKEN: dict[str, tuple[type[Payments], set[str]]] = {
    "at another path": (
        AtAnyPath,
        {f"{PAY}: a key that was used at another path is answered with the result from there"},
    ),
    "at another operation": (
        AtAnyOperation,
        {f"{PAY}: a key that was used at another operation is answered with the result from there"},
    ),
    "in progress after a refusal": (
        RefusalsStayInProgress,
        {f"{PAY}: a key whose first call was refused cannot be used again"},
    ),
    "a server error after a refusal": (
        FailsAfterARefusal,
        {f"{PAY}: a key whose first call was refused cannot be used again"},
    ),
    "another answer where nothing was found": (
        LosesKeysOfWhatWasNotFound,
        {f"{PAY}: a key whose first call was refused cannot be used again"},
    ),
    "a refusal that is none": (
        RefusalsSucceedLater,
        {f"{PAY}: a refused call succeeds when it is repeated under its key"},
    ),
    "not stored after a refusal": (
        ForgetsAfterARefusal,
        {f"{PAY}: a key whose first call was refused does not hold for the second"},
    ),
    "two bodies at once": (KeysByBody, {f"{PAY}: two bodies at once under one key are both accepted"}),
    "in progress for ever": (StaysInProgress, {f"{PAY}: after 20 calls at once, their key stays in progress"}),
}


@pytest.mark.parametrize("provider, expected", BROKEN.values(), ids=BROKEN)
def test_a_broken_key_is_found(provider: type[Payments], expected: set[str]) -> None:
    """Each way to break a key is one finding of each operation that has it."""
    failed = [f for f in judged(provider()) if f.outcome is Outcome.FAIL]

    assert expected <= {f.summary.removesuffix(f" ({f.id})") for f in failed}


@pytest.mark.parametrize(
    "provider, fix",
    [
        (KeysByBody, KEYS_KEPT.fix),
        (StaysInProgress, key_fixes.ENDS),
        (RefusalsStayInProgress, key_fixes.REFUSED),
        (RefusalsSucceedLater, key_fixes.REFUSED_AGAIN),
        (ForgetsAfterARefusal, key_fixes.AFTER_REFUSAL),
        (AtAnyOperation, key_fixes.ELSEWHERE),
    ],
)
def test_a_broken_key_has_the_fix_of_its_fault(provider: type[Payments], fix: str) -> None:
    """To store keys at all is the fix only where that is missing."""
    assert fix in [f.fix for f in judged(provider()) if f.outcome is Outcome.FAIL]


def test_what_can_be_done_only_once_is_done_to_a_new_resource() -> None:
    """A capture that is refused the second time, whatever the key, is right and is judged."""

    class Captures(Payments):
        def __init__(self) -> None:
            super().__init__()
            self.captured: set[str] = set()

        def made(self, request: httpx.Request) -> httpx.Response:
            if not request.url.path.endswith("/capture"):
                return super().made(request)
            if request.url.path in self.captured:
                return httpx.Response(409, json={"detail": "captured already"})
            self.captured.add(request.url.path)
            return httpx.Response(200, json={"captured": True})

    capture = {"/accounts": PATHS["/accounts"], "/accounts/{id}/capture": {"post": {**OK, "parameters": [KEY]}}}
    [finding] = judged(Captures(), capture)

    assert finding.outcome is Outcome.PASS
    assert "POST /accounts/{id}/capture" in finding.summary


def test_writes_that_could_not_be_called_are_an_error_with_the_answer() -> None:
    """Where no write could be called there is no pass; beside others they are listed."""
    refuses = dict.fromkeys(("/refunds",), WRITE)
    [error] = judged(lambda _: httpx.Response(403, json={"detail": "no right to pay"}), {"/refunds": {"post": WRITE}})

    class NoRefunds(Payments):
        def made(self, request: httpx.Request) -> httpx.Response:
            refused = httpx.Response(402, json={"detail": "no balance"})
            return refused if request.url.path in refuses else super().made(request)

    [passed] = judged(NoRefunds())

    assert (error.outcome, passed.outcome) == (Outcome.ERROR, Outcome.PASS)
    assert error.summary.endswith("could not be called: POST /refunds (403: no right to pay)")
    assert passed.summary.endswith("could not be called: POST /refunds (402: no balance)")


class CutsKeys(Payments):
    """Stores the first eight characters of a key."""

    def slot(self, request: httpx.Request) -> str:
        return f"{request.headers['idempotency-key'][:8]} {request.url.path}"


class RepeatsWithoutLocation(Payments):
    def made(self, request: httpx.Request) -> httpx.Response:
        made = super().made(request)
        if made.is_success:
            made.headers["location"] = f"/payments/{self.number}"
        return made

    def answer(self, request: httpx.Request, slot: str) -> httpx.Response:
        known = slot in self.stored
        answer = super().answer(request, slot)
        return httpx.Response(answer.status_code, content=answer.content) if known else answer


@pytest.mark.parametrize(
    "provider, expected, fix",
    [
        (CutsKeys, "two keys that differ in their last character are one key", key_fixes.WHOLE_KEY),
        (RepeatsWithoutLocation, "the repeated answer has no Location, unlike the first", key_fixes.WHOLE_ANSWER),
    ],
)
def test_a_key_counts_whole_and_its_answer_too(provider: type[Payments], expected: str, fix: str) -> None:
    """Keys differ wherever they differ, and a repeated answer has what a client needs of the first."""
    found = [f for f in judged(provider()) if f.outcome is Outcome.FAIL]
    assert {f.summary.partition(": ")[2].removesuffix(f" ({f.id})") for f in found} == {expected}
    assert {f.fix for f in found} == {fix}
