"""What is written is read back by every way: correct providers of many kinds pass, and each broken one is named."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from harness.contract import invariants
from harness.contract.lifecycle_promise import judge_lifecycle
from harness.contract.link_crawler import LinkCrawler
from harness.model import Finding, Outcome
from tests.unit.contract.customers import DOCUMENT, Customers, customers_caller

Sleep = Callable[[float], None]


def judged(provider: Customers, sleep: Sleep = lambda _: None, document: dict[str, Any] | None = None) -> list[Finding]:
    def walk() -> LinkCrawler:
        crawler = LinkCrawler(customers_caller(provider, document), random_seed=1)
        crawler.run()
        return crawler

    caller = customers_caller(provider, document)
    found = judge_lifecycle(caller, walk, sleep=sleep)
    assert caller.findings() == []
    return found


FIXES = {row.cause: row.fix for row in vars(invariants).values() if isinstance(row, invariants.Invariant)}


def failures(found: list[Finding]) -> list[str]:
    return [f.summary.removesuffix(f" ({f.id})") for f in found if f.outcome is Outcome.FAIL]


class Delayed(Customers):
    """Shows what was written after a second only."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0
        self.views: list[tuple[float, dict[int, dict[str, Any]], dict[tuple[int, str], dict[str, Any]]]] = []

    def wait(self, seconds: float) -> None:
        self.at += seconds

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            old = [view for view in self.views if view[0] <= self.at - 1]
            customers, notes = self.customers, self.notes
            _, self.customers, self.notes = old[-1] if old else (0.0, {}, {})
            try:
                return super().__call__(request)
            finally:
                self.customers, self.notes = customers, notes
        answer = super().__call__(request)
        self.views.append((self.at, dict(self.customers), dict(self.notes)))
        return answer


class MarksDeleted(Customers):
    def delete_customer(self, _: httpx.Request, number: int) -> httpx.Response:
        self.customers[number] = {**self.customers[number], "active": False}
        return httpx.Response(204)


class TakesTheSameEmail(Customers):
    def post_customers(self, request: httpx.Request) -> httpx.Response:
        given = json.loads(request.content)
        known = next((c for c in self.customers.values() if c["email"] == given["email"].lower()), None)
        return httpx.Response(200, json={"data": known}) if known else super().post_customers(request)


class RefusesMost(Customers):
    """Takes no text outside ASCII, no seats of 0 and no change of a plan."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        given = json.loads(request.content or b"{}")
        odd = not request.content.isascii() or b"\\u" in request.content or given.get("seats") == 0
        if odd or (request.method in ("PUT", "PATCH") and "plan" in given):
            return httpx.Response(422)
        return super().__call__(request)


class KnowsNicknames(Customers):
    """Takes no nickname that it does not know, and answers 404 to it."""

    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        nickname = json.loads(request.content).get("nickname")
        known = nickname in (None, self.customers[number].get("nickname"))
        return super().patch_customer(request, number) if known else httpx.Response(404)


class TagsItself(Customers):
    """Has weak ETags of its framework, and heeds no If-Match."""

    def tag(self, customer: dict[str, Any]) -> str:
        return f'W/"{customer["revision"]}"'

    def is_outdated(self, request: httpx.Request, number: int) -> bool:  # noqa: ARG002
        return False


class RefusesUnknown(Customers):
    def get_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        return httpx.Response(400) if request.url.query else super().get_customer(request, number)


class MovesOn(Customers):
    """A customer's plan is reviewed, and shown as it is afterwards; a list comes as a text, an id as an object."""

    def shown(self, customer: dict[str, Any]) -> dict[str, Any]:
        return {**super().shown(customer), "views": next(self.clock)}


@pytest.mark.parametrize(
    "kind",
    [Customers, Delayed, MarksDeleted, TakesTheSameEmail, RefusesMost, RefusesUnknown, KnowsNicknames, MovesOn],
    ids=lambda k: k.__name__,
)
def test_a_correct_provider_passes(kind: type[Customers]) -> None:
    """Normalised, computed and write-only members, delays, marks of deletion and refusals are no faults."""
    provider = kind()
    found = judged(provider, getattr(provider, "wait", lambda _: None))

    assert failures(found) == []
    assert Outcome.PASS in {f.outcome for f in found}


