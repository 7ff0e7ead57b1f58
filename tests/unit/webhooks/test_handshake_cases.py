"""Handshakes as receiver cases: asked as the provider asks, and judged by the whole answer."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import io
import json

import msgspec
import pytest

from harness.errors import EventError
from harness.model import Event, Outcome
from harness.webhooks.cases import Material, case_named
from harness.webhooks.schemes import scheme_named

EVENT = Event(name="event", type="x", id="evt_7", body=b'{"id": "evt_7", "type": "x"}')


def material(scheme: str) -> Material:
    found = scheme_named(scheme)
    return Material(found, EVENT, found.new_secret(), 1_790_000_000, url="http://127.0.0.1:1/hook")


def whole(status: int, body: str = "", **headers: str) -> str:
    """Return an answer as the wire tells it."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    return f"{status} Said\n{http.client.parse_headers(io.BytesIO(lines.encode()))}{body}"


@pytest.mark.parametrize(
    "scheme, right, wrong, flaw",
    [
        ("slack", whole(200, '{"challenge": "evt_7"}'), whole(200, "ok"), "HTTP 200 without the challenge"),
        ("discord", whole(200, '{"type": 1}', content_type="x/y"), whole(200, "{}"), "HTTP 200 without PONG"),
        ("cloudevents", whole(204, WebHook_Allowed_Origin="*"), whole(200, "ok"), "no WebHook-Allowed-Origin"),
    ],
)
def test_an_answer_is_judged_as_a_whole(scheme: str, right: str, wrong: str, flaw: str) -> None:
    """Headers and body count beside the status."""
    case, m = case_named(f"handshake-{scheme}"), material(scheme)

    assert case is not None
    assert case.check_answer is not None
    assert case.check_answer(m, right) == ""
    assert case.check_answer(m, wrong) == flaw


@pytest.mark.parametrize("scheme", ["slack", "zoom", "discord"])
def test_a_receiver_of_forms_is_not_asked_in_json(scheme: str) -> None:
    """Slack sends commands and interactions to URLs that never get its url_verification."""
    case, m = case_named(f"handshake-{scheme}"), material(scheme)
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    event = msgspec.structs.replace(m.event, headers=headers, body=b"command=%2Fweather")

    assert case is not None
    with pytest.raises(EventError, match="a URL that gets forms never gets"):
        case.build(m._replace(event=event))


def test_a_question_has_a_challenge_for_events_without_an_id() -> None:
    """An empty answer is no echo of it."""
    case, m = case_named("handshake-slack"), material("slack")
    m = m._replace(event=msgspec.structs.replace(m.event, id=""))

    assert case is not None
    assert case.check_answer is not None
    assert json.loads(case.build(m).body)["challenge"]
    assert case.check_answer(m, whole(200)) == "HTTP 200 without the challenge"


def test_zoom_wants_the_token_back_encrypted() -> None:
    """The receiver proves that it has the secret."""
    case, m = case_named("handshake-zoom"), material("zoom")
    proof = hmac.new(m.secret.encode(), b"evt_7", hashlib.sha256).hexdigest()

    assert case is not None
    assert case.check_answer is not None
    assert case.check_answer(m, whole(200, f'{{"plainToken": "evt_7", "encryptedToken": "{proof}"}}')) == ""
    assert case.check_answer(m, whole(200, '{"plainToken": "evt_7", "encryptedToken": "00"}')) != ""


def test_a_question_is_signed_where_the_provider_signs_it() -> None:
    """Slack signs its question as any delivery; CloudEvents asks with OPTIONS, without a body or a credential."""
    slack, cloud = case_named("handshake-slack"), case_named("handshake-cloudevents")
    m = material("slack")

    assert slack is not None
    assert cloud is not None
    built = slack.build(m)
    assert dict(built.headers)["x-slack-signature"] == m.value(m.signature(built.body))
    assert cloud.build(material("cloudevents")).method == "OPTIONS"
    assert "authorization" not in dict(cloud.build(material("cloudevents")).headers)
    assert slack.not_applicable_to(scheme_named("github")) == "only a provider with the scheme slack sends it"


def test_a_finding_expects_what_the_row_does() -> None:
    """The list of checks and `harness explain` read the row, so they show the whole response that is expected."""
    case = case_named("handshake-slack")

    assert case is not None
    assert case.expected == "HTTP 200 and the value of challenge"
    assert case.finding(Outcome.FAIL, "HTTP 200").expected == case.expected
