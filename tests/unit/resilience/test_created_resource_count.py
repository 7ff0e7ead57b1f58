"""Where the provider can be asked what a run created, its number decides, and not the writes that were seen to pass."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.http.client import Network
from harness.model import Finding, Outcome
from harness.resilience import created_resource_count, persisted_runs
from harness.resilience.client_drill import ClientDrill, DrillSetting
from harness.resilience.exactly_once import DRILLS
from harness.resilience.persisted_runs import PERSISTED
from harness.resilience.runner import WORKFLOW
from tests.unit.conftest import Call, Reply, Serve
from tests.unit.resilience.conftest import InProcessClient, Work, client_in

REPLAYED = DRILLS[0]


class Orders:
    """A provider's resources by the name of the workflow; each POST creates one, unless it knows its content."""

    def __init__(self, *, recognises: bool = False) -> None:
        self.by_name = Counter[str]()
        self._recognises = recognises

    def reply(self, call: Call) -> Reply:
        name = json.loads(call.body)["name"]
        if not (self._recognises and self.by_name[name]):
            self.by_name[name] += 1
        return 201, {}, {"id": uuid.uuid4().hex}


def writes(*, new_key: bool = False) -> Work:
    def work(url: str, values: Mapping[str, str]) -> bool:
        key = uuid.uuid4().hex
        with httpx.Client(trust_env=False) as http:
            for _ in range(3):
                sent = uuid.uuid4().hex if new_key else key
                try:
                    answer = http.post(
                        f"{url}/orders", json={"name": values[WORKFLOW]}, headers={"Idempotency-Key": sent}
                    )
                except httpx.TransportError:
                    continue
                return answer.is_success
        return False

    return work


@pytest.fixture
def judge(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Finding]]:
    """Judge a lost answer: ``judge(work, orders)``, with what counts."""
    monkeypatch.setattr(created_resource_count, "SHOWS_WITHIN_S", 0.05)
    monkeypatch.setattr(created_resource_count, "QUIET_S", 0.0)
    monkeypatch.setattr(persisted_runs, "HELD_S", 0.05)
    with Network().client() as http:

        def judged(work: Work, orders: Orders, drill: ClientDrill = REPLAYED, **options: Any) -> Finding:
            client = client_in(tmp_path, InProcessClient, upstream=serve(orders.reply), http=http, work=work)
            options = {"created": orders.by_name.__getitem__} | options
            setting = DrillSetting(client=client, label="{} {}".format, **options)
            return drill.judge(drill, setting)

        yield judged


def test_one_resource_is_right_however_many_answers_there_were(judge: Callable[..., Finding]) -> None:
    """A key that is sent again, and a provider that recognises what it has, though its answers show two ids."""
    assert judge(writes(), Orders()).outcome is Outcome.PASS
    assert judge(writes(new_key=True), Orders(recognises=True)).outcome is Outcome.PASS
    assert judge(writes(new_key=True), Orders(recognises=True), created=None).outcome is Outcome.FAIL


def test_a_second_resource_is_counted(judge: Callable[..., Finding]) -> None:
    """A new key with each attempt."""
    found = judge(writes(new_key=True), Orders())

    assert found.outcome is Outcome.FAIL
    assert "[client] created counts 2 at the provider instead of 1" in found.summary


def test_success_without_the_resource_is_no_success(judge: Callable[..., Finding]) -> None:
    """From the third run on it writes nothing, and reports success."""
    runs: list[str] = []

    def forgets(url: str, values: Mapping[str, str]) -> bool:
        runs.append(values[WORKFLOW])
        if len(runs) > 2:
            return httpx.get(f"{url}/orders", trust_env=False) is not None
        return writes()(url, values)

    class Listed(Orders):
        def reply(self, call: Call) -> Reply:
            return super().reply(call) if call.method == "POST" else (200, {}, [])

    found = judge(forgets, Listed())

    assert "the client reported success, and [client] created counts 0 instead of 1" in found.summary


def test_a_count_that_finds_nothing_proves_nothing(judge: Callable[..., Finding]) -> None:
    """Neither does one after a run that fails: both are errors that state what to do."""
    fails = iter([True])
    nothing = judge(writes(), Orders(), created=lambda _: 0)
    failed = judge(lambda url, values: writes()(url, values) and next(fails, False), Orders())

    assert nothing.outcome is failed.outcome is Outcome.ERROR
    assert "[client] created counts nothing after a run without a fault: it must find" in nothing.observed
    assert "a run without a fault failed: " in failed.observed


def resumes(key_of: Callable[[str], str]) -> Work:
    """Write once in each run; a lost answer stands for the kill."""

    def work(url: str, values: Mapping[str, str]) -> bool:
        name = values[WORKFLOW]
        headers = {"Idempotency-Key": key_of(name)}
        try:
            return httpx.post(f"{url}/orders", json={"name": name}, headers=headers, trust_env=False).is_success
        except httpx.TransportError:
            return False

    return work


def test_what_a_killed_client_left_is_counted(judge: Callable[..., Finding]) -> None:
    """One resource after the second run is right, however many answers showed an id; two are named."""
    stored, new = resumes(lambda name: f"key-of-{name}"), resumes(lambda _: uuid.uuid4().hex)
    found = [
        judge(work, orders, PERSISTED, persisted=lambda _: {})
        for work, orders in ((stored, Orders()), (new, Orders(recognises=True)), (new, Orders()))
    ]

    assert [f.outcome for f in found] == [Outcome.PASS, Outcome.PASS, Outcome.FAIL]
    assert "POST /orders, and run again: [client] created counts 2 at the provider instead of 1" in found[2].summary
