"""Ids in bodies of every shape: found where they stand, and replaced by others of their kind."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs

import pytest

from harness.http.message import Headers
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import scheme_named

JSON: Headers = (("content-type", "application/json"),)
FORM: Headers = (("content-type", "application/x-www-form-urlencoded"),)


def format_of(scheme: str, id_key: str | None = None) -> EventFormat:
    return EventFormat(scheme=scheme_named(scheme), id_key=id_key)


@pytest.mark.parametrize(
    "old, most",
    [(4711, 2**31), (100, 2**31), (-5, 2**31), (9_007_199_254_740_990, 2**53), (2**62, 2**63), (10**10, 10**11)],
)
def test_a_number_becomes_another_number_of_its_size(old: int, most: int) -> None:
    """It fits where the old one fitted, is the same for the same name, and another for another."""
    numbers = format_of("hmac")
    event = numbers.received(JSON, b'{"id": %d, "type": "x", "data": {"id": %d}}' % (old, old))
    fresh, again, other = (numbers.fresh(event, name) for name in ("evt_1", "evt_1", "evt_2"))
    found = json.loads(fresh.body)

    assert event.id == str(old)
    assert found["id"] != old
    assert 0 < found["id"] < most
    assert fresh.id == str(found["id"])
    assert found["data"] == {"id": old}, "every other byte stays as it is"
    assert fresh == again
    assert other.id != fresh.id


@pytest.mark.parametrize(
    "old, form, most",
    [
        ("4711.0", r"\d+\.0", 2**31),
        ("1e3", r"\d(\.\d+)?e\d", 2**31),
        ("1.5E+15", r"\d\.\d+E\+15", 2**53),
        ("10e0", r"\d(\.\d+)?e\d", 2**31),
        ("1.7e308", r"\d\.\d+e15", 2**53),
        ("18446744073709551615", r"\d{20}", 2**64),
        ("9223372036854775808", r"\d{19}", 2**64),
        ("12345678901234567890123", r"\d{23}", 10**23),
        ("-0", r"\d{9}", 2**31),
    ],
)
def test_a_number_is_written_as_the_old_one_was(old: str, form: str, most: int) -> None:
    """Whole numbers of languages that write them with a point or an exponent, and of more than 63 bits, are ids too."""
    numbers = format_of("hmac")
    event = numbers.received(JSON, f'{{ "n":{old} ,"id" : {old}, "data": [1e1, 1.0] }}'.encode())
    fresh, other = numbers.fresh(event), numbers.fresh(event, "n")
    found = re.fullmatch(rb'\{ "n":(.*) ,"id" : (.*), "data": \[1e1, 1\.0\] \}', fresh.body)

    assert found
    assert found[1].decode() == old
    assert re.fullmatch(form, found[2].decode())
    assert 0 < json.loads(found[2]) < most
    assert (event.id, fresh.id) == (str(json.loads(old)), str(json.loads(found[2])))
    assert len({event.id, fresh.id, other.id}) == 3


@pytest.mark.parametrize(
    "old, new",
    [
        (rb'"\u0061\/b"', rb'"n\/1\u00e9"'),
        (rb'"https:\/\/shop.example\/e\/1"', rb'"n\/1\u00e9"'),
        (b'"https://shop.example/e/1"', rb'"n/1\u00e9"'),
        ('"événement-1"'.encode(), '"n/1é"'.encode()),
        (rb'"\ud800"', rb'"n/1\u00e9"'),
        (b'"\xed\xa0\x80a"', '"n/1é"'.encode()),
    ],
)
def test_text_is_escaped_as_the_old_one_was(old: bytes, new: bytes) -> None:
    """PHP escapes slashes, others write every letter as it is; what has the same text elsewhere stays."""
    before, between, after = b'{"url": ', b', "id": ', b', "ids": ["a/b", 1.0]}'
    event = format_of("hmac").received(JSON, before + old + between + old + after)

    assert event.id == json.loads(old)
    assert format_of("hmac").fresh(event, "n/1é").body == before + old + between + new + after


@pytest.mark.parametrize(
    "encoding, media",
    [
        ("utf-16", "application/json"),
        ("utf-16-be", "application/json; charset=utf-16"),
        ("utf-32-le", "application/json"),
        ("utf-8-sig", "text/plain"),
        ("iso-8859-1", "application/json; charset=ISO-8859-1"),
        ("windows-1252", 'application/json; charset="windows-1252"'),
    ],
)
def test_json_in_another_encoding_is_fresh(encoding: str, media: str) -> None:
    """RFC 4627 allowed these, and older senders declare their charset; times move with the id."""
    text = '{"name": "Zoé", "id": "evt_1", "created": 1700000000, "n": 1.0}'
    headers = (("content-type", media),)
    event = format_of("hmac").received(headers, text.encode(encoding))
    fresh = format_of("hmac").fresh(event, "evt_2", at=1_800_000_000)

    assert event.id == "evt_1"
    assert fresh.body == text.replace("evt_1", "evt_2").replace("17", "18").encode(encoding)


@pytest.mark.parametrize("scheme, key", [("hubspot", "eventId"), ("sendgrid", "sg_event_id")])
def test_each_event_of_a_list_gets_an_id_of_its_own(scheme: str, key: str) -> None:
    """The first one's is the id of the delivery; a receiver that tells duplicates one by one finds none."""
    lists = format_of(scheme)
    old = 100 if scheme == "hubspot" else "sg0"
    event = lists.received(JSON, json.dumps([{key: old, "n": 0}, {"n": 1}, {key: old, "n": 2}]).encode())
    fresh = lists.fresh(event, "evt_1")
    found = json.loads(fresh.body)

    assert event.id == str(old)
    assert fresh.id == str(found[0][key])
    assert [type(found[n].get(key)) for n in range(3)] == [type(old), type(None), type(old)]
    assert len({old, found[0][key], found[2][key]}) == 3
    assert [each["n"] for each in found] == [0, 1, 2]


