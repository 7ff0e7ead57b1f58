from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from harness.sandbox.integration import effects
from harness.sandbox.integration.raw_body import MAX_BODY


def test_a_genuine_event_is_acknowledged_and_has_one_effect(serve: Any, run_event: Any) -> None:
    """200 is answered, the effect follows once, also when the event arrives three times."""
    receiver = serve()

    assert [receiver.deliver(run_event("evt_1")) for _ in range(3)] == [200, 200, 200]
    assert receiver.state("evt_1")["effects"] == 1
    assert receiver.metric('webhook_deliveries_total{outcome="duplicate"}') == 2


# id: header made from the receiver and the body; all of them are refused with 400.
FORGED: dict[str, Callable[[Any, bytes], str | bytes | None]] = {
    "missing": lambda _r, _b: None,
    "empty": lambda _r, _b: "",
    "wrong-secret": lambda r, b: r.sign(b, secret="another"),
    "empty-secret": lambda r, b: r.sign(b, secret=""),
    "other-body": lambda r, b: r.sign(b + b" "),
    "truncated": lambda r, b: r.sign(b)[:-1],
    "trailing-junk": lambda r, b: r.sign(b) + "0",
    "upper-case": lambda r, b: r.sign(b).upper(),
    "old-version": lambda r, b: r.sign(b).replace("v1=", "v0="),
    "no-time": lambda r, b: r.sign(b).partition(",")[2],
    "time-twice": lambda r, b: f"{r.sign(b).partition(',')[0]},{r.sign(b)}",
    "time-abc": lambda r, b: r.sign(b).replace("t=", "t=abc"),
    "time-nan": lambda r, b: "t=NaN," + r.sign(b).partition(",")[2],
    "time-negative": lambda r, b: r.sign(b).replace("t=", "t=-"),
    "time-in-other-digits": lambda r, b: ("t=١٢٣," + r.sign(b).partition(",")[2]).encode(),
    "time-changed": lambda r, b: f"t={int(time.time()) + 1}," + r.sign(b).partition(",")[2],
    "stale": lambda r, b: r.sign(b, at=time.time() - 330),
    "from-the-future": lambda r, b: r.sign(b, at=time.time() + 330),
    "nonsense": lambda _r, _b: "nonsense",
    "comma": lambda _r, _b: ",",
    "v1": lambda _r, _b: "v1",
    "non-ascii": lambda r, b: (r.sign(b).partition("v1=")[0] + "v1=é").encode(),
    "very-long": lambda _r, _b: "t=1,v1=" + "a" * 30_000,
}
# id: a header that is genuine in an unusual way.
GENUINE: dict[str, Callable[[Any, bytes], str]] = {
    "previous-secret": lambda r, b: r.sign(b, secret=r.settings.previous_webhook_secret.current()),
    "new-then-old": lambda r, b: f"{r.sign(b)},v1={r.sign(b, secret='old').partition('v1=')[2]}",
    "old-then-new": lambda r, b: f"{r.sign(b, secret='old')},v1={r.sign(b).partition('v1=')[2]}",
    "unknown-version": lambda r, b: r.sign(b) + ",v2=abc",
    "four-minutes-old": lambda r, b: r.sign(b, at=time.time() - 240),
    "four-minutes-early": lambda r, b: r.sign(b, at=time.time() + 240),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_delivery_that_is_not_genuine_is_refused(how: str, receiver: Any, run_event: Any) -> None:
    """Whatever is wrong with the signature, it gets 400 and a reason, and nothing is stored."""
    body = json.dumps(run_event(f"evt_{how}")).encode()
    rejected = 'webhook_deliveries_total{outcome="rejected"}'
    before = receiver.metric(rejected)

    assert receiver.post(body, FORGED[how](receiver, body)) == 400
    assert receiver.client.get(f"/_harness/events/evt_{how}").status_code == 404
    assert receiver.metric(rejected) == before + 1


@pytest.mark.parametrize("how", GENUINE)
def test_a_delivery_genuine_in_an_unusual_way_is_taken(how: str, receiver: Any, run_event: Any) -> None:
    """Rotation in either order, other versions beside v1, and clocks that differ a little are no reason to refuse."""
    body = json.dumps(run_event("evt_1")).encode()

    assert receiver.post(body, GENUINE[how](receiver, body)) == 200


# Signed bodies that are no events, and what they get.
ODD: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 400),
    "no-json": (b"hello", 400),
    "null": (b"null", 400),
    "array": (b"[]", 400),
    "string": (b'"x"', 400),
    "number": (b"1e400", 400),
    "bad-utf8": (b'{"id":"\xff","type":"x"}', 400),
    "bom": (b'\xef\xbb\xbf{"id":"evt_1","type":"x"}', 200),
    "nul": (b"\0", 400),
    "nul-in-id": (b'{"id":"a\\u0000b","type":"x"}', 400),
    "surrogate-in-id": (b'{"id":"\\ud800","type":"x"}', 400),
    "id-is-a-number": (b'{"id":1,"type":"x"}', 400),
    "long-id": (json.dumps({"id": "x" * 200, "type": "x"}).encode(), 400),
    "deep": (b"[" * 100_000, 400),
    "deep-in-an-event": (b'{"id":"evt_1","type":"x","data":' + b"[" * 50_000 + b"]" * 50_000 + b"}", 400),
    "huge-number": (b'{"id":"evt_1","type":"x","n":' + b"9" * 5000 + b"}", 400),
    "too-large": (b" " * (MAX_BODY + 1), 413),
    "odd-type": (b'{"id":"evt_1","type":"\\ud800\\u0000 \\u00e9"}', 200),
    "long-type": (json.dumps({"id": "evt_1", "type": "x" * 5000}).encode(), 200),
    "no-data": (b'{"id":"evt_1","type":"run.failed"}', 200),
    "data-is-null": (b'{"id":"evt_1","type":"run.failed","data":null}', 200),
    "data-is-a-list": (b'{"id":"evt_1","type":"run.failed","data":[1]}', 200),
}


