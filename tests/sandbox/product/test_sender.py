"""Webhooks the product sends: signed, sent again under the same id, with both secrets while one replaces the other."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from harness.sandbox.product.sender import UNREACHABLE
from tests.waiting import wait_for

from .conftest import Product, Start

Answer = Callable[[int], int]


class Receiver:
    """Keeps what arrives, and answers as the test wants: ``answer(n)`` is the status of the n-th delivery."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("/hooks").replace("localhost", "127.0.0.1")
        self.answer: Answer = lambda _: 200
        self.arrived: list[tuple[str, bytes]] = []
        server.expect_request("/hooks").respond_with_handler(self._take)

    def _take(self, request: Request) -> Response:
        self.arrived.append((request.headers.get("x-product-signature", ""), request.data))
        return Response(status=self.answer(len(self.arrived)))

    def wait_for(self, number: int) -> list[tuple[str, bytes]]:
        """Return what has arrived, as soon as that are ``number`` deliveries."""
        wait_for(lambda: len(self.arrived) >= number)
        return self.arrived

    @property
    def ids(self) -> list[str]:
        """Ids of the events, in order of arrival."""
        return [json.loads(body)["id"] for _, body in self.arrived]


@pytest.fixture
def receiver(httpserver: HTTPServer) -> Iterator[Receiver]:
    yield Receiver(httpserver)
    httpserver.clear()


def cause_event(product: Product, *urls: str) -> None:
    with product.client() as client:
        for url in urls:
            client.post("/webhook-endpoints", json={"url": url}).raise_for_status()
        body = {"name": "Onboarding automation", "ownerEmail": "owner@example.com"}
        client.post("/projects", json=body).raise_for_status()


def given_up(folder: Path) -> int:
    """Return how many events the products have given up, according to their logs."""
    return sum(log.read_text().count("event given up") for log in folder.glob("product-*.log"))


def right(header: str, body: bytes, secret: str) -> bool:
    stamp, *given = re.findall(r"(?:^t=|,v1=)([0-9a-f]+)", header)
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return mac in given and abs(time.time() - int(stamp)) < 10


def test_an_event_is_signed_over_its_bytes(start: Start, receiver: Receiver) -> None:
    """The signature is right for the bytes that arrive, and the event says what happened."""
    product = start()
    cause_event(product, receiver.url)
    header, body = receiver.wait_for(1)[0]

    assert right(header, body, product.secret)
    assert json.loads(body)["type"] == "project.created"


def test_an_event_is_sent_again_under_its_id_until_it_is_acknowledged(start: Start, receiver: Receiver) -> None:
    """After two 503 the third delivery is the same bytes, signed anew; then there is none any more."""
    product = start()
    receiver.answer = lambda n: 503 if n < 3 else 200
    cause_event(product, receiver.url)
    arrived = receiver.wait_for(3)
    time.sleep(1.5)  # in which a fourth attempt would arrive

    assert len(arrived) == 3
    assert len({body for _, body in arrived}) == 1
    assert all(right(header, body, product.secret) for header, body in arrived)


def test_an_event_is_given_up_after_four_attempts(start: Start, receiver: Receiver, tmp_path: Path) -> None:
    """A receiver that never takes an event is left in peace."""
    receiver.answer = lambda _: 500
    cause_event(start(), receiver.url)
    wait_for(lambda: given_up(tmp_path) == 1)

    assert len(receiver.arrived) == 4


def test_dead_endpoints_do_not_hold_up_the_others(start: Start, receiver: Receiver) -> None:
    """Events arrive while others, for many endpoints that do not answer, wait for their next attempt."""
    product = start()
    cause_event(product, *(f"http://127.0.0.1:9/dead/{n}" for n in range(30)))
    for _ in range(5):
        cause_event(product)
    begun = time.monotonic()
    cause_event(product, receiver.url)
    receiver.wait_for(1)

    assert time.monotonic() - begun < 20, "behind one another, eight at once, their pauses take 47 s"


def test_an_endpoint_where_nobody_is_gets_no_more_events(start: Start, receiver: Receiver, tmp_path: Path) -> None:
    """After a few events that found nobody it is given up, and costs nothing any more; the others get theirs."""
    product = start()
    cause_event(product, "http://127.0.0.1:9/dead", receiver.url)
    for _ in range(UNREACHABLE - 1):
        cause_event(product)
    log = next(tmp_path.glob("product-*.log"))
    wait_for(lambda: "endpoint given up" in log.read_text())
    cause_event(product, "http://127.0.0.1:9/dead-too")  # by whose attempts the time for the first one's is measured
    wait_for(lambda: given_up(tmp_path) > UNREACHABLE)

    assert len(set(receiver.wait_for(UNREACHABLE + 1))) == UNREACHABLE + 1
    assert given_up(tmp_path) == UNREACHABLE + 1


def test_during_a_rotation_events_carry_both_signatures(start: Start, receiver: Receiver) -> None:
    """In the overlap an event fits either secret, the new one first; after it only the new."""
    product = start()
    new, newest = (f"hook_{secrets.token_hex(16)}" for _ in range(2))
    rotate(product, new, overlap=600)
    cause_event(product, receiver.url)
    header, body = receiver.wait_for(1)[0]
    assert header.count(",v1=") == 2
    assert right(header, body, new)
    assert right(header, body, product.secret)
    assert header.split(",")[1] == f"v1={mac(header, body, new)}"

    rotate(product, newest, overlap=0)
    cause_event(product)
    header, body = receiver.wait_for(2)[1]
    assert right(header, body, newest)
    assert not right(header, body, new)


def rotate(product: Product, secret: str, *, overlap: float) -> None:
    with product.admin() as admin:
        admin.post("/_sandbox/rotations", json={"webhookSecret": secret, "overlap": overlap}).raise_for_status()


def mac(header: str, body: bytes, secret: str) -> str:
    stamp = header.removeprefix("t=").partition(",")[0]
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def test_the_sending_defects_are_what_the_catalogue_says(start: Start, receiver: Receiver, tmp_path: Path) -> None:
    """Unsigned, signed over other bytes, without a required field, under a new id, and never again."""
    receiver.answer = lambda n: 503 if n == 1 else 200
    seen: dict[str, object] = {}
    for defect in (
        "provider-sends-unsigned",
        "provider-signs-wrongly",
        "provider-sends-invalid-events",
        "provider-redelivers-under-new-id",
        "provider-never-redelivers",
    ):
        receiver.arrived.clear()
        product = start(defects=[defect])
        cause_event(product, receiver.url)
        wait_for(lambda: len(receiver.arrived) == 2 or given_up(tmp_path))
        header, body = receiver.arrived[0]
        seen[defect] = {
            "header": bool(header),
            "right": bool(header) and right(header, body, product.secret),
            "keys": len(json.loads(body)),
            "deliveries": len(receiver.arrived),
            "ids": len(set(receiver.ids)),
        }

    sound = {"header": True, "right": True, "keys": 4, "deliveries": 2, "ids": 1}
    assert seen == {
        "provider-sends-unsigned": sound | {"header": False, "right": False},
        "provider-signs-wrongly": sound | {"right": False},
        "provider-sends-invalid-events": sound | {"keys": 3},
        "provider-redelivers-under-new-id": sound | {"ids": 2},
        "provider-never-redelivers": sound | {"deliveries": 1},
    }
