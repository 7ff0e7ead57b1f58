"""The registration of the harness' own endpoint: what it says when it does not work."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx

from harness.contract.registration import Registration
from harness.model.config import ProviderWebhooks

sys.path.insert(0, str(Path(__file__).parent))
from api import DOCUMENT, Things, client_on, problem, spec_of

ASKED = ProviderWebhooks(register="POST /things", body={"name": "{catcher}", "more": ["{catcher}"]})


def registration(handler: Any, settings: ProviderWebhooks = ASKED) -> Registration:
    return Registration(spec_of(DOCUMENT), client_on(handler), settings)


def test_it_registers_and_takes_back() -> None:
    """The URL stands in the body where `{catcher}` stood, and what was made is deleted at the end."""
    things, bodies = Things(), []

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return things(request)

    made = registration(handler)

    assert made.begin("http://127.0.0.1:1/hooks") == ""
    assert json.loads(bodies[0])["more"] == ["http://127.0.0.1:1/hooks"]
    assert len(things.things) == 1
    made.end()
    assert things.things == {}


def test_it_says_why_it_cannot() -> None:
    """An unknown operation, a refusal and silence are told, with the key to mend."""

    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    unknown = registration(Things(), ProviderWebhooks(register="POST /thing")).begin("u")

    assert unknown.startswith("harness.toml: [provider.webhooks] register: 'POST /thing': Did you mean 'POST /things'?")
    assert "answered 422" in registration(lambda _: problem(422)).begin("u")
    assert "Mend [provider.webhooks] body" in registration(lambda _: problem(422)).begin("u")
    assert "gave no answer (ConnectError)" in registration(silent).begin("u")


def test_nothing_is_registered_where_that_is_done_by_hand() -> None:
    """Without `register` no call is made."""
    made = registration(lambda _: problem(500), ProviderWebhooks())

    assert made.begin("u") == ""
    made.end()