def test_a_key_without_an_index_is_looked_for_in_each_event_of_a_list() -> None:
    """A body may hold one event or several of them."""
    fresh = format_of("hmac").fresh(format_of("hmac").received(JSON, b'[{"id": "a"}, {"id": "b"}]'), "n")

    assert json.loads(fresh.body) == [{"id": "n"}, {"id": "n_1"}]


@pytest.mark.parametrize(
    "key, body, fresh_body",
    [
        ("value.0.id", b'{"value": [{"id": "a"}, {"id": "b"}]}', b'{"value": [{"id": "n"}, {"id": "n_1"}]}'),
        ("value.id", b'{"value": [{"x": 1}, {"id": "b"}], "id": 1}', b'{"value": [{"x": 1}, {"id": "n"}], "id": 1}'),
        (
            "Records.1.a.id",
            b'{"Records":[{"a":{"id":"a"}},{"a":{"id":"b"}}]}',
            b'{"Records":[{"a":{"id":"a"}},{"a":{"id":"n"}}]}',
        ),
        (
            "items.0.a.0.ref",
            b'{"items":[{"a":[{"ref":"x"}]},{"a":[{"ref":"y"}]}]}',
            b'{"items":[{"a":[{"ref":"n"}]},{"a":[{"ref":"n_1"}]}]}',
        ),
        ("ids.0", b'{"ids": ["a", "b"]}', b'{"ids": ["n", "b"]}'),
        ("a.b", b'{"a": {"b": "y"}, "a.b": "x"}', b'{"a": {"b": "y"}, "a.b": "n"}'),
        ("a.b.c", b'{"a.b": {"d": 1}, "a": {"b": {"c": "x"}}}', b'{"a.b": {"d": 1}, "a": {"b": {"c": "n"}}}'),
    ],
)
def test_events_in_an_inner_list_are_events_too(key: str, body: bytes, fresh_body: bytes) -> None:
    """Microsoft Graph, AWS and Adyen wrap them in an object; harness.toml names the key with an index or without."""
    lists = format_of("hmac", key)

    assert lists.fresh(lists.received(JSON, body), "n").body == fresh_body


