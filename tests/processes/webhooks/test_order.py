"""Verdicts are those of the rows, whatever was judged before them: played in two orders, on a receiver each."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from harness.model import Event, Finding, Outcome
from harness.model.config import DeadLetters, Duration, EffectSource, Receiver
from harness.webhooks import case_trial as trial
from harness.webhooks import effects as effects_module
from harness.webhooks.cases import case_named
from harness.webhooks.drills import DRILLS, DrillContext, dead_letters, play
from tests.processes.webhooks.test_drills import Integration
from tests.unit.webhooks.conftest import EVENT, Request, Serve, Under, reply

CASES = ("missing", "garbled", "empty", "wrong-secret", "truncated", "raw-compact")
PLAYED = ("dead-letter-redriven", "dead-letter", "dead-letter-reason", "duplicates", "exact-replay", "ack-latency")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects_module, "QUIET_S", 0.1)
    monkeypatch.setattr(dead_letters, "_REDRIVEN_S", 0.1)


class Forgetful(Integration):
    """Refuses what is forged, and does nothing about the delivery that follows a garbled one."""

    def __init__(self, *wrong: str) -> None:
        super().__init__(*wrong)
        self.forgets_next = False

    def __call__(self, request: Request, connection: socket.socket) -> bytes:
        if request.headers["x-product-signature"] == "nonsense":
            self.forgets_next = True
        elif self.forgets_next and request.genuine:
            self.forgets_next = False
            return reply(200)
        return super().__call__(request, connection)


Play = Callable[[Sequence[str], Integration], dict[str, tuple[Outcome, str]]]


@pytest.fixture
def played(serve: Serve, under: Under, tmp_path: Path) -> Play:
    """Judge rows in an order, on one receiver; return the outcome of each by its id."""

    def rows(ids: Iterable[str], context: DrillContext) -> Iterable[Finding]:
        for row_id in ids:
            case = case_named(row_id)
            if case:
                yield trial.judge(context.receiver, case, EVENT, reproduce="")[0]
            else:
                yield play(next(d for d in DRILLS if d.id == row_id), context, reproduce="")

    def judge(ids: Sequence[str], integration: Integration) -> dict[str, tuple[Outcome, str]]:
        url = serve(integration)
        poison = Event(name="poison", type="x", id="evt_p", body=b'{"id": "evt_p", "type": "poison"}')
        letters = DeadLetters(url="http://x", within=Duration(0.3), redrive=("true",))
        context = DrillContext(
            receiver=under(url, probe=integration.effects),
            config=Receiver(
                url=url,
                ack_within=Duration(5),
                effects=EffectSource(url="http://x"),
                dead_letters=letters,
                unprocessable="poison.json",
            ),
            event=EVENT,
            read=lambda _path: poison,
            dead_letter_of=integration.dead.get,
            root=tmp_path,
            environment={},
        )
        return {f.case: (f.outcome, f.observed.partition("p50")[0]) for f in rows(ids, context)}

    return judge


def same(found: dict[str, tuple[Outcome, str]]) -> dict[str, tuple[Outcome, str]]:
    """Return findings without the ids that deliveries were made under."""
    return {k: (outcome, " ".join(w for w in text.split() if "evt_" not in w)) for k, (outcome, text) in found.items()}


@pytest.mark.parametrize("make", [Integration, Forgetful, lambda: Integration("twice")], ids=["right", "once", "twice"])
def test_the_order_of_the_rows_decides_nothing(make: Callable[[], Integration], played: Play) -> None:
    """Neither one effect that is missed, nor what a drill did to what another looks at, changes a later verdict."""
    ids = [*CASES, *PLAYED]
    forwards, backwards = played(ids, make()), played(ids[::-1], make())

    assert same(forwards) == same(backwards)
    assert forwards["dead-letter"][0] is Outcome.PASS


def test_one_effect_that_is_missed_is_one_error(played: Play) -> None:
    """The rows after it are judged as if it had not been."""
    found = played(CASES, Forgetful())

    assert [i for i, (outcome, _) in found.items() if outcome is Outcome.ERROR] == ["garbled"]
    assert "no effect within 0.1 s" in found["garbled"][1]


def test_an_effect_is_waited_for_as_long_after_one_was_missed(serve: Serve, under: Under) -> None:
    """The wait for an effect is what it was, for the rest of the run."""
    integration = Forgetful()
    receiver = under(serve(integration), probe=integration.effects)
    waits: list[float] = []
    integration.effects.wait = lambda event_id, *, within_s: (  # type: ignore[method-assign]  # seen by the test
        waits.append(within_s) or integration.effects.effects(event_id)  # type: ignore[func-returns-value]
    )
    for case_id in ("garbled", "missing", "empty"):
        case = case_named(case_id)
        assert case is not None
        trial.judge(receiver, case, EVENT, reproduce="")

    assert waits == [0.1] * 5  # two for what the probe counts, and one after each refusal


def test_what_has_no_id_is_not_asked_about(serve: Serve, under: Under) -> None:
    """No effect of a nameless event is known, and none is made up."""
    nameless = Event(name="nameless", type="x", id="", body=b'{"type": "x"}')
    integration = Integration()
    receiver = under(serve(lambda r, _c: reply(200 if r.genuine else 400)), probe=integration.effects)
    case = case_named("missing")
    assert case is not None
    finding = trial.judge(receiver, case, nameless, reproduce="")[0]
    context = DrillContext(
        receiver=receiver,
        config=Receiver(url=receiver.wire.url),
        event=nameless,
        read=lambda _path: nameless,
        root=Path(),
        environment={},
    )
    drill = play(next(d for d in DRILLS if d.id == "duplicates"), context, reproduce="")

    assert finding.outcome is drill.outcome is Outcome.NOT_RUN
    for each in (finding, drill):
        assert "the event has no id to ask by; name the id's key as [receiver] event_id" in each.observed
