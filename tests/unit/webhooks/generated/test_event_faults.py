"""A generated event that the receiver fails on shows the same causes as any other delivery."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from harness.model import Event, Level
from harness.webhooks.generated.event_faults import fault_of
from harness.webhooks.receiver_causes import Needs
from tests.unit.webhooks.conftest import EVENT, Request, Serve, Under, reply

INVALID = Event(name="run.done (invalid)", type="run.done", id="evt_1", body=b'{"id":"evt_1"}')


def is_invalid(request: Request) -> bool:
    return request.body == INVALID.body


@pytest.mark.parametrize(
    "fails, level, needs",
    [
        (lambda r: r.genuine and is_invalid(r), Level.SHOULD, Needs.THE_SECRET),
        (is_invalid, Level.MUST, Needs.NOTHING),
    ],
)
def test_a_server_error_has_the_cause_of_other_signed_deliveries(
    fails: Callable[[Request], bool], level: Level, needs: Needs, serve: Serve, under: Under
) -> None:
    """Who can cause it is found out as for a case."""

    def handle(request: Request, _connection: socket.socket) -> bytes:
        return reply(500 if fails(request) else 200 if request.genuine else 400)

    fault = fault_of(under(serve(handle)), INVALID, EVENT)

    assert fault is not None
    assert (fault.item, fault.check, fault.level) == ("webhooks.robust", "error-status", level)
    assert fault.cause == f"The receiver answers HTTP 500 to {needs.value}"


def test_an_event_that_is_answered_right_now_shows_no_more(serve: Serve, under: Under) -> None:
    """What was seen before remains a finding by itself."""
    receiver = under(serve(lambda request, _: reply(200 if request.genuine else 400)))

    assert fault_of(receiver, INVALID, EVENT) is None


def test_without_a_receiver_that_accepts_anything_nothing_is_shown(serve: Serve, under: Under) -> None:
    """A receiver that fails on genuine deliveries too has another finding."""
    assert fault_of(under(serve(lambda *_: reply(500))), INVALID, EVENT) is None
