"""Crash drills, on a receiver whose process is a list of what is done to it."""

from __future__ import annotations

import hmac
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.errors import ProcessError
from harness.model import Event, Finding, Level, Outcome
from harness.model.config import EffectSource, Receiver
from harness.webhooks import effects as effects_module
from harness.webhooks.drills import CRASHES, DrillContext, kills, outage, play
from harness.webhooks.effect_counts import Counting
from tests.unit.webhooks.conftest import EVENT, Effects, Request, Serve, Under, event_id, reply

TAKES_S = 0.2
AWAY = "print('away', flush=True); import sys; sys.stdin.read()"


class Process:
    """A receiver's process, as far as drills handle it."""

    def __init__(self, on_start: Callable[[dict[str, str | None]], None]) -> None:
        self.env: dict[str, str | None] = {"SECRET": "set"}
        self._on_start = on_start

    def kill(self) -> None:
        """Do nothing: what a crash loses is decided at the start."""

    stop = kill

    def start(self) -> None:
        """Start again."""
        self._on_start(self.env)


class Fragile:
    """A receiver that may lose, repeat or forget at a restart."""

    def __init__(self) -> None:
        self.effects = Effects()
        self.at_once = True
        self.waiting: list[str] = []
        self.on_restart: Callable[[Fragile], None] = Fragile.recover
        self.status = 200

    def recover(self) -> None:
        """Process what was stored."""
        self.effects.ids += self.waiting
        self.waiting.clear()

    def __call__(self, request: Request, _connection: socket.socket) -> bytes:
        if not request.genuine:
            return reply(400)
        if self.status == 200:
            (self.effects.ids if self.at_once else self.waiting).append(event_id(request))
        return reply(self.status)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects_module, "QUIET_S", 0.05)
    monkeypatch.setattr(kills, "RECOVERS_S", 0.2)
    monkeypatch.setattr(kills, "REPEATS_S", 0.2)
    monkeypatch.setattr(kills, "INTO_PROCESSING_S", 0.1)
    monkeypatch.setattr(outage, "_BEGINS_S", 2.0)


class Settling(Effects):
    """Effects with the time to settle."""

    def settled(self, event_id: str, *, within_s: float) -> int:
        """Return what there is."""
        del within_s
        return self.effects(event_id)


@pytest.fixture
def fragile() -> Fragile:
    found = Fragile()
    found.effects = Settling()
    return found


@pytest.fixture
def stage(serve: Serve, under: Under, tmp_path: Path, fragile: Fragile) -> DrillContext:
    url = serve(fragile)
    slow = Event(name="slow", type="x", id="evt_s", body=b'{"id": "evt_s", "type": "slow"}')
    receiver = under(url, probe=fragile.effects)
    receiver._counting = Counting()
    return DrillContext(
        receiver=receiver,
        config=Receiver(url=url, effects=EffectSource(url="http://x"), outage=(sys.executable, "-c", AWAY)),
        event=EVENT,
        read=lambda _path: slow,
        root=tmp_path,
        environment={},
        process=Process(lambda _env: fragile.on_restart(fragile)),  # type: ignore[arg-type]  # as much as drills use
        secret_names=("SECRET",),
    )


def played(drill_id: str, on: DrillContext) -> Finding:
    return play(next(d for d in CRASHES if d.id == drill_id), on, reproduce="")


@pytest.mark.parametrize("drill_id, at_once", [("killed-after-ack", False), ("killed-after-effect", True)])
def test_what_was_stored_is_processed_once(drill_id: str, at_once: bool, stage: DrillContext, fragile: Fragile) -> None:  # noqa: FBT001
    """A receiver that stores before it answers, and marks in the same transaction, passes."""
    fragile.at_once = at_once

    assert played(drill_id, stage).outcome is Outcome.PASS


def test_what_was_only_acknowledged_is_lost(stage: DrillContext, fragile: Fragile) -> None:
    """An event that lived in memory alone has no effect after the restart."""
    fragile.at_once = False
    fragile.on_restart = lambda f: f.waiting.clear()
    finding = played("killed-after-ack", stage)

    assert finding.outcome is Outcome.FAIL
    assert finding.observed == "killed right after the acknowledgement: 0 effects within 0.2 s of the restart"


def test_what_was_done_is_done_again(stage: DrillContext, fragile: Fragile) -> None:
    """An effect whose mark was lost comes twice."""
    fragile.on_restart = lambda f: f.effects.ids.extend(list(f.effects.ids))
    finding = played("killed-after-effect", stage)

    assert finding.outcome is Outcome.FAIL
    assert finding.observed == "killed right after the effect: 2 effects after the restart"


def test_a_slow_event_that_is_not_slow_tells_nothing(stage: DrillContext) -> None:
    """Processing that is over cannot be interrupted."""
    stage.config = msgspec.structs.replace(stage.config, slow="slow.json")
    finding = played("killed-while-processing", stage)

    assert finding.outcome is Outcome.NOT_RUN
    assert (
        finding.observed == "slow was processed at once; set [receiver] slow to an event whose processing takes seconds"
    )


