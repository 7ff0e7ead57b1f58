"""Deliveries have the header lines that the provider sends, and none of the harness's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.http.address import Address
from harness.http.client import Network
from harness.http.load import Outgoing, Writer
from harness.http.wire import Wire
from harness.model import Event
from harness.webhooks.cases import Material
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import SCHEMES, Scheme, scheme_named

URL = "http://127.0.0.1:8080/hook"
BODY = b'{"id":"evt_9f2c41d07be35a86","type":"run.started","createdAt":"2026-11-02T09:00:01.477Z"}'
STRIPE = [
    "Host: 127.0.0.1:8080",
    "User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    f"Content-Length: {len(BODY)}",
    "Accept: */*; q=0.5, application/xml",
    "Cache-Control: no-cache",
    "Content-Type: application/json; charset=utf-8",
    "Stripe-Signature",
]


def fixture(folder: Path, scheme: Scheme, head: bytes | None = None) -> tuple[EventFormat, Event]:
    path = folder / ("e.json" if head is None else "e.http")
    path.write_bytes(BODY if head is None else head + b"\n" + BODY)
    form = EventFormat(scheme=scheme, type_key="")
    return form, form.read(path)


def sent(form: EventFormat, event: Event) -> list[str]:
    """Return the header lines of a genuine delivery, which both ways of sending write alike."""
    material = Material.of(form, event, secret=form.scheme.new_secret(), timestamp=1_800_000_000, url=URL)
    built = material.signed()
    written = (
        Writer(Address.of("http://127.0.0.1:8080"))
        .write(Outgoing(event.name, event.id, built))
        .partition(b"\r\n\r\n")[0]
    )
    length = ("content-length", str(len(built.body)))
    wire = Wire(URL, check=Network([URL]).check, timeout_s=1).head(built, length)
    assert wire == written + b"\r\n\r\n"
    return written.decode().split("\r\n")[1:]


def test_a_body_alone_is_sent_as_its_vendor_sends_it(tmp_path: Path) -> None:
    """A .json fixture gets the headers of the scheme's row, in their order and spelling."""
    lines = sent(*fixture(tmp_path, scheme_named("stripe")))

    assert [line.partition(": t=")[0] for line in lines] == STRIPE


def test_a_capture_is_sent_as_it_came(tmp_path: Path) -> None:
    """Order, spelling and values are those of the file; signature, host and length take their places."""
    head = (
        b"X-Region: eu\nSTRIPE-SIGNATURE:\nuser-agent: Stripe/2.0\nContent-Length: 99\nX-Two: a\nX-Two: b\n"
        b"Host: old.example\nConnection: keep-alive\nContent-Type: application/json\n"
    )
    lines = sent(*fixture(tmp_path, scheme_named("stripe"), head))

    assert [line.partition(":")[0] for line in lines] == [
        *("X-Region", "STRIPE-SIGNATURE", "user-agent", "Content-Length", "X-Two", "X-Two", "Host", "Connection"),
        "Content-Type",
    ]
    assert re.match(r"STRIPE-SIGNATURE: t=1800000000,v1=[0-9a-f]{64}$", lines[1])
    assert "user-agent: Stripe/2.0" in lines
    assert "Host: 127.0.0.1:8080" in lines
    assert f"Content-Length: {len(BODY)}" in lines
    assert [line for line in lines if line.startswith("X-Two")] == ["X-Two: a", "X-Two: b"]


def test_an_old_capture_gets_what_it_left_out(tmp_path: Path) -> None:
    """Captures once had lower-case names and no place for the signature: the scheme's row has both."""
    head = (
        b"user-agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\naccept: */*; q=0.5, application/xml\n"
        b"cache-control: no-cache\ncontent-type: application/json; charset=utf-8\n"
    )
    lines = sent(*fixture(tmp_path, scheme_named("stripe"), head))

    assert [line.partition(": t=")[0] for line in lines] == STRIPE


def test_what_a_person_wrote_is_completed(tmp_path: Path) -> None:
    """A fixture with the type alone gets the vendor's other headers, and a delivery id of the vendor's form."""
    form, event = fixture(tmp_path, scheme_named("github"), b"x-github-event: push\n")
    lines = sent(form, form.fresh(event))

    assert [line.partition(":")[0] for line in lines] == [
        *("Host", "User-Agent", "Content-Length", "Accept", "Content-Type"),
        *("X-GitHub-Delivery", "X-GitHub-Event", "X-Hub-Signature-256"),
    ]
    assert re.match(r"X-GitHub-Delivery: [0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-", lines[5])


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if s.name != "adyen-payments"], ids=lambda s: s.name)
def test_no_delivery_names_the_harness(scheme: Scheme, tmp_path: Path) -> None:
    """Nor the library that sends it: a receiver could behave for the harness alone."""
    head = f"{scheme.type_header}: t\n".encode() if scheme.type_header else None
    form, event = fixture(tmp_path, scheme, head)
    text = "\n".join(sent(form, form.fresh(event))).lower()

    assert not re.search("harness|httpx|python|readiness|test", text)
    assert len({line.partition(":")[0] for line in text.splitlines()}) == len(text.splitlines())


def test_a_constant_of_the_capture_wins_over_the_schemes(tmp_path: Path) -> None:
    """A CloudEvent has the source that was captured, once."""
    head = b"ce-type: t\nce-id: 1\nce-source: /orders\nce-specversion: 1.0\ncontent-type: application/json\n"
    lines = sent(*fixture(tmp_path, scheme_named("cloudevents"), head))

    assert [line for line in lines if line.startswith("ce-source")] == ["ce-source: /orders"]
    assert [line for line in lines if line.startswith("ce-specversion")] == ["ce-specversion: 1.0"]
