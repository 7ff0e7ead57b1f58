"""The rows of receiver cases, built for every scheme."""

from __future__ import annotations

import json
from hashlib import sha256
from urllib.parse import unquote

import msgspec
import pytest

from harness.errors import EventError
from harness.http.message import Request
from harness.model import Event
from harness.readiness.checklist import shipped
from harness.webhooks.cases import CASES, Expected, Material, ReceiverCase, case_named, http_variants
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import SCHEMES, Scheme

NOW = 1_790_000_000
OBJECT = b'{ "id": "evt_0", "event_id": "evt_0", "type": "x", "data": { "a": null, "b": [1] } }'

ADYEN = (
    b'{"live": "false", "notificationItems": [{"NotificationRequestItem": {"pspReference": "P1", "eventCode": "X",'
    b' "amount": {"value": 1130, "currency": "EUR"}, "success": "true", "additionalData": {"a": "b"}}}]}'
)

MANDRILL = b"mandrill_events=%5B%7B%22_id%22%3A%22e1%22%2C%22event%22%3A%22send%22%2C%22type%22%3A%22x%22%7D%5D"


@pytest.fixture(autouse=True)
def _smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Build large deliveries of a thousand bytes, because signing and copying eight million is slow."""
    monkeypatch.setattr(http_variants, "LARGE_BYTES", 1000)


def material(scheme: Scheme) -> Material:
    body = b"[" + OBJECT + b"]" if scheme.id_key.startswith("0.") else OBJECT
    body = {"adyen-payments": ADYEN, "mandrill": MANDRILL}.get(scheme.name, body)
    media = "application/json" if body.startswith((b"{", b"[")) else "application/x-www-form-urlencoded"
    headers = (("content-type", media), *(((scheme.id_header, "evt_0"),) if scheme.id_header else ()))
    event = Event(name="event", type="x", id="evt_0", body=body, headers=headers)
    return Material.of(
        EventFormat(scheme=scheme, type_key=None if body == ADYEN else "type"),
        event,
        secret=scheme.secret_of(sha256(scheme.name.encode()).digest()),  # signatures have all characters of base64
        timestamp=NOW,
        url="http://127.0.0.1:1/hook",
    )


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.name)
def test_every_case_is_built_or_says_why_not(scheme: Scheme) -> None:
    """Each row builds a delivery for each scheme it concerns, and what must be refused is never what is genuine."""
    m = material(scheme)
    genuine = m.signed()

    for case in CASES:
        if case.not_applicable_to(scheme):
            continue
        built = built_or_refused(case, m)
        forged = case.response in (Expected.REFUSED, Expected.REFUSED_OR_CUT)
        assert isinstance(built, Request) or "which this case changes" in built
        assert isinstance(built, Request) or scheme.name in ("mandrill", "adyen-payments"), "its body has all there is"
        assert not forged or built != genuine, f"{case.id} is genuine for {scheme.name}"


def built_or_refused(case: ReceiverCase, m: Material) -> Request | str:
    try:
        return case.build(m)
    except EventError as exc:
        return str(exc)


BODIES = {
    "object": ("application/json", OBJECT),
    "list": ("application/json", b"[" + OBJECT + b"]"),
    "form": ("application/x-www-form-urlencoded", b"Body=hi&MessageSid=SM1&event_id=evt_0"),
    "payload in a form": ("application/x-www-form-urlencoded", b"payload=%7B%22id%22%3A1%7D"),
    "xml": ("text/xml", b"<event/>"),
    "nothing": ("application/json", b""),
}


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if s.name != "mandrill"], ids=lambda s: s.name)
@pytest.mark.parametrize("media, body", BODIES.values(), ids=BODIES)
def test_whatever_the_body_a_case_is_built_or_says_why_not(scheme: Scheme, media: str, body: bytes) -> None:
    """A forged delivery of a form, of XML or of nothing is never the genuine one, and nothing else is raised."""
    m = material(scheme)
    headers = (("content-type", media), *m.event.headers[1:])
    if scheme.within and not scheme.within.values(body):
        return  # such a fixture is refused, see EventFormat.read
    m = m._replace(event=msgspec.structs.replace(m.event, headers=headers, body=body))
    genuine = m.signed()

    for case in CASES:
        if case.not_applicable_to(scheme):
            continue
        built = built_or_refused(case, m)
        forged = case.response in (Expected.REFUSED, Expected.REFUSED_OR_CUT)
        assert not forged or built != genuine, f"{case.id} is genuine for {scheme.name}"
        assert isinstance(built, Request) or "which this case changes" in built


@pytest.mark.parametrize(
    "body, altered",
    [
        (b'{"a": "xy", "b": {"c": 1}}', b'{"a": "x0", "b": {"c": 1}}'),
        (b'{"a": ["x0" ], "b": "\\n", "c": ""}', b'{"a": ["x1" ], "b": "\\n", "c": ""}'),
        (b'{"a": "say \\"b\\"", "n": 1}', b'{"a": "say \\"b\\"", "n": 0}'),
        (b'{"a": "\\u00e9"}', b'{"a": "\\u00e0"}'),
        (b"payload=%7B%22a%22:%22xy%22%7d&b=1", b"payload=%7B%22a%22:%22x0%22%7d&b=1"),
        (b"payload=%7B%22a%22:%22xy%22,%22b%22:%22%e9%22%7d", b"payload=%7B%22a%22:%22x0%22,%22b%22:%22%e9%22%7d"),
        (b'<?xml version="1.0"?><a><Id>04l</Id> <e/></a>', b'<?xml version="1.0"?><a><Id>040</Id> <e/></a>'),
        (b"Body=hi", b"Body=hi0"),
        (b"", b"0"),
        (b"\x89PNG\xff", b"\x89PNG\xff0"),
    ],
)
def test_an_altered_body_can_still_be_read(body: bytes, altered: bytes) -> None:
    """A receiver that does not verify must not refuse it for another reason, and so pass."""
    m = material(SCHEMES[0])
    case = case_named("altered-body")
    assert case is not None

    assert case.build(m._replace(event=msgspec.structs.replace(m.event, body=body))).body == altered


@pytest.mark.parametrize(
    "case_id, media, body, ending",
    [
        ("large-signed", "application/x-www-form-urlencoded", b"a=1", b"a=1&extra=xxx"),
        ("large-unsigned", "text/xml", b"<a/>", b"<a/>   "),
        ("large-signed", "image/png", b"\xff", b"\xff   "),
        ("in-body", "application/x-www-form-urlencoded", b"a=1", b"a=1&signature="),
        ("in-body", "application/x-www-form-urlencoded", b"", b"signature="),
        ("in-body", "application/json", b'{"a": "\\ud800"}', b'{"a":"\\ud800","signature":'),
        (
            "raw-compact",
            "application/json",
            b'{ "\\udfff": "\xc3\xa9\\ud83d\\ude80" }',
            '{"\\udfff":"é\N{ROCKET}"}'.encode(),
        ),
        ("body-nul", "application/json", b'{"a": "x"}', b'{"a": "\\u0000x"}'),
    ],
)
def test_a_case_changes_what_there_is(case_id: str, media: str, body: bytes, ending: bytes) -> None:
    """Forms and other bodies are enlarged, forms carry fields; half of a surrogate pair in JSON stays one."""
    m = material(SCHEMES[0])
    case = case_named(case_id)
    assert case is not None

    event = msgspec.structs.replace(m.event, headers=(("content-type", media),), body=body)
    assert case.build(m._replace(event=event)).body.startswith(ending)


def test_nothing_is_made_of_a_form_that_only_json_allows() -> None:
    """A case that left the delivery as it is would judge nothing."""
    m = material(SCHEMES[0])
    event = msgspec.structs.replace(m.event, headers=(("content-type", "text/xml"),), body=b"<a/>")
    case = case_named("body-nul")
    assert case is not None

    with pytest.raises(EventError, match="event is not JSON, which this case changes"):
        case.build(m._replace(event=event))


def test_a_case_keeps_the_query_of_the_receiver() -> None:
    """What is sent and what the finding shows have one URL: that of the receiver, with the case's own query after."""
    for scheme in SCHEMES:
        m = material(scheme)._replace(url="https://receiver.example/hook?tenant=7")
        for case in CASES:
            if not case.not_applicable_to(scheme) and isinstance(built := built_or_refused(case, m), Request):
                path, _, query = built.target.partition("?")
                path = "/" + unquote(path.strip("/")).lower()  # as a router may take it
                assert (path, query.split("&")[0], "?" in query) == ("/hook", "tenant=7", False), (case.id, scheme.name)


