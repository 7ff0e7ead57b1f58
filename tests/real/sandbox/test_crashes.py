"""Receiver and workers killed at random instants, under load: what was acknowledged has exactly one effect."""

from __future__ import annotations

import collections
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from harness.sandbox.integration import inbox
from harness.sandbox.integration.settings import database_url as sqlalchemy_url
from harness.sandbox.integration.storage import Database, effects
from tests.ports import free_port
from tests.waiting import wait_for

KILLS = int(os.environ.get("SANDBOX_KILLS", "12"))
"""Of the receiver, and as many of the workers, on each kind of database; `make soak` asks for more."""
LEASE_S = "0.4"
MOST_KILLS = 6
SENDERS = 3
AT = "2026-11-02T09:00:00Z"
DRAINED_WITHIN_S = 60


class Load:
    """Senders that deliver events until each is acknowledged, as a provider does."""

    def __init__(self, port: int, secret: str, *, most: int = 1_000_000) -> None:
        self._port = port
        self._most = most
        self._secret = secret.encode()
        self._stopping = threading.Event()
        self.acknowledged: list[str] = []
        self.attempts = 0
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no further event, and wait until those at hand are acknowledged."""
        self._stopping.set()
        self.join()

    def join(self) -> None:
        """Wait until everything is acknowledged."""
        for thread in self._threads:
            thread.join(30)

    def _send(self, sender: int) -> None:
        number = 0
        while not self._stopping.is_set() and number < self._most:
            number += 1
            event_id = f"evt_{sender}_{number}"
            run = {"id": f"run_{sender:08x}{number:08x}", "projectId": f"prj_{1:016x}", "trigger": "manual"}
            run |= {"status": "succeeded", "createdAt": AT, "finishedAt": AT}
            event = {"id": event_id, "type": "run.succeeded", "createdAt": AT, "data": {"run": run}}
            body = json.dumps(event).encode()
            deadline = time.monotonic() + 20
            while not self._delivered(body) and time.monotonic() < deadline:
                time.sleep(0.02)
            self.acknowledged.append(event_id)
            time.sleep(0.005)

    def _delivered(self, body: bytes) -> bool:
        self.attempts += 1
        stamp = str(int(time.time()))
        mac = hmac.new(self._secret, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"x-product-signature": f"t={stamp},v1={mac}"}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("POST", "/webhooks/product", body, headers)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@pytest.fixture
def world(database_url: str, tmp_path: Path, start_nursery: Callable[..., Any]) -> Iterator[World]:
    """The integration on one database, with its processes in our hands."""
    port, secret = free_port(), secrets.token_hex(16)
    env = {
        "PRODUCT_API_KEY": secrets.token_hex(16),
        "PRODUCT_WEBHOOK_SECRET": secret,
        "PRODUCT_BASE_URL": "http://127.0.0.1:9",  # nobody is there: events are taken by their word
        "INTEGRATION_DATABASE": database_url,
    }
    nursery = start_nursery(env, tmp_path / "sandbox.log")
    database = Database(sqlalchemy_url(database_url))
    yield World(nursery, port, secret, database, tmp_path / "sandbox.log")
    database.close()


class World:
    """What the tests kill, and how they look at what is left."""

    def __init__(self, nursery: Any, port: int, secret: str, database: Database, log: Path) -> None:
        self.nursery = nursery
        self.port = port
        self.secret = secret
        self.database = database
        self.log = log
        self.killed = 0
        self._turn = threading.Lock()

    def start(self, *args: str) -> int:
        """Start a command; return its process id."""
        with self._turn:
            return int(self.nursery.start(*args, "--lease", LEASE_S))

    def kill(self, pid: int) -> None:
        """Kill a process that was alive."""
        with self._turn:
            status = self.nursery.kill(pid)
            self.killed += 1
        assert status == 9, f"it had ended by itself, status {status}: {self.log.read_text()[-2000:]}"

    def receiver(self, *, workers: int = 2) -> int:
        """Start a receiver; return when it listens."""
        pid = self.start("integration", "--port", str(self.port), "--workers", str(workers))
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return pid
            time.sleep(0.01)
        raise AssertionError(self.log.read_text()[-2000:])

    def kill_again_and_again(self, begin: Callable[[], int], times: int) -> None:
        """Begin a process and kill it at a random instant, time and again."""
        for _ in range(times):
            pid = begin()
            time.sleep(random.uniform(0, 0.2))
            self.kill(pid)

    def await_effect(self) -> None:
        """Wait until an event has one effect more."""
        before, deadline = self.effects().total(), time.monotonic() + 20
        while self.effects().total() == before and time.monotonic() < deadline:
            time.sleep(0.02)

    def drain(self) -> None:
        """Wait until the inbox is empty."""
        wait_for(lambda: not inbox.depth(self.database)[0], DRAINED_WITHIN_S, shown=lambda: inbox.depth(self.database))

    def effects(self) -> collections.Counter[str]:
        """Return how many effects each event had."""
        with self.database.reading() as connection:
            return collections.Counter(connection.execute(select(effects.c.event_id)).scalars())


def busy_receiver(world: World, load: Load) -> int:
    """Start a receiver; mostly, wait until it has acknowledged something, however slow the machine is."""
    before = len(load.acknowledged)
    pid = world.receiver()
    deadline = time.monotonic() + (5 if random.random() < 0.8 else 0)
    while len(load.acknowledged) == before and time.monotonic() < deadline:
        time.sleep(0.01)
    return pid


def test_every_acknowledged_event_has_exactly_one_effect(world: World) -> None:
    """Receivers and workers are killed with SIGKILL under load; nothing acknowledged is lost or done twice."""
    load = Load(world.port, world.secret)
    begin_worker = partial(world.start, "worker", "--threads", "2")
    killer = threading.Thread(target=world.kill_again_and_again, args=(begin_worker, KILLS))
    killer.start()
    world.kill_again_and_again(partial(busy_receiver, world, load), KILLS)
    killer.join(120)
    world.receiver()
    load.stop()
    world.drain()
    seen = world.effects()

    assert world.killed == 2 * KILLS
    assert len(load.acknowledged) > KILLS, "there was no load"
    assert load.attempts > len(load.acknowledged), "no delivery was ever cut off"
    assert [e for e in load.acknowledged if seen[e] != 1] == []
    assert max(seen.values()) == 1
    assert inbox.dead_letters(world.database) == []


def test_an_effect_outside_the_transaction_is_found_out(world: World) -> None:
    """The check above can fail: with the effect committed apart from the mark, a few kills double some effect."""
    world.receiver(workers=0)
    Load(world.port, world.secret, most=2).join()
    for _ in range(MOST_KILLS):
        pid = world.start("worker", "--threads", "8", "--defect", "worker-effect-outside-transaction")
        world.await_effect()  # its mark comes a second later
        world.kill(pid)
        if max(world.effects().values()) > 1:
            return

    pytest.fail("no effect was doubled")
