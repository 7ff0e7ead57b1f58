"""Cases in groups: one wait serves many of them, and whatever is not as expected is tried alone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence

import pytest

from harness.model import Outcome
from harness.webhooks.case_groups import CaseGroups
from harness.webhooks.cases import ReceiverCase, case_named

from .conftest import EVENT, Effects, Handle, Request, Serve, Under, event_id, reply

IDS = ("missing", "wrong-secret", "reserialised", "truncated", "empty")
Grouped = Callable[..., CaseGroups]


def cases(ids: Sequence[str] = IDS) -> list[ReceiverCase]:
    found = [case_named(each) for each in ids]
    assert all(found)
    return [each for each in found if each]


@pytest.fixture
def grouped(serve: Serve, under: Under) -> Grouped:
    """Return the groups of the cases on a receiver."""

    def made(handle: Handle, effects: Effects | None, ids: Sequence[str] = IDS) -> CaseGroups:
        receiver = under(serve(handle), probe=effects)
        return CaseGroups(receiver, cases(ids), EVENT, lambda case: f"again {case.id}")

    return made


class Receiver:
    """Refuses what is not genuine, unless a function answers it; remembers what it got."""

    def __init__(self, forged: Callable[[Request, Effects], bytes] = lambda _request, _effects: reply(400)) -> None:
        self.effects = Effects()
        self.genuine: list[bool] = []
        self._forged = forged

    def __call__(self, request: Request, _connection: socket.socket) -> bytes:
        self.genuine.append(request.genuine)
        if not request.genuine:
            return self._forged(request, self.effects)
        self.effects.ids.append(event_id(request))
        return reply(200)


def test_one_genuine_delivery_serves_all_cases_of_a_group(grouped: Grouped) -> None:
    """After the first case, the others of the group are known and send nothing more."""
    receiver = Receiver()
    groups = grouped(receiver, receiver.effects)

    (first,) = groups.findings(cases()[0])
    sent = len(receiver.genuine)
    others = [finding for case in cases()[1:] for finding in groups.findings(case)]

    assert [each.outcome for each in (first, *others)] == [Outcome.PASS] * len(IDS)
    assert [each.observed for each in (first, *others)] == ["HTTP 400, 0 effects"] * len(IDS)
    assert receiver.genuine[-len(IDS) - 1 :] == [False] * len(IDS) + [True]
    assert len(receiver.genuine) == sent


@pytest.mark.parametrize(
    "status, seen", [(200, "HTTP 200, 1 effect"), (400, "HTTP 400, 1 effect"), (500, "HTTP 500, 1 effect")]
)
def test_a_forgery_that_is_taken_fails_its_own_case_alone(status: int, seen: str, grouped: Grouped) -> None:
    """Whatever the receiver answers, the effect of one forgery is a finding of its case and of no other."""

    def forged(request: Request, effects: Effects) -> bytes:
        if request.headers["x-product-signature"] is not None:
            return reply(400)
        effects.ids.append(event_id(request))
        return reply(status)

    receiver = Receiver(forged)
    groups = grouped(receiver, receiver.effects)

    found = {case.id: groups.findings(case) for case in cases()}

    assert [finding.outcome for finding in found["missing"]] == [Outcome.FAIL]
    assert (found["missing"][0].observed, found["missing"][0].reproduce) == (seen, "again missing")
    assert {f.outcome for each in IDS[1:] for f in found[each]} == {Outcome.PASS}


@pytest.mark.parametrize("ignored", [(), ("missing", "empty")], ids=["taken", "some ignored"])
def test_a_receiver_that_verifies_nothing_is_asked_with_one_wait(ignored: tuple[str, ...], grouped: Grouped) -> None:
    """Each forgery that is acknowledged has a finding of its own, but none is sent twice, and none waited for alone."""

    def forged(request: Request, effects: Effects) -> bytes:
        if request.headers["x-product-signature"] or not ignored:
            effects.ids.append(event_id(request))
        return reply(200)

    receiver = Receiver(forged)
    groups = grouped(receiver, receiver.effects)

    found = {case.id: groups.findings(case) for case in cases()}

    assert receiver.genuine.count(False) == len(IDS)
    for case_id, findings in found.items():
        failed = [finding for finding in findings if finding.outcome is Outcome.FAIL]
        seen = "0 effects" if case_id in ignored else "1 effect"
        assert [(each.observed, each.reproduce) for each in failed] == [(f"HTTP 200, {seen}", f"again {case_id}")]
        assert failed[0].request.startswith("curl -i ")
    summaries = [each.summary for findings in found.values() for each in findings]
    assert ("Acknowledged a delivery without a signature, and ignored it" in summaries) is bool(ignored)


def test_a_case_that_was_not_asked_for_is_not_sent(grouped: Grouped) -> None:
    """What a run did not select reaches the receiver in no group; it can still be asked for by itself."""
    receiver = Receiver()
    groups = grouped(receiver, receiver.effects)
    (other,) = cases(["trailing-space"])

    groups.findings(other)
    assert receiver.genuine.count(False) == 1
    groups.findings(cases()[0])

    assert receiver.genuine.count(False) == 1 + len(IDS)


def test_a_case_can_be_asked_for_twice(grouped: Grouped) -> None:
    """A second question tries the case once more."""
    receiver = Receiver()
    groups = grouped(receiver, receiver.effects)

    first, again = groups.findings(cases()[0]), groups.findings(cases()[0])

    assert first == again
    assert receiver.genuine.count(False) == len(IDS) + 1


def test_a_receiver_that_falls_silent_is_judged_by_the_case_alone(grouped: Grouped) -> None:
    """A delivery without an answer ends the groups, and its own case says so; it is sent as rarely as possible."""
    silent: list[int] = []

    def forged(request: Request, _effects: Effects) -> bytes:
        if request.headers["x-product-signature"] is not None:
            return reply(400)
        silent.append(len(receiver.genuine))
        return b""

    receiver = Receiver(forged)
    groups = grouped(receiver, receiver.effects)

    found = {case.id: groups.findings(case) for case in reversed(cases())}

    assert any(finding.item == "webhooks.robust" for finding in found["missing"])
    assert {f.outcome for each in IDS[1:] for f in found[each]} == {Outcome.PASS}
    assert len(silent) == 2  # in a group, and alone


def test_without_a_probe_the_status_alone_decides(grouped: Grouped) -> None:
    """Where effects are not known, a group gives the findings that each case gives alone."""
    groups = grouped(Receiver(), None)

    found = [finding for case in cases() for finding in groups.findings(case)]

    assert {each.outcome for each in found} == {Outcome.NOT_RUN}
    assert all("effects are not known" in each.observed for each in found)


def test_a_case_without_a_delivery_interrupts_no_group(grouped: Grouped) -> None:
    """What does not apply costs the others no further genuine delivery."""
    receiver = Receiver()
    ids = ("missing", "other-url", "swapped-id", "empty")
    groups = grouped(receiver, receiver.effects, ids)

    groups.findings(cases(ids)[0])
    sent = len(receiver.genuine)
    outcomes = [finding.outcome for case in cases(ids)[1:] for finding in groups.findings(case)]

    assert outcomes == [Outcome.NOT_APPLICABLE, Outcome.NOT_APPLICABLE, Outcome.PASS]
    assert len(receiver.genuine) == sent


def test_the_deliveries_of_a_group_go_side_by_side(grouped: Grouped) -> None:
    """One delivery that takes long does not hold up the next."""
    together = threading.Barrier(2)

    def forged(_request: Request, _effects: Effects) -> bytes:
        together.wait(20)
        return reply(400)

    receiver = Receiver(forged)
    ids = IDS[:2]
    groups = grouped(receiver, receiver.effects, ids)

    assert [f.outcome for case in cases(ids) for f in groups.findings(case)] == [Outcome.PASS] * 2


def test_garbage_that_is_filed_under_no_id_fails_its_own_case_alone(grouped: Grouped) -> None:
    """The effects of events without an id are asked for before a group and after it, and then case by case."""
    ids = ("body-null", "body-list", "missing")

    class Taking(Receiver):
        def __call__(self, request: Request, connection: socket.socket) -> bytes:
            if request.body == b"null":
                self.effects.ids.append("None")
            return super().__call__(request, connection) if request.body.startswith(b"{") else reply(400)

    receiver = Taking()
    groups = grouped(receiver, receiver.effects, ids)

    found = {case.id: [(f.outcome, f.observed) for f in groups.findings(case)] for case in cases(ids)}

    assert found == {
        "body-null": [(Outcome.FAIL, "HTTP 400, 1 effect")],
        "body-list": [(Outcome.PASS, "HTTP 400, 0 effects")],
        "missing": [(Outcome.PASS, "HTTP 400, 0 effects")],
    }


def test_a_forgery_without_an_id_is_not_blamed_for_the_garbage_beside_it(grouped: Grouped) -> None:
    """An effect without an id may be that of any delivery of a group, also where a forgery was acknowledged."""
    ids = ("body-null", "forged-empty")

    class Answering(Receiver):
        def __call__(self, request: Request, connection: socket.socket) -> bytes:
            if request.body == b"null":
                self.effects.ids.append("None")
            return super().__call__(request, connection) if request.body.startswith(b"{") else reply(200)

    receiver = Answering()
    groups = grouped(receiver, receiver.effects, ids)

    found = {case.id: [(f.outcome, f.observed) for f in groups.findings(case)] for case in cases(ids)}

    assert found == {
        "body-null": [(Outcome.FAIL, "HTTP 200, 1 effect")],
        "forged-empty": [(Outcome.PASS, "HTTP 200, 0 effects")],
    }
