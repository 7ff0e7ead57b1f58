"""Each defect planted in the receiver or the client does what the catalogue says, and nothing does without it."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from harness.sandbox.defects import Planted
from harness.sandbox.integration.signature import Verifier

BODY = b'{"id": "evt_1",\n "type": "x"}'
COMPACT = json.dumps(json.loads(BODY), separators=(",", ":")).encode()
AGO = 330


def _pair(sign: Any, first: str, second: str) -> str:
    return f"{sign(BODY, secret=first)},v1={sign(BODY, secret=second).partition('v1=')[2]}"


Sign = Callable[..., str]


# Defect of the verifier: a delivery it takes although it must not (True), or refuses although it must take it (False).
def _hashed(sign: Any, digest: Callable[[bytes], str]) -> tuple[str, bytes]:
    """Return a delivery with another signature of its signed text."""
    stamp = sign(BODY).partition(",")[0]
    return f"{stamp},v1={digest(stamp.removeprefix('t=').encode() + b'.' + BODY)}", BODY


VERIFIER: dict[str, tuple[bool, Callable[[Sign], tuple[str, bytes]]]] = {
    "receiver-compares-prefix": (True, lambda sign: (sign(BODY)[:-3], BODY)),
    "receiver-accepts-empty-secret": (True, lambda sign: (sign(BODY, secret=""), BODY)),
    "receiver-accepts-old-versions": (True, lambda sign: (sign(BODY).replace("v1=", "v0="), BODY)),
    "receiver-accepts-trailing-junk": (True, lambda sign: (sign(BODY) + "00", BODY)),
    "receiver-strips-bodies": (True, lambda sign: (sign(BODY), BODY + b"\n")),
    "receiver-verifies-reserialised-json": (False, lambda sign: (sign(BODY), BODY)),
    "receiver-accepts-reserialised-json": (True, lambda sign: (sign(COMPACT), BODY)),
    "receiver-accepts-stale": (True, lambda sign: (sign(BODY, at=time.time() - AGO), BODY)),
    "receiver-accepts-future": (True, lambda sign: (sign(BODY, at=time.time() + AGO), BODY)),
    "receiver-needs-no-timestamp": (True, lambda sign: (sign(BODY, at=time.time() - 2).partition(",")[2], BODY)),
    "receiver-tolerates-ten-seconds": (False, lambda sign: (sign(BODY, at=time.time() - 30), BODY)),
    "receiver-reads-first-signature-only": (False, lambda sign: (_pair(sign, "other", "current"), BODY)),
    "receiver-reads-last-signature-only": (False, lambda sign: (_pair(sign, "current", "other"), BODY)),
    "receiver-ignores-previous-secret": (False, lambda sign: (sign(BODY, secret="previous"), BODY)),
    "receiver-accepts-any-digest": (
        True,
        lambda sign: _hashed(sign, lambda text: hmac.new(b"current", text, "sha1").hexdigest()),
    ),
    "receiver-accepts-plain-digest": (True, lambda sign: _hashed(sign, lambda text: sha256(text).hexdigest())),
    "receiver-hashes-secret-and-message": (
        True,
        lambda sign: _hashed(sign, lambda text: sha256(b"current" + text).hexdigest()),
    ),
    "receiver-accepts-unsigned-time": (
        True,
        lambda sign: _hashed(sign, lambda _: hmac.new(b"current", BODY, "sha256").hexdigest()),
    ),
    "receiver-decodes-signatures": (True, lambda sign: (sign(BODY) + "zz", BODY)),
    "receiver-compares-what-it-decodes": (True, lambda sign: (sign(BODY)[:-6] + "zzzzzz", BODY)),
    "receiver-chooses-among-timestamps": (
        True,
        lambda sign: (sign(BODY, at=time.time() - AGO) + f",t={int(time.time())}", BODY),
    ),
    "receiver-refuses-unknown-versions": (False, lambda sign: (sign(BODY) + ",v2=x", BODY)),
}


@pytest.mark.parametrize("defect", VERIFIER)
def test_a_defect_of_the_verifier_shows(defect: str, deliver_to: Any) -> None:
    """What it takes or refuses wrongly is judged rightly without it."""
    signs = deliver_to("http://127.0.0.1:9").sign
    takes, build = VERIFIER[defect]
    header, body = build(lambda b, secret="current", at=None: signs(b, secret=secret, at=at))

    def accepts(*planted: str) -> bool:
        verifier = Verifier(lambda: ("current", "previous"), planted=Planted(frozenset(planted)))
        return not verifier.refusal(header, body)

    assert (accepts(), accepts(defect)) == (not takes, takes)


@pytest.mark.parametrize(
    "defect, header",
    [("receiver-500-on-unreadable-time", "t=abc,v1=00"), ("receiver-500-on-non-ascii-signature", "t=1,v1=\u00e9")],
)
def test_a_defect_that_breaks_the_verifier_shows(defect: str, header: str) -> None:
    """It raises on a header that is refused without it."""
    assert Verifier(lambda: ("current",)).refusal(header, BODY)
    with pytest.raises((ValueError, TypeError)):
        Verifier(lambda: ("current",), planted=Planted(frozenset({defect}))).refusal(header, BODY)


TIME = "2026-11-02T09:00:00Z"
RUN = {"id": f"run_{1:016x}", "projectId": f"prj_{1:016x}", "trigger": "manual", "status": "failed"}
EVENT = {
    "id": "evt_1",
    "type": "run.failed",
    "createdAt": TIME,
    "data": {"run": {**RUN, "createdAt": TIME, "finishedAt": TIME}},
}
RAW = json.dumps(EVENT).encode()
REJECTED = 'webhook_deliveries_total{outcome="rejected"}'


def _after_refusal(receiver: Any, look: Callable[[], Any]) -> Any:
    assert receiver.post(RAW, "") == 400
    return look()


def _status(receiver: Any) -> str | None:
    return receiver.state("evt_1", within_s=1).get("status")  # type: ignore[no-any-return]


def _told_signature(receiver: Any) -> bool:
    right = receiver.sign(RAW)
    headers = {"x-product-signature": right[:-1] + "x"}
    told = receiver.client.post("/webhooks/product", content=RAW, headers=headers).text
    return right.partition("v1=")[2] in told


def _effects(receiver: Any, deliveries: int) -> int | None:
    for _ in range(deliveries):
        receiver.deliver(EVENT)
        receiver.state("evt_1", within_s=3)
    deadline = time.monotonic() + 4
    while (found := receiver.state("evt_1", within_s=0).get("effects")) != deliveries and time.monotonic() < deadline:
        time.sleep(0.02)
    return found if found is None else int(found)


# Defect of the receiver: what a delivery meets without it, and with it.
RECEIVER: dict[str, tuple[Any, Any, Callable[[Any], Any]]] = {
    "receiver-skips-signature": (400, 200, lambda r: r.post(RAW, "t=1,v1=00")),
    "receiver-accepts-missing-signature": (400, 200, lambda r: r.post(RAW, None)),
    "receiver-accepts-empty-signature": (400, 200, lambda r: r.post(RAW, "")),
    "receiver-reads-signature-from-query": (
        400,
        200,
        lambda r: r.post(RAW, None, params={"signature": r.sign(RAW)}),
    ),
    "receiver-500-on-garbled-signature": (400, 500, lambda r: r.post(RAW, "nonsense")),
    "receiver-refuses-failures": (200, 422, lambda r: r.deliver(EVENT)),
    "receiver-refuses-unknown-types": (200, 400, lambda r: r.deliver({**EVENT, "type": "new"})),
    "receiver-500-on-unparsable-body": (400, 500, lambda r: r.deliver(b"hello")),
    "receiver-500-on-deep-body": (400, 500, lambda r: r.deliver(b"[" * 100_000)),
    "receiver-500-on-missing-data": (200, 500, lambda r: r.deliver({"id": "evt_1", "type": "x", "data": None})),
    "receiver-500-on-large-body": (413, 500, lambda r: r.deliver(b" " * 2_000_000)),
    "receiver-redirects": (200, 308, lambda r: r.deliver({**EVENT, "type": "run.started"})),
    "receiver-tells-the-right-signature": (False, True, _told_signature),
    "receiver-stores-before-verifying": (None, "done", lambda r: _after_refusal(r, lambda: _status(r))),
    "receiver-processes-duplicates": (1, 2, lambda r: _effects(r, 2)),
    "receiver-remembers-refused-ids": (1, None, lambda r: _after_refusal(r, lambda: _effects(r, 1))),
    "receiver-counts-no-refusals": (1, 0, lambda r: _after_refusal(r, lambda: r.metric(REJECTED))),
}


@pytest.mark.parametrize("defect", RECEIVER)
def test_a_defect_of_the_receiver_shows(defect: str, serve: Any) -> None:
    """A delivery meets one thing with it and another without it."""
    _honest, broken, deliver = RECEIVER[defect]

    assert deliver(serve(defect)) == broken


@pytest.mark.parametrize("defect", RECEIVER)
def test_without_a_defect_the_receiver_is_right(defect: str, serve: Any) -> None:
    """The same delivery meets what it should."""
    honest, _, deliver = RECEIVER[defect]

    assert deliver(serve()) == honest
