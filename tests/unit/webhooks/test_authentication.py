"""A receiver that asks for no authentication: a blocker, and what needs no forgery is judged all the same."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from harness.http.client import Network
from harness.http.wire import Wire
from harness.model import Finding, Level, Outcome
from harness.model.config import Receiver
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.case_trial import judge
from harness.webhooks.cases import CASES, ReceiverCase
from harness.webhooks.drills import DRILLS, DrillContext, play
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import scheme_named

from .conftest import EVENT, PATIENCE_S, Effects, Request, Serve, event_id, reply


def receiver_at(url: str, scheme: str, effects: Effects) -> ReceiverUnderTest:
    return ReceiverUnderTest(
        Wire(url, check=Network([url]).check, timeout_s=PATIENCE_S),
        format=EventFormat(scheme=scheme_named(scheme)),
        secret=str,
        probe=effects,  # type: ignore[arg-type]  # as much of a probe as is asked
        settle_s=0.1,
    )


def drilled(receiver: ReceiverUnderTest, drill_id: str, tmp_path: Path) -> Finding:
    context = DrillContext(
        receiver=receiver,
        config=Receiver(url=receiver.wire.url),
        event=EVENT,
        read=lambda _: EVENT,
        root=tmp_path,
        environment={},
    )
    return play(next(drill for drill in DRILLS if drill.id == drill_id), context, reproduce="")


def test_a_receiver_that_takes_events_from_anybody_fails(serve: Serve, tmp_path: Path) -> None:
    """The finding is a requirement, and says what to demand."""
    receiver = receiver_at(serve(lambda *_: reply(200)), "none", Effects())

    finding = drilled(receiver, "unauthenticated", tmp_path)

    assert (finding.item, finding.level, finding.outcome) == ("webhooks.signatures", Level.MUST, Outcome.FAIL)
    assert finding.summary == "Accepted a delivery from anybody: nothing shows who sent it"
    assert finding.observed == "a delivery without any credential got HTTP 200"
    assert 'scheme = "basic" or "token"' in finding.fix


def test_a_scheme_that_shows_who_sent_needs_no_such_check(serve: Serve, tmp_path: Path) -> None:
    """The reason names the scheme."""
    receiver = receiver_at(serve(lambda *_: reply(200)), "token", Effects())

    finding = drilled(receiver, "unauthenticated", tmp_path)

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "'token', which shows who sent a delivery" in finding.observed


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_without_authentication_nothing_is_forged(case: ReceiverCase, serve: Serve) -> None:
    """Cases about forgeries do not apply, and none of the others is an error of the harness."""
    effects = Effects()

    def handle(request: Request, _connection: socket.socket) -> bytes:
        try:
            effects.ids.append(event_id(request))
        except (ValueError, LookupError, TypeError, RecursionError):
            return reply(400)
        return reply(200)

    finding = judge(receiver_at(serve(handle), "none", effects), case, EVENT, reproduce="")[0]

    assert finding.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE)
    if case.item == "webhooks.signatures":
        assert finding.outcome is Outcome.NOT_APPLICABLE
