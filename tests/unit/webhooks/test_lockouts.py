"""What is written about receivers that stop accepting genuine deliveries, or end a connection."""

from __future__ import annotations

import socket

import pytest

from harness.model import Outcome

from .conftest import Effects, Listen, Request, Serve, Under, reply
from .test_case_runner import judged, right


def test_a_limit_that_forgeries_use_up_is_no_limit_of_the_run_alone(serve: Serve, under: Under) -> None:
    """From the first forgery on, genuine deliveries are limited too."""
    forged: list[bool] = []

    def handle(request: Request, _connection: socket.socket) -> bytes:
        forged.extend([True] * (not request.genuine))
        return reply(429 if forged else 200)

    finding = judged(under(serve(handle), probe=Effects()), "missing")

    assert finding.observed == (
        "HTTP 429: the receiver's rate limit answered, not its handler. Raise that limit for the run. If forgeries use "
        "it up, limit verified deliveries alone: anybody can send forgeries, and so shut the provider's events out"
    )


@pytest.mark.parametrize(
    "status, outcome", [(401, Outcome.NOT_RUN), (403, Outcome.NOT_RUN), (429, Outcome.ERROR)], ids=["401", "403", "429"]
)
def test_a_receiver_that_locks_out_after_forgeries_is_not_taken_for_misconfigured(
    status: int, outcome: Outcome, serve: Serve, under: Under
) -> None:
    """Genuine deliveries were acknowledged before: harness.toml is right, and one drill alone finds the lock."""
    effects, forged = Effects(), []

    def locking(request: Request, connection: socket.socket) -> bytes:
        forged.extend([True] * (not request.genuine))
        return reply(status) if len(forged) > 1 else right(effects)(request, connection)

    receiver = under(serve(locking), probe=effects)
    for case_id in ("missing", "wrong-secret"):
        judged(receiver, case_id)
    finding = judged(receiver, "empty")

    assert finding.outcome is outcome
    assert finding.observed == (
        f"cannot be judged: a genuine delivery got HTTP {status}, although earlier ones were acknowledged. The likely "
        "cause is that the receiver locks its sender out after forgeries. If it does, refuse each delivery for what it "
        "is, and count none that you cannot verify: anybody can send forgeries, and so shut the provider's events out. "
        "To judge the rest, switch the lock off for the run"
    )


def test_a_receiver_that_closes_connections_need_not_be_started(serve: Serve, under: Under) -> None:
    """It took the connection, so it runs."""
    url = serve(lambda *_: b"")
    finding = judged(under(url, probe=Effects()), "missing")

    assert finding.observed.startswith("cannot be judged: a genuine delivery got no answer: the connection was ")
    assert finding.observed.endswith(
        f". It runs, for it took the connection: read its log for what ended the request, and correct [receiver] url "
        f"({url}) if it has http for https"
    )


def waits(connection: socket.socket) -> None:
    """Hold a connection until its sender closes it."""
    while connection.recv(1 << 16):
        pass


def test_a_receiver_that_never_answers_need_not_be_started(listen: Listen, under: Under) -> None:
    """It holds the connection, so it runs."""
    finding = judged(under(listen(waits), probe=Effects(), timeout_s=0.2), "missing")

    assert finding.observed.endswith(
        "no whole answer within 0.2 s. It runs, for it took the connection: read its log for what the request waits for"
    )
