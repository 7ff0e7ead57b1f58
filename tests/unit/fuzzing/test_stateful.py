"""Chains of linked operations find what no single request shows, and can be replayed."""

from __future__ import annotations

import copy
import itertools
import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from harness.fuzzing.reproduction import replay
from harness.model import Outcome
from harness.model.config import Fuzz
from harness.openapi.spec_document import Spec
from tests.unit.conftest import Attacker, Call, Misbehave, Reply, Serve, document, stay_silent

if TYPE_CHECKING:
    pass

ID = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^thing-[0-9a-f]+$"}}]
THING = {"application/json": {"schema": {"type": "object", "properties": {"id": {"type": "string"}}}}}
LINKS = {
    name: {"operationId": name, "parameters": {"id": "$response.body#/id"}} for name in ("readThing", "deleteThing")
}
THINGS: dict[str, Any] = document(
    {
        "/things": {
            "post": {
                "operationId": "createThing",
                "responses": {"201": {"description": "made", "content": THING, "links": LINKS}},
            }
        },
        "/things/{id}": {
            "get": {
                "operationId": "readThing",
                "parameters": ID,
                "responses": {"200": {"description": "it", "content": THING}, "404": {"description": "none"}},
            },
            "delete": {
                "operationId": "deleteThing",
                "parameters": ID,
                "responses": {"204": {"description": "gone"}, "404": {"description": "none"}},
            },
        },
    }
)


class Things:
    """A provider of things; ``ghosts`` are read after they were deleted."""

    def __init__(self, *, ghosts: bool) -> None:
        self.kept: dict[str, bool] = {}
        self.numbers = itertools.count(1)
        self.ghosts = ghosts

    def __call__(self, call: Call) -> Reply:
        """Answer one call."""
        if call.method == "POST":
            name = f"thing-{next(self.numbers):06x}"
            self.kept[name] = True
            return 201, {}, {"id": name}
        name = call.path.rpartition("/")[2]
        there = self.kept.get(name, False)
        if call.method == "DELETE" and there:
            self.kept[name] = False
            return 204, {}, None
        seen = there or (self.ghosts and name in self.kept)
        return (200, {}, {"id": name}) if call.method == "GET" and seen else (404, {}, None)


def test_a_correct_provider_passes(attacker: Attacker, serve: Serve) -> None:
    """Chains without a violation are one finding."""
    [finding] = attacker.fuzzer(THINGS, serve(Things(ghosts=False)), chains=20).run_stateful()

    assert finding.outcome is Outcome.PASS
    assert "requests in chains, no violation" in finding.summary


def test_what_is_read_after_it_was_deleted_is_found_and_replayed(attacker: Attacker, serve: Serve) -> None:
    """The finding holds the steps before, and a replay puts the new id in place of the old one."""
    things = Things(ghosts=True)
    url = serve(things)
    fuzzer = attacker.fuzzer(THINGS, url, chains=120, seconds=600)
    [finding] = [f for f in fuzzer.run_stateful() if f.outcome is Outcome.FAIL]

    assert "Deleted resource still available" in finding.summary
    assert finding.observed.count("before: curl") == 2
    kept = attacker.found.get(finding.id)
    assert kept is not None
    assert [step.method for step in kept.steps] == ["POST", "DELETE", "GET"]
    spec, client = Spec(THINGS, "spec"), fuzzer.client
    assert replay(kept, spec, client).occurs is True
    things.ghosts = False
    assert replay(kept, spec, client).occurs is False


def test_an_answer_that_breaks_its_schema_is_replayed(attacker: Attacker, serve: Serve) -> None:
    """The replay judges the answer of an operation with path parameters anew, and sees it mended."""
    answers: list[Any] = [{"id": 7}]
    fuzzer = attacker.fuzzer(
        THINGS, serve(lambda call: (200 if call.method == "GET" else 405, {"allow": "GET, DELETE"}, answers[-1]))
    )
    fuzzer.fuzz("GET /things/{id}")
    [kept] = [d for d in attacker.found.all() if d.check == "response_schema_conformance"]
    spec = Spec(THINGS, "spec")

    assert replay(kept, spec, fuzzer.client).occurs is True
    answers.append({"id": "seven"})
    assert replay(kept, spec, fuzzer.client).occurs is False