@pytest.mark.parametrize(
    "body, fresh_body",
    [
        (b"event_id=Ev1&type=x&note=Ev1", b"event_id=n&type=x&note=Ev1"),
        (b"a=1&event%5Fid=Ev+1&b=%20", b"a=1&event%5Fid=n&b=%20"),
        (b"event_id=a&event_id=b", b"event_id=a&event_id=n"),
        (b"name=Caf\xe9&event_id=Ev1&z=%7e", b"name=Caf\xe9&event_id=n&z=%7e"),
        (b"&&event_id=Ev1&x", b"&&event_id=n&x"),
    ],
)
def test_a_field_of_a_form_is_replaced_alone(body: bytes, fresh_body: bytes) -> None:
    """The last of one name counts, as for the reader; every other byte stays as it is."""
    slack = format_of("slack")
    event = slack.received(FORM, body)

    assert event.id
    assert slack.fresh(event, "n").body == fresh_body


def test_an_id_within_the_json_of_a_form_is_replaced() -> None:
    """An interaction of Slack holds the whole event in the field `payload`."""
    slack = format_of("slack", "trigger.id")
    event = slack.received(FORM, b"v=1&payload=%7B%22trigger%22%3A%20%7B%22id%22%3A%20%22a%22%7D%7D")
    fresh = slack.fresh(event, "n&=")

    assert event.id == "a"
    assert parse_qs(fresh.body.decode()) == {"v": ["1"], "payload": ['{"trigger": {"id": "n&="}}']}


@pytest.mark.parametrize(
    "payload, fresh_payload",
    [
        (b"%7b%22id%22%3a+%22a%22%2C+%22t%22:%22~*%22%7D", b"%7b%22id%22%3a+%22n%22%2C+%22t%22:%22~*%22%7D"),
        (b'{"t":"%C3%A9\xc3\xa9","id":"%61"}', b'{"t":"%C3%A9\xc3\xa9","id":%22n%22}'),
        (b"%7B%22t%22%3A%22%E9%22,%22id%22:%22a%22%7D", b"%7B%22t%22%3A%22%E9%22,%22id%22:%22n%22%7D"),
    ],
)
def test_the_rest_of_such_json_stays_as_it_is_escaped(payload: bytes, fresh_payload: bytes) -> None:
    """Senders escape forms in different ways, and a signature covers their bytes."""
    forms = format_of("hmac")
    event = forms.received(FORM, b"x=1&payload=" + payload + b"&y=%20")

    assert event.id == "a"
    assert forms.fresh(event, "n").body == b"x=1&payload=" + fresh_payload + b"&y=%20"


@pytest.mark.parametrize(
    "media, body",
    [
        ("application/cloudevents+json", b'{"specversion":"1.0","id":"A-1","source":"/s","type":"t"}'),
        ("application/cloudevents+json; charset=utf-8", b'{"specversion":"1.0","id":"A-1","source":"/s","type":"t"}'),
        ("application/cloudevents-batch+json", b'[{"specversion":"1.0","id":"A-1","source":"/s","type":"t"}]'),
    ],
)
def test_a_structured_cloud_event_has_id_and_type_in_its_body(media: str, body: bytes) -> None:
    """Its headers name neither, and none are added beside the credential (CloudEvents HTTP binding, section 3.2)."""
    events = format_of("cloudevents")
    event = events.received((("content-type", media),), body)
    fresh = events.fresh(event, "n")

    assert (event.id, event.type, fresh.id) == ("A-1", "t", "n")
    assert fresh.body == body.replace(b"A-1", b"n")
    assert fresh.headers == event.headers
    assert events.scheme.of_delivery(fresh.headers).beside == ()


