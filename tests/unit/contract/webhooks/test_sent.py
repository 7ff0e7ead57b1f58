"""The provider's webhooks: caught over a real socket, judged as data."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import msgspec

from harness.contract.webhooks.catcher import MAX_BODY, Catcher, Caught, caught_in
from harness.contract.webhooks.sent import ExpectedDelivery, judge_deliveries, wait_for_deliveries
from harness.http.message import Headers
from harness.model import Outcome


def event_id(_: Headers, body: bytes) -> str:
    return str(json.loads(body).get("id", ""))


def caught(event: str, status: int = 200, **fields: object) -> Caught:
    body = json.dumps({"id": event, **fields}).encode()
    return Caught(at=0, headers=(), body=body, event=event, status=status)


FINE = ExpectedDelivery(signature=lambda *_: "", schema=lambda *_: "")


def test_the_first_delivery_of_an_event_is_refused_and_all_are_kept(tmp_path: Path) -> None:
    """Three events get 503 at first and 200 when they come again; the fourth is taken at once; bodies stay exact."""
    file = tmp_path / "caught"
    with Catcher(0, file, event_id=event_id, now=time.time) as catcher, httpx.Client() as client:
        url = f"http://127.0.0.1:{catcher.port}/hooks"
        sent = [b'{"id": "a"}', b'{"id": "b"}', b'{"id":"c"}', b'{"id": "d"}', b'{"id": "a"}']
        statuses = [client.post(url, content=body, headers={"X-Sig": "1"}).status_code for body in sent]
        refused = client.post(url, content=b"0" * (MAX_BODY + 1)).status_code

    assert statuses == [503, 503, 503, 200, 200]
    assert refused == 413
    assert [c.body for c in caught_in(file)] == sent
    assert ("x-sig", "1") in caught_in(file)[0].headers


def test_good_deliveries_pass_in_three_respects() -> None:
    """Signed, valid and repeated under one id: three passes."""
    found = judge_deliveries([caught("a", 503), caught("a")], FINE, again_within_s=1)

    assert {(f.case, f.outcome) for f in found} == {(c, Outcome.PASS) for c in ("signed", "valid", "redelivered")}


def test_signatures_of_a_key_pair_are_not_judged() -> None:
    """Without the provider's public key nothing can be said of them, and the rest is judged all the same."""
    found = judge_deliveries(
        [caught("a", 503), caught("a")], ExpectedDelivery(signature=None, schema=lambda *_: ""), again_within_s=1
    )

    outcomes = {f.case: f.outcome for f in found}
    assert outcomes == {"signed": Outcome.NOT_APPLICABLE, "valid": Outcome.PASS, "redelivered": Outcome.PASS}


def test_each_fault_of_a_delivery_is_named() -> None:
    """A wrong signature, an invalid event, no repetition, and one under another id each have their own words."""
    odd = ExpectedDelivery(signature=lambda *_: "it has no x-sig", schema=lambda *_: "/createdAt is missing")
    found = {f.case: f for f in judge_deliveries([caught("a", 503)], odd, again_within_s=1)}
    renamed = judge_deliveries([caught("a", 503, n=1), caught("b", n=1)], FINE, again_within_s=1)[-1]

    assert found["signed"].summary == f"1 of 1 deliveries of the provider are not signed ({found['signed'].id})"
    assert found["signed"].observed == "event a: it has no x-sig"
    assert found["valid"].observed == "event a: /createdAt is missing"
    assert found["redelivered"].summary.startswith("a failed delivery is not sent again")
    assert renamed.summary.startswith("a failed delivery is sent again under another id")
    assert "a receiver would process it twice" in renamed.observed


def test_each_kind_of_event_and_each_fault_of_a_signature_has_an_id_of_its_own() -> None:
    """A waiver of one says nothing of another; nothing of the delivery that showed it goes into the id."""
    odd = ExpectedDelivery(
        signature=lambda _headers, _body, at: f"it is too far off ({at:g} s)",
        schema=lambda _headers, body, _at: f"{body.decode()} is missing something",
        named=lambda _headers, body: str(json.loads(body)["type"]),
    )

    def judged(first: str, at: float) -> dict[str, str]:
        seen = [caught(first, type="made"), caught("b", type="gone"), caught("c", type="made")]
        seen = [msgspec.structs.replace(c, at=at) for c in seen]
        return {f.summary: f.id for f in judge_deliveries(seen, odd, again_within_s=1) if f.outcome is Outcome.FAIL}

    assert judged("a", 1000) == judged("z", 2000)
    assert sorted(s.partition(" (F-")[0] for s in judged("a", 1000)) == [
        "1 of 3 deliveries of the provider are not valid",
        "2 of 3 deliveries of the provider are not valid",
        "3 of 3 deliveries of the provider are not signed",
    ]


def test_nothing_sent_is_an_error() -> None:
    """When no webhook arrived nothing is known, and the reader is told where to look."""
    found = judge_deliveries([], FINE, again_within_s=1)

    assert [f.outcome for f in found] == [Outcome.ERROR]
    assert "[provider.webhooks] register" in found[0].observed


def test_waiting_ends_as_soon_as_all_came_again() -> None:
    """The wait ends with the repetition, not with its time."""
    grows = iter([[], [caught("a", 503)], [caught("a", 503), caught("a")]])
    start = time.monotonic()
    seen = wait_for_deliveries(lambda: next(grows), first_within_s=5, again_within_s=5)

    assert len(seen) == 2
    assert time.monotonic() - start < 2
