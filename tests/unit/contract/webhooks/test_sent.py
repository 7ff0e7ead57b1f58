"""The provider's webhooks: caught over a real socket, judged as data."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import msgspec
import pytest

from harness.contract.webhooks.catcher import MAX_BODY, Catcher, Caught, caught_in
from harness.contract.webhooks.sent import ExpectedDelivery, judge_deliveries, wait_for_deliveries
from harness.http.message import Headers, Request
from harness.model import Finding, Outcome
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import scheme_named


def event_id(_: Headers, body: bytes) -> str:
    return str(json.loads(body).get("id", ""))


def caught(event: str, status: int = 200, **fields: object) -> Caught:
    return of_body(json.dumps({"id": event, **fields}).encode(), status, event=event)


def of_body(body: bytes, status: int = 200, *, event: str = "") -> Caught:
    return Caught(at=0, request=Request(method="POST", url="/", body=body), event=event, status=status)


FINE = ExpectedDelivery(signature=lambda *_: None, schema=lambda *_: None)


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
    assert [c.request.body for c in caught_in(file)] == sent
    assert ("x-sig", "1") in caught_in(file)[0].request.headers


def test_good_deliveries_pass_in_three_respects() -> None:
    """Signed, valid and repeated under one id: three passes."""
    found = judge_deliveries([caught("a", 503), caught("a")], FINE, again_within_s=1)

    assert {(f.case, f.outcome) for f in found} == {(c, Outcome.PASS) for c in ("signed", "valid", "redelivered")}


def test_signatures_of_a_key_pair_are_not_judged() -> None:
    """Without the provider's public key nothing can be said of them, and the rest is judged all the same."""
    found = judge_deliveries(
        [caught("a", 503), caught("a")], ExpectedDelivery(signature=None, schema=lambda *_: None), again_within_s=1
    )

    outcomes = {f.case: f.outcome for f in found}
    assert outcomes == {"signed": Outcome.NOT_APPLICABLE, "valid": Outcome.PASS, "redelivered": Outcome.PASS}


def test_a_clock_that_is_set_back_changes_no_order() -> None:
    """What came later may be the refused event, whatever time it bears: neither has an id."""
    refused, later = of_body(b"1", 503), of_body(b"2")
    seen = [msgspec.structs.replace(refused, at=3600), later]

    assert judge_deliveries(seen, FINE, again_within_s=1)[-1].outcome is Outcome.ERROR
    assert judge_deliveries(seen[::-1], FINE, again_within_s=1)[-1].outcome is Outcome.FAIL


def test_each_fault_of_a_delivery_is_named() -> None:
    """A wrong signature, an invalid event, no repetition, and one under another id each have their own words."""
    odd = ExpectedDelivery(
        signature=lambda *_: ("unsigned", "it has no x-sig"), schema=lambda *_: ("run", "/createdAt is missing")
    )
    found = {f.case: f for f in judge_deliveries([caught("a", 503)], odd, again_within_s=1)}
    renamed = judge_deliveries([caught("a", 503, n=1), caught("b", n=1)], FINE, again_within_s=1)[-1]

    assert (
        found["signed"].summary == f"Sent a delivery whose signature is wrong: 1 of 1 deliveries ({found['signed'].id})"
    )
    assert found["signed"].observed == "event a: it has no x-sig"
    assert found["valid"].observed == "event a: /createdAt is missing"
    assert found["redelivered"].summary.startswith("Did not send an event again after a 503 under the same id")
    assert renamed.summary.startswith("Sent an event again after a 503 under another id")
    assert "a receiver would process it twice" in renamed.observed


def test_each_kind_of_event_and_each_fault_of_a_signature_has_an_id_of_its_own() -> None:
    """A waiver of one says nothing of another; nothing of the delivery that showed it goes into the id."""
    odd = ExpectedDelivery(
        signature=lambda _, at: ("late", f"it is off by {at:g} s"),
        schema=lambda request, _at: (json.loads(request.body)["type"], f"{request.body.decode()} breaks its schema"),
    )

    def judged(first: str, at: float) -> dict[str, str]:
        seen = [caught(first, type="made"), caught("b", type="gone"), caught("c", type="made")]
        seen = [msgspec.structs.replace(c, at=at) for c in seen]
        return {f.summary: f.id for f in judge_deliveries(seen, odd, again_within_s=1) if f.outcome is Outcome.FAIL}

    assert judged("a", 1000) == judged("z", 2000)
    assert sorted(s.partition(" (F-")[0] for s in judged("a", 1000)) == [
        "Sent a body that the spec's webhooks do not allow: 1 of 3 deliveries",
        "Sent a body that the spec's webhooks do not allow: 2 of 3 deliveries",
        "Sent a delivery whose signature is wrong: 3 of 3 deliveries",
    ]


