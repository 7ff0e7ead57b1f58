"""What is generated in place of the credential is sent as generated, and so never taken for accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from harness.model import Outcome
from tests.unit.conftest import document

if TYPE_CHECKING:
    from tests.unit.conftest import Attacker, Call, Reply, Serve

HTTP = {"type": "http", "scheme": "bearer"}
KEY = {"type": "apiKey", "in": "header", "name": "Authorization"}
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": 9}}


def secured(scheme: dict[str, str]) -> dict[str, Any]:
    return document(
        {
            "/things": {
                "get": {"parameters": [LIMIT], "responses": {c: {"description": "x"} for c in ("200", "400", "401")}}
            }
        },
        security=[{"key": []}],
        components={"securitySchemes": {"key": scheme}},
    )


@pytest.mark.parametrize("scheme", [HTTP, KEY], ids=["bearer", "api-key"])
@pytest.mark.parametrize("seed", range(3))
def test_a_request_without_its_credential_is_sent_without_it(
    attacker: Attacker, serve: Serve, scheme: dict[str, str], seed: int
) -> None:
    """The provider refuses it, and no finding says that something invalid was accepted."""
    refused: list[Call] = []

    def provider(call: Call) -> Reply:
        if call.method != "GET":
            return 405, {"allow": "GET"}, None
        if call.headers.get("authorization") != "Bearer " + "s3cret" * 4:
            refused.append(call)
            return 401, {"www-authenticate": "Bearer"}, None
        query = dict(pair.partition("=")[::2] for pair in call.path.partition("?")[2].split("&") if pair)
        fits = all(len(v) == 1 and v.isascii() and v.isdigit() for k, v in query.items() if k == "limit")
        return (200 if fits else 400), {}, None

    findings = attacker.fuzzer(secured(scheme), serve(provider), seed=seed, examples=30).fuzz("GET /things")

    assert [f.summary for f in findings if f.outcome is not Outcome.PASS] == []
    assert refused


def test_other_ways_to_authenticate_are_not_made_up_beside_the_credential(attacker: Attacker, serve: Serve) -> None:
    """A provider that looks for a key in the query or a cookie first gets no wrong one beside the right one."""
    right: list[Call] = []

    def provider(call: Call) -> Reply:
        if call.headers.get("authorization") == "Bearer " + "s3cret" * 4:
            right.append(call)
        return (200, {}, None) if call.method == "GET" else (405, {"allow": "GET"}, None)

    places = {"header": HTTP, "query": {**KEY, "in": "query", "name": "key"}, "cookie": {**KEY, "in": "cookie"}}
    described = secured(HTTP)
    described["security"] = [{name: []} for name in places]
    described["components"]["securitySchemes"] = places
    attacker.fuzzer(described, serve(provider), examples=30).fuzz("GET /things")

    assert len(right) > 20
    sent = [{name for name, _ in parse_qsl(urlsplit(c.path).query, keep_blank_values=True)} for c in right]
    assert not any("key" in names for names in sent)
    assert not any("cookie" in c.headers for c in right)