def test_weak_tags_of_a_framework_promise_no_precondition() -> None:
    """412 alone in the spec may have another reason; a header If-Match in it is a promise."""
    document = copy.deepcopy(DOCUMENT)
    for method in ("put", "patch"):
        del document["paths"]["/customers/{customer}"][method]["parameters"]

    assert failures(judged(TagsItself(), document=document)) == []


def test_what_the_chain_creates_is_deleted() -> None:
    """Nothing is left at the provider."""
    provider = Customers()
    judged(provider)

    assert (provider.customers, provider.notes) == ({}, {})


class NotesElsewhere(Customers):
    """Reads notes at a path of their own."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        note_id = request.url.path.removeprefix("/v2/notes/")
        number = next((number for number, of in self.notes if of == note_id), 0)
        url = request.url.copy_with(path=f"/v2/customers/{number}/notes/{note_id}")
        if "/v2/notes/" not in request.url.path:
            return super().__call__(request)
        return super().__call__(httpx.Request(request.method, url)) if number else httpx.Response(404)

    def post_notes(self, request: httpx.Request, number: int) -> httpx.Response:
        answer = super().post_notes(request, number)
        answer.headers["location"] = f"/v2/notes/{answer.json()['id']}"
        return answer


class LosesPins(NotesElsewhere):
    def get_note(self, request: httpx.Request, number: int, note_id: str) -> httpx.Response:
        note = super().get_note(request, number, note_id)
        return httpx.Response(200, json={**note.json(), "pinned": False}) if note.is_success else note


class ReadsAnother(NotesElsewhere):
    """Answers with the number of the customer: the note at that path, if any, is another one."""

    def post_notes(self, request: httpx.Request, number: int) -> httpx.Response:
        super().post_notes(request, number)
        self.notes[number, "other"] = {"id": "other", "text": "Do not change this."}
        return httpx.Response(201, json={"id": "other"})


def elsewhere() -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    item = document["paths"].pop("/customers/{customer}/notes/{noteId}")
    document["paths"]["/notes/{noteId}"] = {**item, "parameters": item["parameters"][1:]}
    return document


@pytest.mark.parametrize(
    "provider, expected",
    [
        (NotesElsewhere, []),
        (ReadsAnother, []),
        (LosesPins, ["POST /customers/{customer}/notes: what is read is not what was written"]),
    ],
)
def test_what_is_created_below_a_parent_may_be_read_elsewhere(provider: type[Customers], expected: list[str]) -> None:
    """A note that is created at its customer is read, listed and deleted; what may be another one is left alone."""
    made = provider()

    assert failures(judged(made, document=elsewhere())) == expected
    assert not [each for each in made.requests if each.startswith("DELETE") and each.endswith("/other")]


class Loses(Customers):
    def get_customer(self, _: httpx.Request, number: int) -> httpx.Response:  # noqa: ARG002
        return httpx.Response(404)


class DropsNickname(Customers):
    def stored(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        return super().stored({n: v for n, v in given.items() if n != "nickname"}, before)


class CutsNames(Customers):
    def stored(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        return super().stored({**given, "fullName": {**before, **given}["fullName"][:7]}, before)


class StripsLetters(Customers):
    def stored(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        nickname = str(given.get("nickname", "")).encode("ascii", "ignore").decode()
        return super().stored({**given, "nickname": nickname} if "nickname" in given else given, before)


class RoundsCredit(Customers):
    def stored(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        stored = super().stored(given, before)
        return {**stored, "credit": stored["credit"] // 4 * 4} if "credit" in given else stored


class ShiftsTimes(Customers):
    def stored(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        shifted = {"joined": given["joined"].replace("Z", "+02:00")} if "joined" in given else {}
        return super().stored({**given, **shifted}, before)


class GivesOneId(Customers):
    def post_customers(self, request: httpx.Request) -> httpx.Response:
        self.customers.clear()
        self.numbers = iter([7, *range(100, 1000)])  # type: ignore[assignment]  # next() is all that is used
        return super().post_customers(request)


class OverwritesLast(Customers):
    def post_customers(self, request: httpx.Request) -> httpx.Response:
        answer = super().post_customers(request)
        for customer in self.customers.values():
            customer["seats"] = json.loads(request.content).get("seats")
        return answer


class ListsLess(Customers):
    def fits(self, customer: dict[str, Any], query: httpx.QueryParams) -> bool:
        return super().fits(customer, query) and customer.get("plan") != "free"


class ListsOther(Customers):
    def entry(self, customer: dict[str, Any]) -> dict[str, Any]:
        return {**super().entry(customer), "plan": "team" if customer.get("plan") != "team" else "free"}


class ListsOld(Customers):
    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[int, dict[str, Any]] = {}

    def entry(self, customer: dict[str, Any]) -> dict[str, Any]:
        return self.entries.setdefault(customer["customerId"], super().entry(customer))


class AnswersOnly(Customers):
    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        before = self.customers[number]
        answer = super().patch_customer(request, number)
        self.customers[number] = before
        return answer


def matched(request: httpx.Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name == "if-match"}


class IgnoresFalsy(Customers):
    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        given = {n: v for n, v in json.loads(request.content).items() if v}
        return super().patch_customer(httpx.Request("PATCH", request.url, json=given, headers=matched(request)), number)


class Clears(Customers):
    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        kept = ("customerId", "email", "fullName", "createdAt", "active", "revision")
        self.customers[number] = {n: v for n, v in self.customers[number].items() if n in kept}
        return super().patch_customer(request, number)


class ChangesAll(Customers):
    def put_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        answer = super().put_customer(request, number)
        for customer in self.customers.values():
            customer["seats"] = self.customers[number].get("seats")
        return answer


class AnswersOld(Customers):
    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        before = self.shown(self.customers[number])
        answer = super().patch_customer(request, number)
        return httpx.Response(200, json={"data": before}) if answer.is_success else answer


class NotFoundByPut(Customers):
    def put_customer(self, request: httpx.Request, number: int) -> httpx.Response:  # noqa: ARG002
        return httpx.Response(404)


class OneTag(Customers):
    def tag(self, customer: dict[str, Any]) -> str:
        return f'"c{customer["customerId"]}"'


class NeverModified(Customers):
    def get_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        known = "if-none-match" in request.headers
        return httpx.Response(304) if known else super().get_customer(request, number)


class IgnoresMatch(Customers):
    def is_outdated(self, request: httpx.Request, number: int) -> bool:  # noqa: ARG002
        return False


class TakesOneType(Customers):
    def get_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        accepts = request.headers["accept"] in ("*/*", "application/json")
        return super().get_customer(request, number) if accepts else httpx.Response(406)


class FailsOnUnknown(Customers):
    def get_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        return httpx.Response(500) if request.url.query else super().get_customer(request, number)


class NeverDeletes(Customers):
    def delete_customer(self, _: httpx.Request, number: int) -> httpx.Response:  # noqa: ARG002
        return httpx.Response(204)


class DeletesAll(Customers):
    def delete_customer(self, _: httpx.Request, number: int) -> httpx.Response:  # noqa: ARG002
        self.customers.clear()
        return httpx.Response(204)


class ListsDeleted(Customers):
    def get_notes(self, _: httpx.Request, number: int) -> httpx.Response:
        self.gone = {**getattr(self, "gone", {}), **self.notes}
        return httpx.Response(200, json=[note for (of, _), note in self.gone.items() if of == number])


class LosesNotes(Customers):
    def get_notes(self, _: httpx.Request, number: int) -> httpx.Response:  # noqa: ARG002
        return httpx.Response(200, json=[])


class IgnoresNull(Customers):
    def stored(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        return super().stored({name: value for name, value in given.items() if value is not None}, before)


class ListsNotesOfAll(Customers):
    def get_notes(self, _: httpx.Request, number: int) -> httpx.Response:  # noqa: ARG002
        return httpx.Response(200, json=list(self.notes.values()))


class TakesOneChange(Customers):
    """Applies the first member of a change that names several."""

    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        given = dict(list(json.loads(request.content).items())[:1])
        return super().patch_customer(httpx.Request("PATCH", request.url, json=given, headers=matched(request)), number)


class ShowsAnotherId(Customers):
    """Shows a changed customer under another number."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: set[int] = set()

    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        self.changed.add(number)
        return super().patch_customer(request, number)

    def shown(self, customer: dict[str, Any]) -> dict[str, Any]:
        number = customer["customerId"]
        return {**super().shown(customer), "customerId": number + 5000 * (number in self.changed)}