def test_a_restart_that_fails_is_an_error(stage: DrillContext, fragile: Fragile) -> None:
    """Whether an event survived is not known then."""

    def refuse(_fragile: Fragile) -> None:
        raise ProcessError("[process.app] did not start")

    fragile.on_restart = refuse

    finding = played("killed-after-ack", stage)
    assert (finding.outcome, finding.observed) == (Outcome.ERROR, "[process.app] did not start")


def test_acknowledging_without_a_store_loses(stage: DrillContext, fragile: Fragile) -> None:
    """A 2xx while nothing can be stored is a promise that is not kept."""
    stage.receiver.usable(EVENT)
    fragile.at_once = False
    fragile.on_restart = lambda f: f.waiting.clear()
    finding = played("store-down", stage)

    assert finding.outcome is Outcome.FAIL
    assert finding.observed == "while the store was down: HTTP 200, 0 effects"


@pytest.mark.parametrize(
    "words, said",
    [
        (
            ("no-such-program",),
            "'no-such-program' cannot be run: No such file or directory. Install it, or give its path.",
        ),
        ((sys.executable, "-c", ""), "printed no line within 2 s. Print one when the store is down, and bring it back"),
    ],
)
def test_an_outage_that_does_not_come_about_is_an_error(words: tuple[str, ...], said: str, stage: DrillContext) -> None:
    """The message names the key, the program, and what it should have done."""
    stage.config = msgspec.structs.replace(stage.config, outage=words)
    finding = played("store-down", stage)

    assert finding.outcome is Outcome.ERROR
    assert finding.observed.startswith("[receiver] outage: ")
    assert said in finding.observed


def test_a_receiver_that_starts_without_secret_must_refuse(stage: DrillContext) -> None:
    """One that refuses to start, or every delivery, passes; its environment is as it was afterwards."""
    seen: list[dict[str, str | None]] = []
    stage.process = Process(lambda env: seen.append(dict(env)))  # type: ignore[assignment]

    finding = played("started-without-secret", stage)

    assert finding.outcome is Outcome.PASS
    assert seen == [{"SECRET": ""}, {"SECRET": None}, {"SECRET": "set"}]

    def refuse(env: dict[str, str | None]) -> None:
        if not env["SECRET"]:
            raise ProcessError("exited")

    stage.process = Process(refuse)  # type: ignore[assignment]
    seen_then = "while SECRET is empty: refused to start; while SECRET is not set: refused to start"
    assert played("started-without-secret", stage).observed == seen_then


@pytest.mark.parametrize(
    "word, words", [("", "an empty secret"), ("None", "the word None"), ("undefined", "undefined")]
)
def test_what_a_missing_secret_becomes_is_tried_as_a_secret(
    word: str, words: str, stage: DrillContext, serve: Serve, under: Under
) -> None:
    """A receiver that turns an unset secret into a word, and verifies with it, takes what anybody can sign."""
    effects = Settling()

    def lenient(request: Request, _connection: socket.socket) -> bytes:
        header = request.headers.get("x-product-signature", "")
        stamp, given = header.removeprefix("t=").split(",v1=") if ",v1=" in header else ("", "")
        right = hmac.new(word.encode(), f"{stamp}.".encode() + request.body, "sha256").hexdigest()
        if not request.genuine and given != right:
            return reply(400)
        effects.ids.append(event_id(request))
        return reply(200)

    stage.receiver = under(serve(lenient), probe=effects)
    stage.process = Process(lambda _: None)  # type: ignore[assignment]
    finding = played("started-without-secret", stage)

    assert finding.outcome is Outcome.FAIL
    assert f"{words}: HTTP 200" in finding.observed


class Rotating:
    """A receiver that takes its own secret, and the previous one while its environment tells it."""

    def __init__(self, effects: Effects, *, forgets: bool = True, optional: bool = True) -> None:
        self.env = {"SECRET": "set", "PREVIOUS": "set"}
        self.effects = effects
        self._forgets = forgets
        self._optional = optional
        self._previous = True

    def start(self) -> None:
        """Take the environment as it is now."""
        if not self._optional and not self.env["PREVIOUS"]:
            raise ProcessError("[process.app] exited")
        self._previous = not self._forgets or bool(self.env["PREVIOUS"])

    def stop(self) -> None:
        """Do nothing."""

    def __call__(self, request: Request, _connection: socket.socket) -> bytes:
        if not request.genuine and not (self._previous and request.signs(request.body, secret="the one before")):
            return reply(400)
        self.effects.ids.append(event_id(request))
        return reply(200)


def rotated(rotating: Rotating, stage: DrillContext, url: str, under: Under) -> DrillContext:
    return msgspec.structs.replace(
        stage,
        receiver=under(url, probe=rotating.effects),
        process=rotating,
        previous_secret=lambda: "the one before",
        previous_names=("PREVIOUS",),
    )