@pytest.mark.parametrize(
    "scheme, headers, body",
    [
        ("zoom", JSON, b'{"event": "meeting.started"}'),
        ("hmac", JSON, b'{"id": true}'),
        ("hmac", JSON, b'{"id": null}'),
        ("hmac", JSON, b'{"id": 1.5}'),
        ("hmac", JSON, b'{"id": ""}'),
        ("hmac", JSON, b"[]"),
        ("hmac", JSON, b"no json"),
        ("hmac", JSON, b"\xff"),
        ("hmac", (("content-encoding", "gzip"), *JSON), b'{"id": "a"}'),
        ("slack", FORM, b"command=%2Fweather"),
    ],
)
def test_an_event_without_an_id_stays_as_it_is(scheme: str, headers: Headers, body: bytes) -> None:
    """Nothing is made up where nothing stands, and no two of them count as one."""
    events = format_of(scheme)
    event = events.received(headers, body)

    assert event.id == ""
    assert events.fresh(event, "n") == event


def test_every_header_that_names_an_event_is_fresh() -> None:
    """Shopify sends two, and a receiver may tell duplicates by either."""
    shopify = format_of("shopify")
    headers = (("x-shopify-event-id", "e1"), ("x-shopify-webhook-id", "w1"), ("x-shopify-topic", "t"))
    fresh = dict(shopify.fresh(shopify.received(headers, b"{}"), "n").headers)

    assert fresh == {"x-shopify-event-id": "n", "x-shopify-webhook-id": "n", "x-shopify-topic": "t"}


def test_a_header_that_the_vendor_always_sends_is_there() -> None:
    """Shopify's library refuses a delivery without the id of the webhook, whatever the fixture has."""
    shopify = format_of("shopify")
    event = shopify.received((("x-shopify-topic", "t"), ("x-shopify-event-id", "e1")), b"{}")
    fresh = dict(shopify.fresh(event).headers)

    assert len({"", "e1", fresh["x-shopify-event-id"], fresh["x-shopify-webhook-id"]}) == 4


def test_a_key_of_harness_toml_takes_the_place_of_the_header_of_the_scheme() -> None:
    """The integration is asked by the id that is named; the id in the header is new too."""
    github = format_of("github", "delivery.uuid")
    event = github.received((("x-github-delivery", "d"), *JSON), b'{"delivery": {"uuid": "u"}}')

    assert (event.id, github.fresh(event, "n").body) == ("u", b'{"delivery": {"uuid": "n"}}')
    fresh = github.fresh(event)
    assert fresh.id in fresh.body.decode()
    assert dict(fresh.headers)["x-github-delivery"] not in ("d", fresh.id)


def test_bytes_outside_the_id_stay_as_they_are() -> None:
    """White space, escapes, numbers, a byte order mark and members of the same name survive."""
    body = b'\xef\xbb\xbf{ "id" : "a", "n" : 1.0, "t": "Zo\xc3\xab \\u00e9", "x": [1, {"id": "a"}], "id": "\\u0062" }\n'
    hmac = format_of("hmac")
    event = hmac.received(JSON, body)

    assert event.id == "b", "of several members of one name the last counts (RFC 8259 section 4)"
    assert hmac.fresh(event, "n").body == body.replace(b'"\\u0062"', b'"n"')


@pytest.mark.parametrize(
    "media", ["application/x-www-form-urlencoded", "text/plain; charset=UTF-8", "application/octet-stream"]
)
def test_json_under_a_wrong_name_is_json_all_the_same(media: str) -> None:
    """Python's urllib and others declare every body a form, Amazon SNS sends text/plain."""
    hmac = format_of("hmac")
    event = hmac.received((("content-type", media),), b' {"id": "a", "type": "t"}')

    assert (event.id, event.type) == ("a", "t")
    assert hmac.fresh(event, "n").body == b' {"id": "n", "type": "t"}'
    assert hmac.received((("content-type", media),), b"{no json").id == ""