class MovesElsewhere(Customers):
    """Stores a customer with a new name under a new number."""

    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        answer = super().patch_customer(request, number)
        if answer.is_success and "fullName" in json.loads(request.content):
            customer = {**self.customers.pop(number), "customerId": next(self.numbers)}
            self.customers[customer["customerId"]] = customer
        return answer


class AnswersWrong(Customers):
    def post_customers(self, request: httpx.Request) -> httpx.Response:
        made = super().post_customers(request)
        if not made.is_success:
            return made
        document = made.json()
        if "credit" in document.get("data", {}):
            document["data"]["credit"] += 1
        return httpx.Response(made.status_code, json=document)


POST, GET, LIST = "POST /customers", "GET /customers/{customer}", "GET /customers"
PATCH, PUT, DELETE = "PATCH /customers/{customer}", "PUT /customers/{customer}", "DELETE /customers/{customer}"
NOTES = "GET /customers/{customer}/notes"


BROKEN: list[tuple[type[Customers], str]] = [
    (Loses, f"{POST}: what it creates cannot be read"),
    (DropsNickname, f"{POST}: what is read is not what was written"),
    (CutsNames, f"{POST}: what is read is not what was written"),
    (StripsLetters, f"{POST}: what is read is not what was written"),
    (RoundsCredit, f"{POST}: what is read is not what was written"),
    (ShiftsTimes, f"{POST}: what is read is not what was written"),
    (GivesOneId, f"{POST}: two creations get one identifier"),
    (OverwritesLast, f"{POST}: changes another resource than the one it names"),
    (ListsLess, f"{LIST}: does not list what was created"),
    (ListsOther, f"{LIST}: lists other values than the resource itself has"),
    (ListsOld, f"{LIST}: lists the value from before a change"),
    (AnswersOnly, f"{PATCH}: a change that it accepts is not read afterwards"),
    (IgnoresFalsy, f"{PATCH}: a change that it accepts is not read afterwards"),
    (Clears, f"{PATCH}: a change of one member changes another one"),
    (ChangesAll, f"{PUT}: changes another resource than the one it names"),
    (AnswersOld, f"{PATCH}: answers a change with the value from before it"),
    (NotFoundByPut, f"{PUT}: does not find what can be read"),
    (OneTag, f"{GET}: its ETag stays the same when the content changes"),
    (NeverModified, f"{GET}: answers 304 to the ETag from before a change"),
    (IgnoresMatch, f"{PATCH}: changes a resource although If-Match names another ETag"),
    (TakesOneType, f"{GET}: answers otherwise to a request that means the same"),
    (FailsOnUnknown, f"{GET}: answers otherwise to a request that means the same"),
    (NeverDeletes, f"{GET}: still answers after the deletion"),
    (DeletesAll, f"{DELETE}: changes another resource than the one it names"),
    (ListsDeleted, f"{NOTES}: lists what was deleted"),
    (LosesNotes, f"{NOTES}: does not list what was created"),
    (AnswersWrong, f"{POST}: answers a creation with another value than is read"),
    (IgnoresNull, f"{PATCH}: a change that it accepts is not read afterwards"),
    (TakesOneChange, f"{PATCH}: a change that it accepts is not read afterwards"),
    (ShowsAnotherId, f"{PATCH}: a change gives the resource another identifier"),
    (ListsNotesOfAll, f"{NOTES}: lists what was created below another resource"),
]