def test_a_replay_without_an_answer_is_not_taken_for_mended(attacker: Attacker, serve: Serve) -> None:
    """A provider that is not there leaves it open."""
    fuzzer = attacker.fuzzer(THINGS, serve(lambda _: (500, {}, None)), chains=3)
    fuzzer.run_stateful()
    [kept, *_] = attacker.found.all()
    gone = attacker.fuzzer(THINGS, "http://127.0.0.1:9").client

    outcome = replay(msgspec.structs.replace(kept, bindings=()), Spec(THINGS, "spec"), gone)

    assert outcome.occurs is None
    assert "ConnectError" in outcome.answer


def test_each_share_walks_chains_of_its_own(attacker: Attacker, serve: Serve) -> None:
    """The same ones again for the same seed, whoever walks the other shares."""

    def walked(share: str) -> list[str]:
        things, calls = Things(ghosts=False), list[str]()

        def provider(call: Call) -> Reply:
            calls.append(f"{call.method} {call.path}")
            return things(call)

        [finding] = attacker.fuzzer(THINGS, serve(provider), chains=12, seconds=600).run_stateful(share)
        assert finding.summary.startswith(f"Linked operations, {share}: ")
        return calls

    sent = [walked(share) for share in ("part 2 of 3", "part 2 of 3", "part 3 of 3")]

    assert sent[0] == sent[1] != sent[2]


def test_the_time_of_a_share_is_kept_and_told(attacker: Attacker, serve: Serve) -> None:
    """A slow provider is asked less."""
    things = Things(ghosts=False)

    def slow(call: Call) -> Reply:
        time.sleep(0.05)
        return things(call)

    [finding] = attacker.fuzzer(THINGS, serve(slow), chains=200, seconds=1).run_stateful("part 1 of 4")

    assert finding.observed == "seed 1; the time of the budget ran out"


@pytest.mark.parametrize("chosen", [Fuzz(), Fuzz(exclude=("DELETE", "GET"))], ids=["none", "none of those chosen"])
def test_a_document_without_links_has_no_chains(attacker: Attacker, chosen: Fuzz) -> None:
    """That is said, and counts for nothing."""
    alone = document({"/a": {"get": {"responses": {"200": {"description": "fine"}}}}})

    [finding] = attacker.fuzzer(THINGS if chosen.exclude else alone, "http://127.0.0.1:9", chosen=chosen).run_stateful()

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.summary == "Linked operations: the spec links no operations"
    assert finding.observed == "no `links` between the operations that are fuzzed, and none can be inferred"


@pytest.mark.parametrize("there, said", [(False, "unreachable: ConnectError"), (True, "ReadTimeout: ")])
def test_chains_that_nobody_answers_are_an_error(
    attacker: Attacker,
    misbehave: Misbehave,
    there: bool,  # noqa: FBT001
    said: str,
) -> None:
    """Nothing was seen, so nothing passes, and silence is no defect of one operation."""
    [finding] = attacker.fuzzer(
        THINGS, misbehave(stay_silent) if there else "http://127.0.0.1:9", timeout=0.1
    ).run_stateful()

    assert finding.outcome is Outcome.ERROR
    assert finding.summary == "Linked operations: the provider did not answer while chains were walked"
    assert said in finding.observed
    assert attacker.found.all() == []


def test_links_that_cannot_be_followed_are_an_error(attacker: Attacker, serve: Serve) -> None:
    """One sentence says which, or why what is linked cannot be judged."""
    nowhere = copy.deepcopy(THINGS)
    nowhere["paths"]["/things"]["post"]["responses"]["201"]["links"] = {"lost": {"operationId": "nothing"}}

    [finding] = attacker.fuzzer(nowhere, serve(Things(ghosts=False))).run_stateful()

    assert finding.outcome is Outcome.ERROR
    assert finding.summary == "Linked operations: the links of the spec cannot be followed"
    assert "Operation 'nothing' not found" in finding.observed