def test_the_type_of_the_first_of_several_events_is_replaced() -> None:
    """A provider that sends lists of events may send unknown types in them too."""
    hubspot = next(s for s in SCHEMES if s.name == "hubspot")
    m = material(hubspot)._replace(type_key="0.subscriptionType")
    body = b'[{"subscriptionType": "a"}, {"subscriptionType": "b"}]'
    m = m._replace(event=msgspec.structs.replace(m.event, body=body))
    built = next(c for c in CASES if c.id == "unknown-type").build(m)

    unknown, other = (e["subscriptionType"] for e in json.loads(built.body))
    assert unknown not in ("a", "b", m.event.type)
    assert other == "b"


def test_an_id_is_there_once_and_every_item_exists() -> None:
    """A case is found by its id alone, and speaks to an item of the checklist."""
    ids = [c.id for c in CASES]

    assert len(set(ids)) == len(ids)
    assert {c.item for c in CASES} <= shipped().ids


@pytest.mark.parametrize(
    "scheme_name, case_id, reason",
    [
        ("github", "stale", "github does not sign a timestamp"),
        ("stripe", "future", "its own library accepts one from the future"),
        ("github", "right-signature-last", "github sends only one signature"),
        ("shopify", "older-version", "shopify does not label signatures with a version or algorithm"),
        ("discord", "empty-secret", "with discord the receiver has a public key, not a secret"),
        ("cloudevents", "altered-body", "cloudevents does not sign the body"),
        ("zoom", "stale", "the provider of zoom documents no tolerance"),
        ("hmac", "swapped-id", "hmac does not sign a separate event id"),
        ("rfc9421", "without-timestamp", "rfc9421 puts its timestamp among other parameters"),
        ("hmac", "legacy-sha1", "only GitHub sends that older header"),
        ("shopify", "upper-case", "shopify writes signatures in base64"),
        ("twilio", "text-bom", "twilio signs the parameters of a form, which are text, and not its bytes"),
    ],
)
def test_what_a_scheme_cannot_have_is_said(scheme_name: str, case_id: str, reason: str) -> None:
    """A case that does not concern a scheme tells the reason."""
    scheme = next(s for s in SCHEMES if s.name == scheme_name)
    case = next(c for c in CASES if c.id == case_id)

    assert reason in case.not_applicable_to(scheme)


@pytest.mark.parametrize("seconds", range(8))
def test_the_alphabet_for_urls_changes_one_character_in_every_run(seconds: int) -> None:
    """With three, a decoder that passes over what it does not know would not fail as it does with one."""
    scheme = next(s for s in SCHEMES if s.name == "standard-webhooks")
    case = case_named("base64-url-safe")
    assert case is not None
    built = case.delivery(material(scheme)._replace(timestamp=NOW + 100 * seconds))

    signature = dict(built.headers)["webhook-signature"]
    assert sum(map(signature.count, "-_")) == 1