def test_nothing_sent_is_an_error() -> None:
    """When no webhook arrived nothing is known, and the reader is told where to look."""
    found = judge_deliveries([], FINE, again_within_s=1)

    assert [f.outcome for f in found] == [Outcome.ERROR]
    assert "[provider.webhooks] register" in found[0].observed


def test_waiting_ends_as_soon_as_all_came_again() -> None:
    """The wait ends with the redelivery and not with its time limit: nothing is read a fourth time."""
    grows = iter([[], [caught("a", 503)], [caught("a", 503), caught("a")]])
    seen = wait_for_deliveries(lambda: next(grows), first_within_s=60, again_within_s=60)

    assert len(seen) == 2


def redelivered(*seen: Caught) -> Finding:
    (found,) = (f for f in judge_deliveries(seen, FINE, again_within_s=1) if f.case == "redelivered")
    return found


def test_two_events_without_an_id_are_not_one() -> None:
    """A later event with another body is no proof that a refused one came again."""
    found = redelivered(of_body(b'{"event": "a"}', 503), of_body(b'{"event": "b"}'))

    assert found.outcome is Outcome.ERROR
    assert found.summary == "What becomes of a delivery that was answered with 503: could not be judged"
    assert "Set [receiver] event_id to its key" in found.observed


def test_without_ids_the_bodies_are_compared_and_that_is_said() -> None:
    """Zoom and Adyen send no id: the same body after a 503 is the same event."""
    found = redelivered(of_body(b'{"event": "a"}', 503), of_body(b'{"event": "b"}'), of_body(b'{"event": "a"}'))

    assert found.outcome is Outcome.PASS
    assert "again after a 503, with the same body; no id was found with" in found.summary


def test_without_ids_nothing_that_came_later_is_a_failure() -> None:
    """Where nothing came after a 503, it needs no id to see that."""
    assert redelivered(of_body(b"1", 503)).outcome is Outcome.FAIL
    assert redelivered(of_body(b"1", 503), caught("a")).outcome is Outcome.FAIL


@pytest.mark.parametrize("scheme, key", [("hubspot", "eventId"), ("sendgrid", "sg_event_id")])
def test_events_in_a_list_are_told_apart_by_their_ids(scheme: str, key: str, tmp_path: Path) -> None:
    """Two events of which neither came again are two failures, though both stand at the head of a list."""
    formats = EventFormat(scheme=scheme_named(scheme))
    headers = {"content-type": "application/json"}
    file = tmp_path / "caught"
    with Catcher(0, file, event_id=lambda h, b: formats.received(h, b).id, now=time.time) as catcher:
        url = f"http://127.0.0.1:{catcher.port}/hooks"
        bodies = [[{key: 100 + n, "attempt": n}] for n in range(2)]
        statuses = [httpx.post(url, json=body, headers=headers).status_code for body in bodies]
        first = redelivered(*caught_in(file))
        statuses.append(httpx.post(url, json=[{key: 100, "attempt": 2}], headers=headers).status_code)

    assert statuses == [503, 503, 200]
    assert [c.event for c in caught_in(file)] == ["100", "101", "100"]
    assert (first.outcome, first.observed) == (Outcome.FAIL, "event 100 was answered with 503 and did not come again")
    assert redelivered(*caught_in(file)).observed == "event 101 was answered with 503 and did not come again"


def test_each_event_without_an_id_is_refused_once(tmp_path: Path) -> None:
    """The empty id of one is not that of another; the same body is the same event."""
    with Catcher(0, tmp_path / "caught", event_id=lambda _headers, _body: "", now=time.time) as catcher:
        url = f"http://127.0.0.1:{catcher.port}/hooks"
        statuses = [httpx.post(url, content=body).status_code for body in (b"1", b"2", b"1", b"3", b"4")]

    assert statuses == [503, 503, 200, 503, 200]


def test_an_event_under_another_id_is_known_again_wherever_its_id_stands() -> None:
    """In a list, inwards, or as a number."""
    before = of_body(b'[{"eventId": 100, "n": 1}]', 503, event="100")
    after = of_body(b'[{"eventId": 200, "n": 1}]', event="200")

    assert redelivered(before, after).summary.startswith("Sent an event again after a 503 under another id")


def test_bodies_deeper_than_python_can_follow_are_compared_as_they_are() -> None:
    """Two deliveries with different ids and unreadable bodies are judged, and the run goes on."""
    deep = b"[" * 900 + b"%d" + b"]" * 900
    found = judge_deliveries([of_body(deep % n, 503, event=str(n)) for n in (1, 2)], FINE, again_within_s=1)

    assert {f.case for f in found} >= {"redelivered"}