@pytest.mark.parametrize("provider, expected", BROKEN, ids=lambda x: getattr(x, "__name__", ""))
def test_what_does_not_hold_is_named(provider: type[Customers], expected: str) -> None:
    """Each broken invariant is one finding of the operation that breaks it, with its fix, under an id that stays."""
    found = [f for f in judged(provider()) if f.outcome is Outcome.FAIL]

    assert expected in failures(found)
    assert all(f.summary.endswith(f" ({f.id})") for f in found)
    assert all(f.observed for f in found)
    assert [f.fix for f in found] == [FIXES[name.partition(": ")[2]] for name in failures(found)]
    others = {name for name in failures(found) if name.partition(":")[2] != expected.partition(":")[2]}
    assert others == set()


class TouchesOnRead(Customers):
    """Moves the time of the last change with every read."""

    def get_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        self.customers[number] = {**self.customers[number], "updatedAt": self.now()}
        return super().get_customer(request, number)


class CountsVersions(Customers):
    """Takes a read for a change: the revision, and so the ETag, is another one after it."""

    def get_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        answer = super().get_customer(request, number)
        if answer.is_success:
            self.customers[number] = {**self.customers[number], "revision": self.customers[number]["revision"] + 1}
        return answer


class TagsByTime(Customers):
    """Makes another ETag for each answer, so that no precondition ever holds."""

    def tag(self, customer: dict[str, Any]) -> str:
        return f'"{customer["customerId"]}-{next(self.clock)}"'

    def is_outdated(self, request: httpx.Request, number: int) -> bool:  # noqa: ARG002
        return "made-up" in request.headers.get("if-match", "")