@pytest.mark.parametrize("what", ODD)
def test_a_signed_body_that_is_no_event_is_never_a_5xx(what: str, receiver: Any, run_event: Any) -> None:
    """It gets 4xx, or is taken and ends as a dead letter; the next event is processed as ever."""
    body, status = ODD[what]

    assert receiver.deliver(body) == status
    assert receiver.deliver(run_event(f"evt_after_{what}")) == 200
    assert receiver.state(f"evt_after_{what}")["effects"] == 1


def test_an_unknown_type_is_acknowledged_and_recorded(serve: Any) -> None:
    """What there is nothing to do for gets 200 and is kept, so that the sender may add types."""
    receiver = serve()

    assert receiver.deliver({"id": "evt_1", "type": "invoice.paid", "data": {}}) == 200
    assert receiver.state("evt_1", until="ignored")["effects"] == 0


def test_events_out_of_order_end_in_the_right_state(serve: Any, run_event: Any, settings: Any) -> None:
    """A late run.started does not undo run.succeeded."""
    from harness.sandbox.integration import runs
    from harness.sandbox.integration.storage import Database

    receiver = serve()
    receiver.deliver(run_event("evt_2", "run.succeeded"))
    receiver.state("evt_2")
    receiver.deliver(run_event("evt_1", "run.started"))
    receiver.state("evt_1")
    database = Database(settings.database)

    assert runs.status_of(database, f"run_{1:016x}") == "succeeded"
    database.close()


def test_a_store_that_is_down_gets_503_and_nothing_is_acknowledged(
    serve: Any, run_event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender is told to come again; /metrics still answers, and says that the store is down."""
    from sqlalchemy.exc import OperationalError

    from harness.sandbox.integration.storage import Database

    receiver = serve()

    def down(_self: object) -> Any:
        raise OperationalError("INSERT", {}, Exception("gone"))

    monkeypatch.setattr(Database, "writing", down)
    monkeypatch.setattr(Database, "reading", down)
    body = json.dumps(run_event("evt_1")).encode()
    answer = receiver.client.post(
        "/webhooks/product", content=body, headers={"x-product-signature": receiver.sign(body)}
    )

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert receiver.client.get("/healthz").status_code == 503
    assert receiver.metric("webhook_store_up") == 0
    assert receiver.metric('webhook_deliveries_total{outcome="unavailable"}') == 1
    monkeypatch.undo()


def test_the_acknowledgement_does_not_wait_for_slow_processing(
    serve: Any, run_event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that takes long is acknowledged before its processing ends, and then has its effect."""
    processing = threading.Event()
    clock = SimpleNamespace(time=time.time, sleep=lambda _seconds: processing.wait(60))
    monkeypatch.setattr(effects, "time", clock)
    receiver = serve()
    slow = run_event("evt_1")
    slow["data"]["simulate"] = {"processingSeconds": 1}

    assert receiver.deliver(slow) == 200
    assert receiver.state("evt_1", within_s=0).get("effects") != 1
    processing.set()
    assert receiver.state("evt_1")["effects"] == 1


def test_every_series_exists_at_zero_from_the_start(serve: Any) -> None:
    """Nothing is born at its first failure, for rate() would not see it."""
    receiver = serve()

    for series in (
        *(f'webhook_deliveries_total{{outcome="{o}"}}' for o in ("accepted", "duplicate", "rejected", "unavailable")),
        *(f'webhook_refusals_total{{reason="{r}"}}' for r in ("signature", "stale", "body", "size", "other")),
        *(f'product_client_requests_total{{outcome="{o}"}}' for o in ("success", "refused", "limited", "unavailable")),
        "webhook_dead_letters_total",
        "product_client_auth_failures_total",
        'webhook_ack_seconds_bucket{le="0.25"}',
        'webhook_processing_seconds_bucket{le="0.25"}',
        'webhook_processing_seconds_bucket{le="+Inf"}',
        "webhook_inbox_depth",
        "webhook_inbox_oldest_seconds",
    ):
        assert receiver.metric(series) == 0


def test_a_rotated_secret_file_needs_no_restart(serve: Any, settings: Any, run_event: Any, tmp_path: Any) -> None:
    """The receiver takes the secret that the file holds when the delivery arrives."""
    from dataclasses import replace

    from harness.sandbox.defects import Planted
    from harness.sandbox.integration.credentials import ApiCredential
    from harness.sandbox.integration.signature import Verifier

    file = tmp_path / "secret"
    file.write_text("first\n")
    rotating = replace(settings, webhook_secret=ApiCredential("X", path=file), previous_webhook_secret=None)
    verifier = Verifier(rotating.webhook_secrets, planted=Planted())
    body = json.dumps(run_event("evt_1")).encode()
    signed = [serve().sign(body, secret=s) for s in ("first", "second")]

    assert [verifier.refusal(header, body) for header in signed] == ["", "invalid signature"]
    file.write_text("second\n")
    assert [verifier.refusal(header, body) for header in signed] == ["invalid signature", ""]