@pytest.mark.parametrize(
    "forgets, outcome, said", [(True, Outcome.PASS, "HTTP 400, with"), (False, Outcome.FAIL, "HTTP 200, with")]
)
def test_a_withdrawn_secret_is_refused(
    forgets: bool,  # noqa: FBT001
    outcome: Outcome,
    said: str,
    stage: DrillContext,
    serve: Serve,
    under: Under,
) -> None:
    """A receiver that is not told the old secret refuses it, takes the new one, and is as it was afterwards."""
    rotating = Rotating(Settling(), forgets=forgets)
    finding = played("withdrawn-secret", rotated(rotating, stage, serve(rotating), under))

    assert finding.outcome is outcome
    assert f"signed with the old secret: {said} the new one: HTTP 200" in finding.observed
    assert finding.level is (Level.MUST if outcome is Outcome.FAIL else Level.SHOULD)
    assert rotating.env == {"SECRET": "set", "PREVIOUS": "set"}


@pytest.mark.parametrize("drill_id", ["started-without-secret", "withdrawn-secret"])
def test_a_receiver_that_verifies_nothing_is_not_restarted_for_it(
    drill_id: str, stage: DrillContext, serve: Serve, under: Under
) -> None:
    """What it does with forgeries under another configuration is what it does with all of them."""
    effects = Settling()

    def trusting(request: Request, _connection: socket.socket) -> bytes:
        effects.ids.append(event_id(request))
        return reply(200)

    stage.receiver = under(serve(trusting), probe=effects)
    stage.previous_names = ("PREVIOUS",)
    finding = played(drill_id, stage)

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.observed.startswith("a forgery by itself is processed too, which other checks judge: HTTP 200")


def test_a_secret_that_cannot_be_withdrawn_is_told(stage: DrillContext, serve: Serve, under: Under) -> None:
    """What the harness lacks is said: a variable that it may leave empty, or a receiver that starts without it."""
    needing = Rotating(Settling(), optional=False)
    on = rotated(needing, stage, serve(needing), under)
    finding = played("withdrawn-secret", on)

    assert finding.outcome is Outcome.NOT_RUN
    assert finding.observed == "it does not start while PREVIOUS is empty; make that setting optional"

    on.previous_names = ()
    finding = played("withdrawn-secret", on)
    assert finding.outcome is Outcome.NOT_RUN
    assert 'add to its [process.NAME]: env = { NAME = "<the reference at' in finding.observed


class Marking:
    """A receiver that takes a while for an event, and its own process: a kill ends what it has at hand."""

    def __init__(self, *, marks_first: bool, refuses: bool = False) -> None:
        self.effects = Settling()
        self._marks_first = marks_first
        self._refuses = refuses
        self._marked: set[str] = set()
        self._killed = threading.Event()

    def kill(self) -> None:
        """End what goes on, without an answer."""
        self._killed.set()
        time.sleep(TAKES_S)

    def start(self) -> None:
        """Take deliveries again."""
        self._killed.clear()

    def __call__(self, request: Request, _connection: socket.socket) -> bytes:
        name = event_id(request)
        if name in self._marked:
            return reply(409 if self._refuses else 200)
        if self._marks_first:
            self._marked.add(name)
        if self._killed.wait(TAKES_S):
            return b""
        self._marked.add(name)
        self.effects.ids.append(name)
        return reply(200)


@pytest.mark.parametrize(
    "marks_first, refuses, outcome, shown",
    [
        (False, False, Outcome.PASS, "0 without an effect, 0 with more than one"),
        (True, False, Outcome.FAIL, " without an effect, 0 with more than one"),
        (True, True, Outcome.FAIL, " not acknowledged: HTTP 409"),
    ],
    ids=["effect-with-mark", "mark-first", "mark-first-then-refused"],
)
def test_an_event_without_an_answer_is_processed_when_it_comes_again(
    *,
    marks_first: bool,
    refuses: bool,
    outcome: Outcome,
    shown: str,
    stage: DrillContext,
    serve: Serve,
    under: Under,
) -> None:
    """Its mark must not outlive its processing; that needs no event whose processing takes seconds."""
    marking = Marking(marks_first=marks_first, refuses=refuses)
    stage.receiver = under(serve(marking), probe=marking.effects)
    stage.receiver._counting = Counting()
    stage.process = marking  # type: ignore[assignment]  # as much as drills use
    finding = played("redelivered-without-answer", stage)

    assert (finding.outcome, finding.item) == (outcome, "webhooks.durable"), finding.observed
    assert shown in finding.observed
    marked = "The receiver takes an event for processed whose processing was interrupted"
    assert finding.cause == (marked if outcome is Outcome.FAIL and not refuses else "")


def test_a_receiver_that_answers_everything_in_time_has_nothing_to_interrupt(stage: DrillContext) -> None:
    """What was answered is judged by the other drills."""
    finding = played("redelivered-without-answer", stage)

    assert (finding.outcome, finding.observed) == (
        Outcome.NOT_APPLICABLE,
        "it had answered each delivery when it was killed",
    )
