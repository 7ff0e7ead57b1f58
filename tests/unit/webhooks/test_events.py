"""Event fixtures: what is read from them, what is wrong with them, and how they are made fresh."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.errors import EventError
from harness.webhooks.events import EventFormat, read_events, representative
from harness.webhooks.http_fixture import LIMIT_BYTES
from harness.webhooks.schemes import scheme_named

HMAC = EventFormat(scheme=scheme_named("hmac"))


def fixture(folder: Path, content: bytes, name: str = "event.json") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "scheme, name, content, type_and_id",
    [
        ("hmac", "e.json", b'{"id": "evt_1", "type": "run.failed"}', ("run.failed", "evt_1")),
        ("hmac", "e.json", b'{"id": 7, "type": "run.failed"}', ("run.failed", "7")),
        ("hmac", "e.json", b'{"type": "run.failed"}', ("run.failed", "")),
        ("slack", "e.json", b'{"event_id": "Ev1", "event": {"type": "message"}}', ("message", "Ev1")),
        ("sendgrid", "e.json", b'[{"event": "open", "sg_event_id": "sg1"}, {"event": "click"}]', ("open", "sg1")),
        ("zoom", "e.json", b'{"event": "meeting.started", "payload": {}}', ("meeting.started", "")),
        ("paddle", "e.json", b'{"event_id": "evt_2", "event_type": "paid"}', ("paid", "evt_2")),
        ("github", "e.http", b"X-GitHub-Event: push\r\nx-github-delivery: 1-2\r\n\r\n{}", ("push", "1-2")),
        ("github", "e.http", b"x-github-event: push\n\n{}", ("push", "")),
        ("twilio", "e.http", b"content-type: application/x-www-form-urlencoded\r\n\r\nBody=Hi&From=%2B1", ("", "")),
        ("shopify", "e.http", b"x-shopify-topic: a/b\r\ncontent-type: text/xml\r\n\r\n<a/>", ("a/b", "")),
        ("shopify", "e.http", b"x-shopify-topic: a/b\r\ncontent-encoding: gzip\r\n\r\n\x1f\x8b", ("a/b", "")),
        ("slack", "e.http", b"content-type: application/x-www-form-urlencoded\r\n\r\ncommand=%2Fw&text=1", ("", "")),
        ("hmac", "e.http", b"content-type: text/xml\r\n\r\n<Envelope><Id>04l</Id></Envelope>", ("", "")),
        ("hmac", "e.http", b"content-type: text/plain\r\n\r\nrun failed", ("", "")),
        ("hmac", "e.http", b"content-type: multipart/form-data; boundary=B\r\n\r\n--B--", ("", "")),
        ("hmac", "e.http", b"content-encoding: gzip\r\ncontent-type: application/json\r\n\r\n\x1f\x8b", ("", "")),
        ("hmac", "e.http", b"x-a: 1\r\n\r\nno type, no JSON", ("", "")),
        ("standard-webhooks", "e.http", b"webhook-id: msg_1\r\n\r\n\x00\xff", ("", "msg_1")),
        ("standard-webhooks", "e.http", b"webhook-id: msg_1\r\ncontent-type: application/json\r\n\r\n", ("", "msg_1")),
        ("cloudevents", "e.http", b"ce-id: 1\r\nce-type: t\r\ncontent-type: image/png\r\n\r\n\x89PNG", ("t", "1")),
        ("cloudevents", "e.http", b"ce-id: 1\r\nce-type: t\r\n\r\n", ("t", "1")),
        ("cloudevents", "e.http", b"content-type: application/cloudevents+xml\r\n\r\n<event/>", ("", "")),
    ],
)
def test_type_and_id_are_found_where_the_scheme_has_them(
    tmp_path: Path, scheme: str, name: str, content: bytes, type_and_id: tuple[str, str]
) -> None:
    """In headers, in the body, inwards or in a list; the body itself stays as it is, to the byte."""
    event = EventFormat(scheme=scheme_named(scheme)).read(fixture(tmp_path, content, name))

    assert (event.type, event.id) == type_and_id
    assert event.body == (content if name.endswith("json") else content.replace(b"\r\n", b"\n").partition(b"\n\n")[2])


def test_a_key_that_takes_the_place_of_a_header_must_be_there(tmp_path: Path) -> None:
    """The integration would be asked by another id than the one that is named."""
    head = b"content-type: application/x-www-form-urlencoded\ni-twilio-idempotency-token: t1\n\n"
    twilio = EventFormat(scheme=scheme_named("twilio"), id_key="MessageSid")

    assert twilio.read(fixture(tmp_path, head + b"MessageSid=SM1", "a.http")).id == "SM1"
    with pytest.raises(EventError) as caught:
        twilio.read(fixture(tmp_path, head + b"CallSid=CA1", "b.http"))
    assert "b.http has no id at the key 'MessageSid', which [receiver] event_id names in place of" in str(caught.value)
    assert "i-twilio-idempotency-token. Correct the key, or remove it" in str(caught.value)


@pytest.mark.parametrize(
    "scheme, content, said",
    [
        (
            "mailgun",
            b"[]",
            "which mailgun has in the body. Put the event there as the provider sends it: a JSON object",
        ),
        ("adyen-payments", b"{}", "as the provider sends it, with notificationItems.NotificationRequestItem."),
    ],
)
def test_a_fixture_needs_a_place_for_its_signature(tmp_path: Path, scheme: str, content: bytes, said: str) -> None:
    """Where the signature is in the body, no other body can be signed."""
    with pytest.raises(EventError, match="has no place for the signature") as caught:
        EventFormat(scheme=scheme_named(scheme)).read(fixture(tmp_path, content, "a.json"))
    assert said in str(caught.value)


def test_forms_of_one_provider_may_name_no_type(tmp_path: Path) -> None:
    """PayPal leaves out `txn_type` for refunds, whatever harness.toml names for the others."""
    head = b"content-type: application/x-www-form-urlencoded; charset=windows-1252\n\n"
    path = fixture(tmp_path, head + b"txn_id=61E6&first_name=Andr\xe9", "ipn.http")

    event = EventFormat(scheme=scheme_named("hmac"), id_key="txn_id", type_key="txn_type").read(path)

    assert (event.type, event.id, event.body) == ("", "61E6", b"txn_id=61E6&first_name=Andr\xe9")


@pytest.mark.parametrize(
    "bodies, chosen",
    [
        ((b"command=%2Fw", b"event_id=1", b'{"a": 1}', b'{"event_id": "1"}'), 3),
        ((b"command=%2Fw", b'{"a": 1}', b"event_id=1"), 2),
        ((b"\xff", b"<a/>", b'{"a": 1}', b'{"b": 1}'), 2),
        ((b'{"event_id": "1"}', b'{"event_id": "2"}'), 0),
    ],
)
def test_the_event_of_which_most_can_be_judged_represents_all(bodies: tuple[bytes, ...], chosen: int) -> None:
    """Cases change JSON, and probes ask by ids; of several such events the first counts, by name."""
    form = (("content-type", "application/x-www-form-urlencoded"),)
    events = [EventFormat(scheme=scheme_named("slack")).received(form, body) for body in bodies]

    assert representative(events) is events[chosen]


def test_harness_toml_may_name_other_keys(tmp_path: Path) -> None:
    """The keys named there are looked at in place of the scheme's; an empty one means that there is none."""
    path = fixture(tmp_path, b'{"meta": {"uid": "9", "kind": "x"}}')

    event = EventFormat(scheme=scheme_named("hmac"), id_key="meta.uid", type_key="meta.kind").read(path)
    untyped = EventFormat(scheme=scheme_named("hmac"), type_key="").read(path)

    assert (event.type, event.id) == ("x", "9")
    assert untyped.type == ""


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "is empty. Put the event's body there, as the provider sends it."),
        (b" \n", "is empty."),
        (b'{"id": "evt_1",}', "is not JSON: "),
        (b'{"id": "\xff"}', "is not UTF-8 (byte 8 of the body). A fixture's body is JSON text, saved as UTF-8."),
        (b'"text"', "is a JSON string; an event must be a JSON object."),
        (b"12", "is a JSON number; an event must be a JSON object."),
        (b"null", "is a JSON null; an event must be a JSON object."),
        (b"[" * 100_000, "is nested too deeply to be read."),
        (b'{"id": "evt_1"}', "names no event type: it has no key 'type'. Add it, or name the right key"),
    ],
)
def test_a_body_that_can_be_no_event_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    """The message names the file, what is wrong with it, and what belongs there."""
    path = fixture(tmp_path, content)

    with pytest.raises(EventError) as caught:
        HMAC.read(path)

    assert str(caught.value).startswith(f"{path} ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "content, said",
    [
        (b"content-type: application/json", "has no empty line between headers and body."),
        (b"x-a: 1\r\nnonsense\r\n\r\n{}", ":2: 'nonsense' is not a header line. Write `name: value`."),
        (b"x-a: 1\r\n\r\n{}", "names no event type, which github sends as a header. Make it an .http file with"),
    ],
)
def test_a_capture_that_is_none_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    """The message names file and line, and how it is written."""
    with pytest.raises(EventError) as caught:
        EventFormat(scheme=scheme_named("github")).read(fixture(tmp_path, content, "e.http"))

    assert said in str(caught.value)


