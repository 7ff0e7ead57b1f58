"""One look at a delivery answers two questions: whether something was taken, and whether the response was right."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from harness.errors import EventError, SignatureLacksError
from harness.http.message import Request as Built
from harness.model import Event, Finding, Level, Outcome
from harness.webhooks.case_trial import judge
from harness.webhooks.cases import ReceiverCase, case_named
from harness.webhooks.receiver_causes import Needs

from .conftest import EVENT, Effects, Handle, Request, Serve, Under, event_id, reply

SIGNATURE = "x-product-signature"


def case(case_id: str, **changes: Any) -> ReceiverCase:
    found = case_named(case_id)
    assert found is not None
    return msgspec.structs.replace(found, **changes)


def right(effects: Effects, otherwise: Callable[[Request], bytes] = lambda _: reply(400)) -> Handle:
    """Return a receiver that processes genuine deliveries, and answers all others by ``otherwise``."""

    def handle(request: Request, _connection: socket.socket) -> bytes:
        if not request.genuine:
            return otherwise(request)
        effects.ids.append(event_id(request))
        return reply(200)

    return handle


Tried = Callable[..., list[Finding]]


@pytest.fixture
def tried(serve: Serve, under: Under) -> Tried:
    """Return the findings of one case on a receiver."""

    def findings(
        handle: Handle, effects: Effects | None, row: str | ReceiverCase, event: Event = EVENT
    ) -> list[Finding]:
        receiver = under(serve(handle), probe=effects)
        return judge(receiver, case(row) if isinstance(row, str) else row, event, reproduce="")

    return findings


@pytest.mark.parametrize("case_id", ["missing", "reserialised", "two-wrong-signatures", "restated", "trailing-space"])
@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_is_no_fault_of_what_was_not_taken(case_id: str, status: int, tried: Tried) -> None:
    """A forgery that gets 500 and does nothing holds for its own item; the 500 is one finding of webhooks.robust."""
    effects = Effects()

    own, fault = tried(right(effects, lambda _: reply(status)), effects, case_id)

    assert (own.item, own.outcome) == (case(case_id).item, Outcome.PASS)
    assert own.summary == f"Did not process {case(case_id).summary}"
    assert (fault.item, fault.outcome, fault.level) == ("webhooks.robust", Outcome.FAIL, Level.MUST)
    assert (
        fault.cause
        == f"The receiver answers HTTP {status} to deliveries that need no signature, so anybody can cause it"
    )
    assert (fault.subject, fault.once_of) == (case_id, own.item)


def test_a_forgery_that_is_acknowledged_and_ignored_is_another_fault_than_one_that_is_taken(tried: Tried) -> None:
    """A receiver that ignores forgeries but answers them with 200 has one fault; the fix concerns the status alone."""
    effects = Effects()

    own, fault = tried(right(effects, lambda _: reply(200)), effects, "reserialised")

    assert (own.item, own.outcome, own.observed) == ("webhooks.raw-body", Outcome.PASS, "HTTP 200, 0 effects")
    assert (fault.item, fault.outcome) == ("webhooks.signatures", Outcome.FAIL)
    assert fault.cause == "The receiver acknowledges forgeries that it then ignores"
    assert fault.summary == f"Acknowledged {case('reserialised').summary}, and ignored it"


@pytest.mark.parametrize(
    "status, summary",
    [
        (200, "Accepted a signature made with another secret"),
        (400, "Refused a signature made with another secret, but processed the event"),
        (500, "Returned a server error for a signature made with another secret, but processed the event"),
    ],
)
def test_a_forgery_that_is_taken_is_one_finding_whatever_its_status(status: int, summary: str, tried: Tried) -> None:
    """The effect decides, and the status is no second finding beside it."""
    effects = Effects()

    def taking(request: Request) -> bytes:
        effects.ids.append(event_id(request))
        return reply(status)

    (finding,) = tried(right(effects, taking), effects, "wrong-secret")

    assert (finding.outcome, finding.summary) == (Outcome.FAIL, summary)
    assert finding.observed.endswith(", 1 effect")


def test_effects_are_counted_under_the_id_that_a_forgery_carries(tried: Tried) -> None:
    """A body whose id was altered is processed under that id."""
    effects = Effects()
    event = Event(name="e", type="x", id="evt_0", body=b'{ "type": "x", "id": "evt_0" }')

    def taking(request: Request) -> bytes:
        effects.ids.append(event_id(request))
        return reply(200)

    (finding,) = tried(right(effects, taking), effects, "altered-body", event)

    assert (finding.outcome, finding.observed) == (Outcome.FAIL, "HTTP 200, 1 effect")


def parses_first(request: Request) -> bool:
    return not request.body.startswith(b"{ ")


@pytest.mark.parametrize(
    "fails, level, needs",
    [
        (lambda r: r.genuine and parses_first(r), Level.SHOULD, Needs.THE_SECRET),
        (lambda r: SIGNATURE in r.headers and parses_first(r), Level.MUST, Needs.A_WRONG_SIGNATURE),
        (parses_first, Level.MUST, Needs.NOTHING),
    ],
)
def test_who_can_cause_a_server_error_decides_its_level(
    fails: Callable[[Request], bool], level: Level, needs: Needs, tried: Tried
) -> None:
    """Signed garbage needs the secret and should get 400; what anybody can send must."""
    effects = Effects()
    handle = right(effects)

    def failing(request: Request, connection: socket.socket) -> bytes:
        return reply(500) if fails(request) else handle(request, connection)

    (finding,) = tried(failing, effects, "body-null")

    assert (finding.item, finding.check, finding.level) == ("webhooks.robust", "error-status", level)
    assert finding.cause == f"The receiver answers HTTP 500 to {needs.value}"


@pytest.mark.parametrize("name", ["None", "null", "undefined"])
def test_nothing_may_come_of_garbage(name: str, tried: Tried) -> None:
    """An effect of an empty body is filed under no id, or under the word for none."""
    effects = Effects()
    handle = right(effects)

    def ordering(request: Request, connection: socket.socket) -> bytes:
        if request.body:
            return handle(request, connection)
        effects.ids.append(name)
        return reply(200)

    (finding,) = tried(ordering, effects, "body-empty")

    assert (finding.outcome, finding.summary) == (Outcome.FAIL, "Processed a signed empty body")
    assert finding.observed == "HTTP 200, 1 effect"


def test_what_is_acknowledged_and_lost_is_not_accepted(tried: Tried) -> None:
    """A receiver that acknowledges everything accepts a reformatted event only if it processes it."""
    effects = Effects()

    def same_bytes_only(request: Request, _connection: socket.socket) -> bytes:
        if request.genuine and request.body.startswith(b"{ "):
            effects.ids.append(event_id(request))
        return reply(200)

    (finding,) = tried(same_bytes_only, effects, "raw-compact")

    assert finding.outcome is Outcome.FAIL
    assert finding.summary == "Acknowledged signed JSON without white space, but did not process it"


def test_what_is_processed_without_an_acknowledgement_is_delivered_again(tried: Tried) -> None:
    """The case holds; that the sender sees no success is the fault."""
    effects = Effects()

    def handle(request: Request, _connection: socket.socket) -> bytes:
        if request.genuine:
            effects.ids.append(event_id(request))
        return reply((200 if request.body.startswith(b"{ ") else 500) if request.genuine else 400)

    own, fault = tried(handle, effects, "raw-compact")

    assert (own.outcome, own.summary) == (Outcome.PASS, "Processed signed JSON without white space")
    assert fault.cause == "The receiver answers HTTP 500 to genuine deliveries that it processes"


def test_a_case_that_would_send_the_genuine_delivery_is_refused(tried: Tried) -> None:
    """No receiver can refuse it, so it proves nothing; the order of headers makes no difference."""
    effects = Effects()

    def genuine(m: Any) -> Built:
        built: Built = m.signed()
        return msgspec.structs.replace(built, headers=built.headers[::-1])

    (finding,) = tried(right(effects), effects, case("other-event", build=genuine))

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert (
        finding.observed
        == "the signature of another event is a genuine delivery of run.started, which nobody can refuse"
    )


def test_a_fault_of_the_harness_is_none_of_the_receiver(tried: Tried) -> None:
    """What a builder of ours raises is an error that says so."""
    effects = Effects()

    def broken(_: object) -> Built:
        raise ZeroDivisionError("by us")

    (finding,) = tried(right(effects), effects, case("missing", build=broken))

    assert finding.outcome is Outcome.ERROR
    assert finding.observed == (
        "the delivery could not be built, by a fault of the harness and not of the receiver: ZeroDivisionError: by us. "
        "Report it, with the event fixture"
    )


class Fates:
    """The state of a process that the harness started."""

    def __init__(self) -> None:
        self.deaths = 0

    def revived(self) -> int:
        """Return the number of deaths, once it runs again."""
        return self.deaths

    @contextmanager
    def turn(self, *, alone: bool = False) -> Any:
        """Take a turn."""
        del alone
        yield


def test_a_living_receiver_is_not_called_dead(serve: Serve, under: Under) -> None:
    """A connection that is cut is no death where the process runs on."""
    effects, cuts = Effects(), 0
    handle = right(effects)

    def cutting(request: Request, connection: socket.socket) -> bytes:
        nonlocal cuts
        if not request.genuine:
            cuts = 3
        elif cuts:
            cuts -= 1
            return b""
        return handle(request, connection)

    receiver = under(serve(cutting), probe=effects)
    receiver._processes = Fates()  # type: ignore[assignment]  # as much as is asked
    (finding,) = judge(receiver, case("garbled"), EVENT, reproduce="")

    assert (finding.outcome, finding.observed) == (Outcome.PASS, "HTTP 400, 0 effects")


def test_a_case_that_ended_the_process_is_named(serve: Serve, under: Under) -> None:
    """What was sent is judged by its effects after the restart, and the death is a finding of its own."""
    effects, fates = Effects(), Fates()

    def dying(_: Request) -> bytes:
        fates.deaths += 1
        return b""

    receiver = under(serve(right(effects, dying)), probe=effects)
    receiver._processes = fates  # type: ignore[assignment]  # as much as is asked
    own, fault = judge(receiver, case("garbled"), EVENT, reproduce="")

    assert (own.item, own.outcome) == ("webhooks.signatures", Outcome.PASS)
    assert (fault.item, fault.level) == ("webhooks.robust", Level.MUST)
    assert fault.summary == "Ended because of the word 'nonsense' as a signature"
    assert fault.cause == "The receiver ends because of what it is sent"
    assert "0 effects, and the process ended" in fault.observed


@pytest.mark.parametrize(
    "body, verified, how",
    [
        (b'{"id": "evt_0", "type": "x"}\n', bytes.strip, "without the white space around it"),
        (b'{"id": "evt_0", "type": "x"}', lambda b: b"".join(b.split()), "as JSON without white space"),
        (b'{"id":"evt_0","type":"x"}', lambda b: json.dumps(json.loads(b)).encode(), "as JSON with one space"),
    ],
)
def test_a_receiver_that_verifies_what_it_wrote_anew_is_told_so(
    body: bytes, verified: Callable[[bytes], bytes], how: str, serve: Serve, under: Under
) -> None:
    """Where it refuses every fixture, neither its secret nor harness.toml is to blame."""
    url = serve(lambda r, _: reply(200 if r.signs(verified(r.body)) else 400))
    event = Event(name="e", type="x", id="evt_0", body=body)

    (finding,) = under(url).judge_acceptance([event])

    assert finding.outcome is Outcome.FAIL
    assert f"It acknowledges the same event {how}" in finding.observed
    assert "harness.toml" not in finding.observed
    assert finding.fix.startswith("Verify over the request's bytes as they arrive")


def test_the_log_that_is_shown_is_that_of_the_delivery(serve: Serve, under: Under) -> None:
    """What finds out who can cause a server error makes the receiver print other exceptions, which are not shown."""
    printed = ["none"]

    class Log:
        """What the process prints."""

        def mark(self) -> None:
            """Forget it."""
            printed[:] = ["none"]

        def exception(self) -> str:
            """Return the last exception."""
            return printed[-1]

    def failing(request: Request, _connection: socket.socket) -> bytes:
        if request.headers["content-type"] == "text/plain":
            printed.append("the first" if request.genuine else "another")
            return reply(500)
        return reply(200 if request.genuine else 400)

    receiver = under(serve(failing))
    receiver._printed = Log()  # type: ignore[assignment]  # as much of it as is asked
    [finding] = judge(receiver, case("content-type-text"), EVENT, reproduce="")

    assert finding.observed == "HTTP 500; its log has: the first"


def test_a_change_that_the_event_does_not_allow_is_tried_once(under: Under, serve: Serve) -> None:
    """Another event of the kind allows it no more; only what depends on a signature is tried with further ones."""
    tries: list[str] = []

    def build(error: type[EventError]) -> Callable[[Any], Any]:
        def fail(material: Any) -> Any:
            tries.append(material.event.id)
            raise error("it has none")

        return fail

    for error, times in ((EventError, 1), (SignatureLacksError, 20)):
        tries.clear()
        receiver = under(serve(lambda request, _: reply(200 if request.genuine else 400)))
        [finding] = judge(receiver, case("altered-body", build=build(error)), EVENT, reproduce="")

        assert (finding.outcome, finding.observed, len(tries)) == (Outcome.NOT_APPLICABLE, "it has none", times)
