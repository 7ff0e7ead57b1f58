"""The integration on PostgreSQL: by its URL alone, with several receivers and workers on one database."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import secrets
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from harness.sandbox.integration import counts, inbox
from harness.sandbox.integration.inbox import InboxEvent
from harness.sandbox.integration.intake import Intake
from harness.sandbox.integration.settings import database_url as sqlalchemy_url
from harness.sandbox.integration.storage import Database, effects
from harness.sandbox.integration.worker import Worker, WorkPolicy
from tests.ports import free_port
from tests.waiting import wait_for


@pytest.fixture
def url(postgres: Any) -> str:
    """The URL of an empty database."""
    return str(postgres.new_database())


def event(number: int) -> InboxEvent:
    at = "2026-11-02T09:00:00Z"
    run = {"id": f"run_{number % 7:016x}", "projectId": f"prj_{1:016x}", "trigger": "manual", "status": "succeeded"}
    run |= {"createdAt": at, "finishedAt": at}
    told = {"id": f"evt_{number}", "type": "run.succeeded", "createdAt": at, "data": {"run": run}}
    body = json.dumps(told).encode()
    return InboxEvent(
        event_id=f"evt_{number}", type="run.succeeded", headers="{}", body=body, traceparent="", known=True
    )


def test_many_processes_open_an_empty_database_at_once(url: str) -> None:
    """Whoever comes first makes the tables; nobody fails."""
    opened: list[Database] = []
    threads = [threading.Thread(target=lambda: opened.append(Database(sqlalchemy_url(url)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    for database in opened:
        database.close()

    assert len(opened) == 8


def test_workers_pass_over_what_another_has_claimed(url: str) -> None:
    """Sixteen threads of four workers process two hundred events, each once, and count every one."""
    databases = [Database(sqlalchemy_url(url)) for _ in range(4)]
    for number in range(200):
        assert Intake(databases[0]).add(event(number))
    assert not Intake(databases[1]).add(event(0))
    workers = [Worker(database, policy=WorkPolicy(threads=4, idle=0.02)) for database in databases]
    for worker in workers:
        worker.start()
    wait_for(lambda: not inbox.depth(databases[0])[0])
    for worker in workers:
        worker.stop()
    with databases[0].reading() as connection:
        happened = sorted(connection.execute(select(effects.c.event_id)).scalars())
    seen = counts.read(databases[0])
    for database in databases:
        database.close()

    assert happened == sorted(f"evt_{n}" for n in range(200))
    assert sum(value for (name, _), value in seen.items() if name == counts.PROCESSING) == 200


def test_several_receivers_and_workers_share_one_database(
    url: str, tmp_path: Path, start_nursery: Callable[..., Any]
) -> None:
    """An event delivered to both receivers at once has one effect, made by a worker in a third process."""
    secret = secrets.token_hex(16)
    env = {
        "PRODUCT_API_KEY": secrets.token_hex(16),
        "PRODUCT_WEBHOOK_SECRET": secret,
        "PRODUCT_BASE_URL": "http://127.0.0.1:9",
        "INTEGRATION_DATABASE": url,
    }
    nursery = start_nursery(env, tmp_path / "log")
    ports = [free_port(), free_port()]
    for port in ports:
        nursery.start("integration", "--port", str(port), "--workers", "0")
    nursery.start("worker")
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n, p=port: statuses.append(delivered(p, event(n).body, secret)))
        for n in range(20)
        for port in ports
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    deadline = time.monotonic() + 20
    states = []
    while time.monotonic() < deadline:
        states = [json.loads(get(ports[n % 2], f"/_harness/events/evt_{n}")) for n in range(20)]
        if all(state.get("status") == "done" for state in states):
            break
        time.sleep(0.05)

    assert statuses == [200] * 40, (tmp_path / "log").read_text()[-2000:]
    assert [state["effects"] for state in states] == [1] * 20


def test_odd_text_is_no_server_error(url: str, tmp_path: Path, start_nursery: Callable[..., Any]) -> None:
    """What PostgreSQL cannot store (NUL, lone surrogates) is refused or written otherwise, never a 5xx."""
    secret = secrets.token_hex(16)
    env = {"PRODUCT_API_KEY": "x" * 16, "PRODUCT_WEBHOOK_SECRET": secret, "PRODUCT_BASE_URL": "http://127.0.0.1:9"}
    port = free_port()
    start_nursery(env, tmp_path / "log").start("integration", "--port", str(port), "--database", url)
    bodies = [
        b'{"id":"a\\u0000b","type":"x"}',
        b'{"id":"\\ud800","type":"x"}',
        b'{"id":"evt_1","type":"\\u0000\\ud800"}',
        b'{"id":"evt_2","type":"run.failed","data":{"run":{"id":"a\\u0000b","projectId":"p"}}}',
        b'{"id":"evt_3","type":"run.failed","data":{"run":{"id":"\\ud800","projectId":"p"}}}',
    ]

    assert [delivered(port, body, secret) for body in bodies] == [400, 400, 200, 200, 200]
    for event_id in ("evt_2", "evt_3"):
        wait_for(partial(dead, port, event_id))
    assert get(port, "/_harness/events/a%00b") == b'{"error":"unknown event"}'


def delivered(port: int, body: bytes, secret: str) -> int:
    """Sign and deliver, as soon as the receiver listens; return the status."""
    stamp = str(int(time.time()))
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return request(port, "POST", "/webhooks/product", body, {"x-product-signature": f"t={stamp},v1={mac}"})[0]


def dead(port: int, event_id: str) -> bool:
    return bool(json.loads(get(port, f"/_harness/events/{event_id}"))["status"] == "dead")


def get(port: int, path: str) -> bytes:
    return request(port, "GET", path)[1]


def request(port: int, method: str, path: str, body: bytes = b"", headers: Any = {}) -> tuple[int, bytes]:  # noqa: B006
    deadline = time.monotonic() + 20
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "nobody listens"
            time.sleep(0.05)
        finally:
            connection.close()