class MergesAtPut(Customers):
    def put_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        if self.is_outdated(request, number):
            return httpx.Response(412)
        self.customers[number] = self.stored(json.loads(request.content), self.customers[number])
        return httpx.Response(204)


@pytest.mark.parametrize(
    "provider, expected",
    [
        (TouchesOnRead, f"{GET}: reading it changes its version"),
        (CountsVersions, f"{GET}: reading it changes its version"),
        (TagsByTime, f"{GET}: its ETag changes though its content stays"),
        (MergesAtPut, f"{PUT}: what a replacement leaves out stays as it was"),
    ],
)
def test_reads_that_leave_a_trace_and_replacements_that_merge_are_named(
    provider: type[Customers], expected: str
) -> None:
    """A read changes no version and no ETag, and PUT leaves nothing of what it does not name."""
    assert failures(judged(provider())) == [expected]


def test_a_put_that_is_described_as_a_merge_may_merge() -> None:
    """The document decides what its PUT replaces; where a body needs no member, no whole representation is expected."""
    document = copy.deepcopy(DOCUMENT)
    document["paths"]["/customers/{customer}"]["put"]["description"] = "What is left out remains unchanged."

    assert failures(judged(MergesAtPut(), document=document)) == []


class TakesAnotherDefault(Customers):
    def post_customers(self, request: httpx.Request) -> httpx.Response:
        answer = super().post_customers(request)
        if answer.is_success and "active" not in json.loads(request.content):
            number = answer.json()["data"]["customerId"]
            self.customers[number] = {**self.customers[number], "active": False}
        return answer