def test_a_huge_fixture_is_refused_unread(tmp_path: Path) -> None:
    """A hundred megabytes are told by their number, and not read."""
    path = fixture(tmp_path, b"{")
    os.truncate(path, 100_000_000)

    with pytest.raises(EventError, match=f"has 100,000,000 bytes; the limit for an event fixture is {LIMIT_BYTES:,}"):
        HMAC.read(path)


def test_a_fixture_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """The system's reason stands in the message."""
    with pytest.raises(EventError, match="cannot be read: No such file or directory"):
        HMAC.read(tmp_path / "none.json")


def test_a_folder_is_read_in_order_and_an_empty_one_is_told(tmp_path: Path) -> None:
    """Fixtures in folders inside count; other files do not."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "empty").mkdir()
    for name in ("b.json", "inner/a.json", "notes.md", "c.http"):
        head = b"x-a: 1\r\n\r\n" if name.endswith("http") else b""
        fixture(tmp_path, head + json.dumps({"id": name, "type": "x"}).encode(), name)

    assert [e.id for e in read_events([tmp_path], HMAC.read)] == ["b.json", "c.http", "inner/a.json"]
    with pytest.raises(EventError, match="contains no event fixture"):
        list(read_events([tmp_path / "empty"], HMAC.read))


def test_a_fresh_event_differs_in_its_id_alone(tmp_path: Path) -> None:
    """Every other byte of the body is kept; where a header carries the id, the body is not touched."""
    body = b'{ "id":"evt_1" , "amount": 1.0, "type":"x", "note":"Zo\xc3\xab \\u00e9 evt_1" }\n'
    path = fixture(tmp_path, body)
    github = EventFormat(scheme=scheme_named("github"))
    captured = github.read(fixture(tmp_path, b"x-github-event: push\r\nx-github-delivery: a\r\n\r\n" + body, "e.http"))

    assert HMAC.fresh(HMAC.read(path), "evt_2").body == body.replace(b'"evt_1"', b'"evt_2"')
    assert github.fresh(captured, "b").body == body
    assert dict(github.fresh(captured, "b").headers)["x-github-delivery"] == "b"
