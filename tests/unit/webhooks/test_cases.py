"""The rows of receiver cases, built for every scheme."""

from __future__ import annotations

import pytest

from harness.model import Event
from harness.readiness.checklist import shipped
from harness.webhooks.cases import CASES, Expected, Material
from harness.webhooks.schemes import SCHEMES, Scheme

NOW = 1_790_000_000
OBJECT = b'{ "id": "evt_0", "event_id": "evt_0", "type": "x", "data": { "a": null, "b": [1] } }'


def material(scheme: Scheme) -> Material:
    body = b"[" + OBJECT + b"]" if scheme.id_key.startswith("0.") else OBJECT
    headers = (("content-type", "application/json"), *(((scheme.id_header, "evt_0"),) if scheme.id_header else ()))
    event = Event(name="event", type="x", id="evt_0", body=body, headers=headers)
    return Material(scheme, event, scheme.new_secret(), NOW, url="http://127.0.0.1:1/hook")


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.name)
def test_every_case_is_built_or_says_why_not(scheme: Scheme) -> None:
    """Each row builds a delivery for each scheme it concerns, and what must be refused is never what is genuine."""
    m = material(scheme)
    genuine = m.signed()

    for case in CASES:
        if case.not_applicable_to(scheme):
            continue
        built = case.build(m)
        forged = case.expected in (Expected.REFUSED, Expected.REFUSED_OR_CUT)
        assert not forged or built != genuine, f"{case.id} is genuine for {scheme.name}"


def test_an_id_is_there_once_and_every_item_exists() -> None:
    """A case is found by its id alone, and speaks to an item of the checklist."""
    ids = [c.id for c in CASES]

    assert len(set(ids)) == len(ids)
    assert {c.item for c in CASES} <= shipped().ids


@pytest.mark.parametrize(
    "scheme_name, case_id, reason",
    [
        ("github", "stale", "github signs no timestamp"),
        ("stripe", "future", "its own library takes one from the future"),
        ("github", "right-signature-last", "github sends one signature alone"),
        ("shopify", "older-version", "shopify writes no version or algorithm beside the signature"),
        ("discord", "empty-secret", "a receiver of discord holds a public key, not a secret"),
        ("cloudevents", "altered-body", "cloudevents signs no body"),
        ("zoom", "stale", "the provider of zoom names no tolerance"),
        ("hmac", "swapped-id", "hmac signs no id beside the body"),
        ("rfc9421", "without-timestamp", "rfc9421 keeps its timestamp among other parameters"),
        ("hmac", "legacy-sha1", "only GitHub sends an older header"),
        ("shopify", "upper-case", "shopify writes signatures in base64"),
    ],
)
def test_what_a_scheme_cannot_have_is_said(scheme_name: str, case_id: str, reason: str) -> None:
    """A case that does not concern a scheme tells the reason."""
    scheme = next(s for s in SCHEMES if s.name == scheme_name)
    case = next(c for c in CASES if c.id == case_id)

    assert reason in case.not_applicable_to(scheme)