class CutsLongNames(Customers):
    def stored(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        return super().stored({**given, "fullName": {**before, **given}["fullName"][:64]}, before)


class IsOfAnotherZone(Customers):
    """Calls its local time UTC."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = super().__call__(request)
        answer.headers["date"] = "Wed, 31 Dec 2025 22:00:00 GMT"
        return answer


class HasItsOwnClock(IsOfAnotherZone):
    def now(self) -> str:
        return "2025-12-31T23:03:00.000+01:00"


class TagsAreWeak(Customers):
    """Compares strongly, as it must, with tags that are weak."""

    def tag(self, customer: dict[str, Any]) -> str:
        return f"W/{super().tag(customer)}"

    def is_outdated(self, request: httpx.Request, number: int) -> bool:  # noqa: ARG002
        return "if-match" in request.headers


class AnswersOldTag(Customers):
    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        before = self.tag(self.customers[number])
        answer = super().patch_customer(request, number)
        answer.headers["etag"] = before
        return answer


class ReadsNotesAnywhere(Customers):
    def get_note(self, _: httpx.Request, number: int, note_id: str) -> httpx.Response:  # noqa: ARG002
        found = [note for (_, known), note in self.notes.items() if known == note_id]
        return httpx.Response(200, json=found[0]) if found else httpx.Response(404)


NOTE = "GET /customers/{customer}/notes/{noteId}"


@pytest.mark.parametrize(
    "provider, expected",
    [
        (TakesAnotherDefault, [f"{POST}: does not give a member its default"]),
        (CutsLongNames, [f"{POST}: what is read is not what was written"]),
        (IsOfAnotherZone, [f"{POST}: states a time of creation that is not the time of its clock"]),
        (HasItsOwnClock, []),
        (
            TagsAreWeak,
            [f"{each}: refuses a change under the ETag that was just read" for each in (PATCH, PUT)],
        ),
        (AnswersOldTag, [f"{PATCH}: answers a change with an ETag that is not read afterwards"]),
        (ReadsNotesAnywhere, [f"{NOTE}: reads below another resource what does not belong to it"]),
    ],
)
def test_what_is_stated_of_a_resource_is_true(provider: type[Customers], expected: list[str]) -> None:
    """Defaults are applied, long texts stay whole, times are of their zone, and ETags fit the content."""
    assert failures(judged(provider())) == expected


def test_a_resource_that_a_change_moves_is_named() -> None:
    """Where a new name gives a resource a new identifier, it is not found at its path any more."""
    expected = f"{PATCH}: a change gives the resource another identifier"
    found = judged(MovesElsewhere())

    assert expected in failures(found)
    assert "GET /customers/" in next(f.observed for f in found if expected in f.summary)


class IgnoresEmpty(Customers):
    def stored(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        return super().stored({name: value for name, value in given.items() if value != ""}, before)


class TakesDefaultForEmpty(Customers):
    """Has a text of its own in place of an empty one."""

    def stored(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        return super().stored({name: "none" if value == "" else value for name, value in given.items()}, before)


class RefusesEmpty(Customers):
    """Requires more of a text than its document states."""

    def patch_customer(self, request: httpx.Request, number: int) -> httpx.Response:
        is_empty = "" in json.loads(request.content).values()
        return httpx.Response(422) if is_empty else super().patch_customer(request, number)


@pytest.mark.parametrize(
    "provider, schema, expected",
    [
        (IgnoresEmpty, {"type": "string"}, [f"{PATCH}: a change that it accepts is not read afterwards"]),
        (IgnoresEmpty, {"type": "string", "minLength": 1}, []),
        (IgnoresEmpty, {"type": "string", "readOnly": True}, []),
        (TakesDefaultForEmpty, {"type": "string"}, []),
        (RefusesEmpty, {"type": "string"}, []),
        (Customers, {"type": "string"}, []),
    ],
)
def test_a_text_that_may_be_empty_is_emptied(
    provider: type[Customers], schema: dict[str, Any], expected: list[str]
) -> None:
    """A change to the empty text is read, or a default in its place; no text must be empty."""
    document = copy.deepcopy(DOCUMENT)
    for operation in (document["paths"]["/customers/{customer}"][method] for method in ("patch", "put")):
        (content,) = operation["requestBody"]["content"].values()
        content["schema"]["properties"] = {**content["schema"]["properties"], "nickname": schema}

    assert failures(judged(provider(), document=document)) == expected
