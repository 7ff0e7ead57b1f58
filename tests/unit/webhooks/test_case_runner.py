"""One loop judges every receiver case; these are the receivers it must not be wrong about."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from harness.errors import ProbeError
from harness.model import Finding, Level, Outcome
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.case_trial import judge
from harness.webhooks.cases import case_named

from .conftest import EVENT, PATIENCE_S, SECRET, TIMEOUT_S, Effects, Request, Serve, Under, event_id, reply

Judge = Callable[[str], Finding]


def right(effects: Effects) -> Callable[[Request, socket.socket], bytes]:
    """Return a receiver that verifies, acts once, and answers."""

    def handle(request: Request, _connection: socket.socket) -> bytes:
        if not request.genuine:
            return reply(400, "no")
        effects.ids.append(event_id(request))
        return reply(200)

    return handle


def all_judged(receiver: ReceiverUnderTest, case_id: str) -> list[Finding]:
    case = case_named(case_id)
    assert case is not None
    return judge(receiver, case, EVENT, reproduce=f"again {case_id}")


def judged(receiver: ReceiverUnderTest, case_id: str) -> Finding:
    return all_judged(receiver, case_id)[0]


@pytest.mark.parametrize("case_id", ["missing", "altered-body", "reserialised", "stale", "garbled-length"])
def test_a_refusal_without_effect_passes(case_id: str, serve: Serve, under: Under) -> None:
    """What is refused with 4xx, does nothing and leaves the receiver alive, has passed."""
    effects = Effects()
    handle = right(effects)

    def fresh_only(request: Request, connection: socket.socket) -> bytes:
        stamp = (request.headers["x-product-signature"] or "").removeprefix("t=").partition(",")[0]
        old = stamp.isdigit() and time.time() - int(stamp) > 300
        return reply(400, "stale") if old else handle(request, connection)

    finding = judged(under(serve(fresh_only), probe=effects), case_id)

    assert (finding.outcome, finding.observed[:8]) == (Outcome.PASS, "HTTP 400")
    assert finding.observed.endswith("0 effects")


def test_a_forgery_that_is_accepted_fails_and_says_how_to_send_it_again(serve: Serve, under: Under) -> None:
    """The finding names case, source, answer, request and remedy, and no signature."""
    receiver = under(serve(lambda *_: reply(200, "thanks")), probe=Effects())

    finding = judged(receiver, "truncated")

    assert finding.outcome is Outcome.FAIL
    assert finding.summary == "Accepted a signature cut to its first half"
    assert finding.expected == "HTTP 4xx without effect or crash"
    assert finding.observed == "HTTP 200 'thanks'"
    assert finding.source == "CVE-2024-21491"
    assert finding.fix.startswith("Compare the whole signature")
    assert finding.request.startswith("curl -i -H 'content-type: application/json' -H 'x-product-signature: (computed")
    assert "v1=" not in finding.request
    assert SECRET not in repr(finding)


def test_a_failed_case_names_its_fixture(serve: Serve, under: Under, tmp_path: Path) -> None:
    """With many fixtures, or several of one name in different folders, the file is what a reader must find."""
    receiver = under(serve(lambda *_: reply(200)), probe=Effects())
    path = tmp_path / "slow" / "run.started.json"
    path.parent.mkdir()
    path.write_bytes(EVENT.body)
    case = case_named("truncated")
    assert case is not None

    (finding,) = judge(receiver, case, receiver.format.read(path), reproduce="")

    assert finding.observed == "HTTP 200 (event fixture slow/run.started.json)"


def test_a_refusal_with_an_effect_fails(serve: Serve, under: Under) -> None:
    """A forged event that was refused and processed all the same is seen through its effect."""
    effects = Effects()

    def handle(request: Request, _connection: socket.socket) -> bytes:
        effects.ids.append(event_id(request))
        return reply(200 if request.genuine else 400)

    finding = judged(under(serve(handle), probe=effects), "wrong-secret")

    assert (finding.outcome, finding.observed) == (Outcome.FAIL, "HTTP 400, 1 effect")
    assert finding.summary == "Refused a signature made with another secret, but processed the event"


def test_without_a_probe_the_status_is_reported_and_the_rest_not_run(serve: Serve, under: Under) -> None:
    """The finding reports what the status shows, and names the line to add for the rest."""
    finding = judged(under(serve(right(Effects()))), "wrong-secret")

    assert finding.outcome is Outcome.NOT_RUN
    assert finding.summary == (
        "Refused a signature made with another secret, but whether it then processed the event is not known"
    )
    assert finding.observed.startswith("HTTP 400 'no'; effects are not known; add to [receiver]: effects = {")


def test_a_forgery_is_not_judged_by_a_probe_that_knows_no_effect_at_all(serve: Serve, under: Under) -> None:
    """No effect of a forgery means nothing where an honest delivery has none either."""
    finding = judged(under(serve(right(Effects())), probe=Effects()), "wrong-secret")

    assert finding.outcome is Outcome.NOT_RUN
    assert finding.observed.startswith(
        "HTTP 400 'no'; effects are not known: a genuine delivery was acknowledged and has no effect within 0.1 s: "
        "the receiver does nothing"
    )


class Unusable(Effects):
    """A probe whose answer has no number."""

    asked = 0

    def effects(self, event_id: str) -> int:
        """Raise, as often as there is a question."""
        self.asked += 1
        raise ProbeError(f"[receiver] effects: the answer about {event_id} is {{}}")


def test_a_probe_of_no_use_is_asked_twice_and_not_for_every_case(serve: Serve, under: Under) -> None:
    """Its fault is one of the whole run: each case is not run, and says why."""
    probe = Unusable()
    receiver = under(serve(right(probe)), probe=probe)

    found = [judged(receiver, case_id) for case_id in ("wrong-secret", "missing", "truncated")]

    assert [finding.outcome for finding in found] == [Outcome.NOT_RUN] * 3
    assert all("; effects are not known: [receiver] effects: the answer" in each.observed for each in found)
    assert probe.asked == 2


def test_a_probe_that_fails_once_is_asked_again(serve: Serve, under: Under) -> None:
    """Its server may be busy for a moment."""
    probe = Effects()
    once = iter([ProbeError("[receiver] effects: no answer")])
    effects = probe.effects

    def ask(event_id: str) -> int:
        for error in once:
            raise error
        return effects(event_id)

    probe.effects = ask  # type: ignore[method-assign]

    assert judged(under(serve(right(probe)), probe=probe), "wrong-secret").outcome is Outcome.PASS


@pytest.mark.parametrize(
    "status, said",
    [
        (401, "If every genuine delivery is refused, compare [receiver] signature with what the receiver expects"),
        (308, "Senders do not follow redirects: set [receiver] url to the final URL"),
        (500, "cannot be judged: a genuine delivery got HTTP 500"),
    ],
)
def test_a_receiver_that_takes_nothing_cannot_be_judged(status: int, said: str, serve: Serve, under: Under) -> None:
    """Refusing a forgery says nothing of a receiver that refuses what is genuine."""
    finding = judged(under(serve(lambda *_: reply(status)), probe=Effects()), "missing")

    assert finding.outcome is Outcome.ERROR
    assert said in finding.observed


def test_a_wrong_secret_is_recognised(serve: Serve, under: Under) -> None:
    """When every genuine delivery is refused, harness.toml is suspected before the receiver."""
    findings = under(serve(right(Effects())), secret="another").judge_acceptance([EVENT])

    assert [f.outcome for f in findings] == [Outcome.FAIL]
    assert "Every genuine delivery was refused, so harness.toml is probably wrong" in findings[0].observed
    assert findings[0].fix.startswith("Compare scheme and secret of [receiver] signature")


def test_rates_that_are_limited_are_an_error(serve: Serve, under: Under) -> None:
    """A 429 is no refusal: the receiver never looked."""
    handle = right(Effects())
    receiver = under(serve(lambda r, c: handle(r, c) if r.genuine else reply(429)), probe=Effects())

    finding = judged(receiver, "missing")

    assert finding.outcome is Outcome.ERROR
    assert finding.observed == (
        "HTTP 429: the receiver probably limits the deliveries that it refuses, for a genuine one after it got HTTP "
        "200, so whether it verifies this one is not known. Switch that limit off for the run"
    )


def test_a_receiver_that_verifies_json_written_anew_fails_that_alone(serve: Serve, under: Under) -> None:
    """It refuses the fixture as it is; with JSON as it writes it, everything else can still be judged."""
    effects = Effects()

    def handle(request: Request, _connection: socket.socket) -> bytes:
        if not request.signs(b"".join(request.body.split())):
            return reply(400)
        effects.ids.append(event_id(request))
        return reply(200)

    receiver = under(serve(handle), probe=effects)

    assert judged(receiver, "missing").outcome is Outcome.PASS
    assert judged(receiver, "raw-indented").outcome is Outcome.FAIL


def test_a_receiver_that_dies_of_a_case_fails(serve: Serve, under: Under) -> None:
    """A process that ends after a polite answer is found by the honest delivery that follows."""
    alive = True

    def handle(request: Request, _connection: socket.socket) -> bytes:
        nonlocal alive
        if not alive:
            return b""
        alive = request.genuine
        return reply(200 if request.genuine else 400)

    own, silent = all_judged(under(serve(handle), probe=Effects()), "garbled")

    assert (own.item, own.outcome) == ("webhooks.signatures", Outcome.ERROR)
    assert own.observed.endswith("; the receiver stopped responding, so the effects are not known")
    assert (silent.item, silent.outcome, silent.level) == ("webhooks.robust", Outcome.FAIL, Level.MUST)
    assert silent.summary == "Stopped responding after the word 'nonsense' as a signature"
    assert silent.observed == "HTTP 400, then no longer alive: no answer: the connection was closed without an answer"


@pytest.mark.parametrize(
    "case_id, status, summary",
    [
        ("missing", 200, "Accepted a delivery without a signature"),
        ("missing", 302, "Returned a redirect for a delivery without a signature"),
        ("missing", 500, "Returned a server error for a delivery without a signature"),
        ("missing", None, "Did not respond to a delivery without a signature"),
        ("told-signature", 200, "Accepted a signature of zeros"),
        ("raw-indented", 400, "Refused signed JSON with indentation"),
        ("raw-indented", 500, "Returned a server error for signed JSON with indentation"),
        ("body-null", 500, "Returned a server error for the signed body null"),
        ("body-null", 302, "Returned a redirect for the signed body null"),
        ("body-null", None, "Did not respond to the signed body null"),
        ("body-very-deep", 500, "Returned a server error for a body nested 100,000 deep"),
    ],
)
def test_the_sentence_of_a_failure_says_what_happened(
    case_id: str, status: int | None, summary: str, serve: Serve, under: Under
) -> None:
    """The sentence never calls a server error or silence an acceptance or a refusal."""

    def handle(request: Request, _connection: socket.socket) -> bytes:
        if request.genuine and request.body.startswith(EVENT.body[:8]):
            return reply(200)
        return b"" if status is None else reply(status)

    finding = all_judged(under(serve(handle), probe=Effects()), case_id)[-1]

    assert (finding.outcome, finding.summary) == (Outcome.FAIL, summary)


def test_what_is_only_reported_fails_nothing(serve: Serve, under: Under) -> None:
    """A row without a judgement reports what was observed, as not applicable."""
    finding = judged(under(serve(lambda *_: reply(200)), probe=Effects()), "upper-case")

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.summary == "Accepted the right signature in upper case (reported, not judged)"


def hang(_request: Request, connection: socket.socket) -> bytes:
    connection.recv(1)
    return b""


def stream(_request: Request, connection: socket.socket) -> bytes:
    connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")
    while True:
        connection.sendall(b"x" * 4096)


def dribble(_request: Request, connection: socket.socket) -> bytes:
    connection.sendall(b"HTTP/1.1 400 Bad\r\ncontent-length: 1000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize(
    "misbehave, outcome, seen",
    [
        (hang, Outcome.FAIL, "no answer: no whole answer within 2 s"),
        (dribble, Outcome.FAIL, "no answer: no whole answer within 2 s"),
        (stream, Outcome.PASS, "HTTP 400 'xxx"),
        (lambda *_: b"", Outcome.FAIL, "no answer: the connection was closed without an answer"),
        (lambda *_: b"nonsense\r\n\r\n", Outcome.FAIL, "no answer: an answer that is not HTTP"),
        (lambda *_: reply(302), Outcome.FAIL, "HTTP 302"),
    ],
)
def test_whatever_a_receiver_does_it_is_over_in_time(
    misbehave: Callable[[Request, socket.socket], bytes], outcome: Outcome, seen: str, serve: Serve, under: Under
) -> None:
    """A receiver that hangs, dribbles, streams for ever, closes early or redirects is told so, in bounded time."""
    effects = Effects()
    handle = right(effects)
    timeout_s = TIMEOUT_S if "within" in seen else PATIENCE_S
    receiver = under(
        serve(lambda r, c: handle(r, c) if r.genuine else misbehave(r, c)), probe=effects, timeout_s=timeout_s
    )

    begun = time.monotonic()
    finding = all_judged(receiver, "missing")[-1]

    assert (finding.outcome, finding.observed[: len(seen)]) == (outcome, seen)
    assert time.monotonic() - begun < 20, "the limit holds, also where an answer goes on for ever"


def test_a_receiver_that_always_hangs_is_waited_for_once(serve: Serve, under: Under) -> None:
    """Each further case would take as long and tell no more."""
    arrived: list[Request] = []

    def silent(request: Request, connection: socket.socket) -> bytes:
        arrived.append(request)
        return hang(request, connection)

    receiver = under(serve(silent), probe=Effects(), timeout_s=TIMEOUT_S)
    first = judged(receiver, "missing")
    asked = len(arrived)
    second = judged(receiver, "empty")

    assert first.outcome is second.outcome is Outcome.ERROR
    assert second.observed == first.observed
    assert "a genuine delivery got no answer: no whole answer within 2 s" in first.observed
    assert len(arrived) == asked


class Neighbour:
    """Fates of a process that another worker kills while the first deliveries are looked at."""

    def __init__(self) -> None:
        self.deaths = 0
        self.alone: list[bool] = []

    @contextmanager
    def turn(self, *, alone: bool = False) -> Iterator[None]:
        """Take a turn."""
        self.alone.append(alone)
        yield

    def revived(self) -> int:
        """Return the number of deaths."""
        return self.deaths


@pytest.mark.parametrize("again, outcome", [(200, Outcome.PASS), (500, Outcome.FAIL)])
def test_who_may_have_been_disturbed_is_looked_at_again(
    again: int, outcome: Outcome, serve: Serve, under: Under
) -> None:
    """Where others send too, a failure beside a death is judged by a second look, which nobody disturbs."""
    neighbour = Neighbour()

    def handle(_request: Request, _connection: socket.socket) -> bytes:
        neighbour.deaths = 1
        return reply(500 if len(neighbour.alone) == 1 else again)

    receiver = under(serve(handle))
    receiver._processes, receiver._shared = neighbour, True  # type: ignore[assignment]  # as much as is asked
    (finding,) = receiver.judge_acceptance([EVENT])

    assert neighbour.alone == [False, True]
    assert finding.outcome is outcome


def test_a_failure_without_a_death_stands(serve: Serve, under: Under) -> None:
    """Nothing that fails is looked at twice without a reason."""
    neighbour = Neighbour()
    receiver = under(serve(lambda _request, _connection: reply(500)))
    receiver._processes, receiver._shared = neighbour, True  # type: ignore[assignment]  # as much as is asked
    (finding,) = receiver.judge_acceptance([EVENT])

    assert (neighbour.alone, finding.outcome) == ([False], Outcome.FAIL)


def test_nobody_there_says_what_to_do(under: Under) -> None:
    """A refused connection names the URL and the key that holds it."""
    finding = judged(under("http://127.0.0.1:9/hook", probe=Effects()), "missing")

    assert finding.outcome is Outcome.ERROR
    assert "connection refused. Start the receiver, or correct [receiver] url (http://127.0.0.1:9/" in finding.observed


def test_an_answer_before_the_body_was_read_counts(serve: Serve, under: Under) -> None:
    """A receiver may answer 413 and close while 8 MiB are still on their way."""
    effects = Effects()
    handle = right(effects)

    def early(request: Request, connection: socket.socket) -> bytes:
        return handle(request, connection) if len(request.body) < 1000 else reply(413)

    finding = judged(under(serve(early), probe=effects), "missing-large")

    assert (finding.outcome, finding.observed) == (Outcome.PASS, "HTTP 413, 0 effects")


def test_what_cannot_be_measured_is_said(under: Under) -> None:
    """A timing-safe comparison is not measurable over HTTP, and no case pretends to measure it."""
    finding = judged(under("http://127.0.0.1:9/hook"), "timing")

    assert (finding.outcome, finding.level) == (Outcome.NOT_APPLICABLE, Level.SHOULD)
    assert "cannot be measured over HTTP" in finding.observed


def test_a_refusal_that_contains_the_right_signature_fails(serve: Serve, under: Under) -> None:
    """With it, an attacker without the secret can send the same event."""
    import hashlib
    import hmac

    effects = Effects()
    handle = right(effects)

    def telling(request: Request, connection: socket.socket) -> bytes:
        if request.genuine:
            return handle(request, connection)
        stamp = request.headers["x-product-signature"].removeprefix("t=").partition(",")[0]
        return reply(400, hmac.new(SECRET.encode(), f"{stamp}.".encode() + request.body, hashlib.sha256).hexdigest())

    finding = judged(under(serve(telling), probe=effects), "told-signature")

    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.MUST)
    assert finding.summary == "Revealed the right signature in the response to a wrong one"
    assert finding.observed == "HTTP 400, and the response contains the right signature"
    assert finding.expected == "HTTP 4xx without the right signature"


@pytest.mark.parametrize("case_id", ["in-chunks", "expect-continue", "slow-body", "http-1.0"])
def test_odd_framing_arrives_as_meant(case_id: str, serve: Serve, under: Under) -> None:
    """The body is whole, and the request is framed as the case says."""
    arrived: list[Request] = []

    def handle(request: Request, _connection: socket.socket) -> bytes:
        arrived.append(request)
        return reply(200 if request.genuine else 400)

    finding = judged(under(serve(handle)), case_id)
    odd = arrived[1]

    assert (finding.outcome, finding.observed) == (Outcome.PASS, "HTTP 200")
    assert {
        "in-chunks": odd.headers["transfer-encoding"] == "chunked",
        "expect-continue": odd.headers["expect"] == "100-continue",
        "slow-body": odd.line.endswith("HTTP/1.1\r\n"),
        "http-1.0": odd.line.endswith("HTTP/1.0\r\n"),
    }[case_id]


def test_where_nothing_is_processed_any_more_waits_become_short(under: Under) -> None:
    """An event that stops the worker costs a minute of waits, not one for each check after it."""
    waits: list[float] = []

    class Stalled(Effects):
        def wait(self, event_id: str, *, within_s: float) -> int:
            del event_id
            waits.append(within_s)
            return len(waits) == 8

    receiver = under("http://127.0.0.1:1", probe=Stalled())
    receiver.settle_s = 15.0
    faults = [receiver.without_effect(msgspec.structs.replace(EVENT, id=f"evt_{n}")) for n in range(10)]

    assert waits == [15, 7.5, 3.75, 1.875, 0.9375, 0.5, 0.5, 0.5, 15, 7.5]
    assert [not fault for fault in faults] == [n == 7 for n in range(10)]
    assert "has no effect within 0.5 s" in faults[6]
