"""Events that are delivered again after a crash or a failure, to receivers that remember rightly and wrongly."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.model import Event, Finding, Outcome
from harness.model.config import DeadLetters, Duration, EffectSource, Receiver
from harness.webhooks import effects as effects_module
from harness.webhooks.drills import CRASHES, DRILLS, DrillContext, kills, play
from harness.webhooks.effect_counts import Counting
from tests.unit.webhooks.conftest import EVENT, Effects, Request, Serve, Under, event_id, reply

SLOW = Event(name="slow", type="x", id="evt_s", body=b'{"id": "evt_s", "type": "slow"}')
POISON = Event(name="poison", type="x", id="evt_p", body=b'{"id":"evt_p","type":"poison"}')
FILES = {"slow": SLOW, "poison": POISON}
SLOW_S = 0.6
PATIENCE_S = 60


class Patient(Effects):
    """An effect probe that waits for effects as the real one does."""

    def wait(self, event_id: str, *, within_s: float) -> int:
        """Return what happened by then."""
        deadline = time.monotonic() + within_s
        while not self.effects(event_id) and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.effects(event_id)

    def settled(self, event_id: str, *, within_s: float) -> int:
        """Return what happened by then, and shortly after."""
        self.wait(event_id, within_s=within_s)
        time.sleep(0.1)
        return self.effects(event_id)


class Memory:
    """A receiver whose store outlives its process; every way to be wrong is a switch."""

    def __init__(self, *wrong: str) -> None:
        self.wrong = wrong
        self.effects = Patient()
        self.done: set[str] = set()
        self.stored: set[str] = set()
        self.claimed: set[str] = set()
        self.dead: dict[str, dict[str, Any]] = {}
        self.life = 0
        self._turn = threading.Lock()
        self._killed = threading.Event()
        self.env: dict[str, str] = {}
        self.pid = 0

    def kill(self) -> None:
        """Lose what is in memory, and stop what is being processed."""
        self.life += 1
        self._killed.set()
        self.claimed.clear()
        if "forgets ids" in self.wrong:
            self.done.clear()
        if "forgets letters" in self.wrong:
            self.dead.clear()

    def start(self) -> None:
        """Process what was stored and not done."""
        for name in sorted(self.stored - self.done):
            threading.Thread(target=self._work, args=(name, self.life, 0.0), daemon=True).start()

    def __call__(self, request: Request, _connection: socket.socket) -> bytes:
        if not request.genuine:
            return reply(400)
        name, body = event_id(request), json.loads(request.body)
        if "refuses the extra" in self.wrong and "zone" in body:
            return reply(400)
        if body["type"] == "poison":
            stored = request.body if "rewrites" not in self.wrong else json.dumps(body, separators=(",", ":")).encode()
            self.dead[name] = {"reason": "poison", "attempts": 3, "body": stored.decode()}
            return reply(200)
        return self._taken(name, body)

    def _taken(self, name: str, body: dict[str, Any]) -> bytes:
        seconds, life = (SLOW_S if body["type"] == "slow" else 0.0), self.life
        if "fails once" in self.wrong and body.get("data", 1) is None:
            if "claims" in self.wrong and name in self.claimed:
                return reply(200)
            self.claimed.add(name)
            time.sleep(0.1)
            self.claimed.discard(name)
            self.done |= {name} if "marks first" in self.wrong else set()
            return reply(500)
        if name in self.done and "notes nothing" not in self.wrong:
            return reply(200)
        if "waits" in self.wrong:
            if name in self.claimed:
                return reply(200 if "claims" in self.wrong else 409)
            self.claimed.add(name)
            if "marks first" in self.wrong:
                self.done.add(name)
            self._work(name, life, seconds)
            self.claimed.discard(name)
            return reply(200) if life == self.life else b""
        self.stored.add(name)
        threading.Thread(target=self._work, args=(name, life, seconds), daemon=True).start()
        return reply(200)

    def _work(self, name: str, life: int, seconds: float) -> None:
        if seconds and not life:
            self._killed.wait(PATIENCE_S)  # it takes until the first kill, however long the machine needs for that
        else:
            time.sleep(seconds)
        with self._turn:
            if life == self.life and (name not in self.done or {"waits", "notes nothing"} & set(self.wrong)):
                self.effects.ids.append(name)
                self.done.add(name)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects_module, "QUIET_S", 0.2)
    monkeypatch.setattr(kills, "RECOVERS_S", 1.5)
    monkeypatch.setattr(kills, "REPEATS_S", 0.2)
    monkeypatch.setattr(kills, "INTO_PROCESSING_S", 0.1)


@pytest.fixture
def stage(serve: Serve, under: Under, tmp_path: Path) -> Callable[[Memory], DrillContext]:
    def build(memory: Memory) -> DrillContext:
        url = serve(memory)
        receiver = under(url, probe=memory.effects)
        receiver._counting = Counting()
        receiver.settle_s = 2.0
        config = Receiver(
            url=url,
            effects=EffectSource(url="http://x"),
            dead_letters=DeadLetters(url="http://x", within=Duration(0.3)),
            slow="slow",
            unprocessable="poison",
        )
        return DrillContext(
            receiver=receiver,
            config=config,
            event=EVENT,
            read=lambda path: FILES[path],
            dead_letter_of=memory.dead.get,
            root=tmp_path,
            environment={},
            process=memory,  # type: ignore[arg-type]  # as much of a process as drills use
        )

    return build


def played(drill_id: str, on: DrillContext) -> Finding:
    return play(next(d for d in (*DRILLS, *CRASHES) if d.id == drill_id), on, reproduce="")


KILLED = (
    "killed-after-ack",
    "killed-while-processing",
    "killed-after-effect",
    "redelivered-after-restart",
    "redelivered-while-processing",
    "dead-letter-after-restart",
)


def test_one_kill_serves_all_drills_of_a_right_receiver(stage: Callable[[Memory], DrillContext]) -> None:
    """Events at every stage are processed once, and the receiver is killed a single time for all of them."""
    memory = Memory()
    on = stage(memory)

    assert {drill_id: played(drill_id, on).outcome for drill_id in KILLED} == dict.fromkeys(KILLED, Outcome.PASS)
    assert memory.life == 1


def test_a_receiver_that_answers_when_it_is_done_promised_nothing_before(
    stage: Callable[[Memory], DrillContext],
) -> None:
    """It may lose an event that it has not acknowledged, but must process it when it is delivered again."""
    on = stage(Memory("waits"))

    assert played("killed-while-processing", on).outcome is Outcome.NOT_APPLICABLE
    assert played("redelivered-while-processing", on).outcome is Outcome.PASS
    refused = played("acknowledged-while-processing", on)
    assert refused.outcome is Outcome.NOT_APPLICABLE
    assert refused.observed.endswith("was not acknowledged before the kill, so it was not promised")


def test_an_event_that_is_taken_for_processed_too_early_has_one_cause(stage: Callable[[Memory], DrillContext]) -> None:
    """Whether it comes again during its processing or after a restart, it is lost for the same reason."""
    on = stage(Memory("waits", "marks first"))
    found = [played(drill_id, on) for drill_id in ("acknowledged-while-processing", "redelivered-while-processing")]

    assert [f.outcome for f in found] == [Outcome.FAIL] * 2
    assert {f.cause for f in found} == {"The receiver takes an event for processed whose processing was interrupted"}


def test_an_event_that_is_answered_at_once_is_delivered_once(stage: Callable[[Memory], DrillContext]) -> None:
    """What comes of it is what the drill of a single delivery judges."""
    finding = played("acknowledged-while-processing", stage(Memory()))

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.observed == "slow was answered before it was processed: HTTP 200"


@pytest.mark.parametrize(
    "drill_id, wrong, seen",
    [
        ("redelivered-after-restart", ("forgets ids",), "then killed, then delivered again: HTTP 200, 2 effects"),
        ("redelivered-while-processing", ("waits", "marks first"), "delivered again: HTTP 200: 0 effects within 1.5 s"),
        ("acknowledged-while-processing", ("waits", "claims"), "HTTP 200; then killed: 0 effects within 1.5 s"),
        ("dead-letter-after-restart", ("forgets letters",), "after the restart, the dead letter query returns nothing"),
        (
            "genuine-after-failure",
            ("fails once", "marks first"),
            "failing: HTTP 500; then delivered again, whole",
        ),
        ("failing-at-once", ("fails once", "claims"), "alone: HTTP 500; 8 at once: "),
        ("dead-letter-body", ("rewrites",), "is stored as"),
    ],
)
def test_what_a_receiver_forgets_is_found(
    drill_id: str, wrong: tuple[str, ...], seen: str, stage: Callable[[Memory], DrillContext]
) -> None:
    """Ids in memory alone, ids noted before the work is done, dead letters in memory, and bodies that are not raw."""
    on = stage(Memory(*wrong))
    on.event = Event(name="paid", type="x", id="evt_0", body=b'{"id": "evt_0", "type": "x", "data": {"a": 1}}')
    finding = played(drill_id, on)

    assert finding.outcome is Outcome.FAIL, finding.observed
    assert seen in finding.observed


def test_a_restart_is_not_blamed_for_what_happens_without_one(stage: Callable[[Memory], DrillContext]) -> None:
    """A receiver that processes each delivery again has one fault, which the drills of duplicates name."""
    finding = played("redelivered-after-restart", stage(Memory("notes nothing")))

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.observed == "it takes no restart: a second delivery got HTTP 200, 2 effects"


@pytest.mark.parametrize(
    "wrong, outcome, seen",
    [
        (("fails once",), Outcome.PASS, "alone: HTTP 500; 8 at once: 0 acknowledged"),
        ((), Outcome.NOT_APPLICABLE, "HTTP 200 even to what cannot be processed, which other checks judge"),
    ],
    ids=["fails", "takes"],
)
def test_what_fails_alone_is_acknowledged_in_no_company(
    wrong: tuple[str, ...], outcome: Outcome, seen: str, stage: Callable[[Memory], DrillContext]
) -> None:
    """Each delivery of an event that fails is refused, also while another one is being processed."""
    on = stage(Memory(*wrong))
    on.event = Event(name="paid", type="x", id="evt_0", body=b'{"id": "evt_0", "type": "x", "data": {"a": 1}}')
    finding = played("failing-at-once", on)

    assert (finding.outcome, finding.item) == (outcome, "webhooks.idempotent")
    assert finding.observed.startswith(seen)


def test_an_event_that_failed_is_taken_when_it_comes_again(stage: Callable[[Memory], DrillContext]) -> None:
    """A receiver that notes an id only with its effect loses nothing."""
    on = stage(Memory("fails once"))
    on.event = Event(name="paid", type="x", id="evt_0", body=b'{"id": "evt_0", "type": "x", "data": {"a": 1}}')

    assert played("genuine-after-failure", on).outcome is Outcome.PASS


def test_a_receiver_that_acknowledges_what_fails_gets_it_once(stage: Callable[[Memory], DrillContext]) -> None:
    """No sender would deliver it again, so nothing is to be judged."""
    finding = played("genuine-after-failure", stage(Memory()))

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "HTTP 200 even to what cannot be processed" in finding.observed


def test_a_receiver_that_refuses_unknown_members_is_judged_by_the_fixture(
    stage: Callable[[Memory], DrillContext],
) -> None:
    """The member that shows whether a body is rewritten is left out where the receiver refuses unknown members."""
    finding = played("dead-letter-body", stage(Memory("refuses the extra")))

    assert finding.outcome is Outcome.PASS, finding.observed
