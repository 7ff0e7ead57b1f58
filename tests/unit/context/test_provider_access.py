"""The provider's document is fetched as the provider's own requests are: with the credential at its origin alone."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from harness.cli.surroundings import Surroundings
from harness.context.run_context import RunContext
from harness.errors import SpecError
from harness.http.client import Network
from harness.http.provider_client import ProviderClient
from tests.unit.conftest import document

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Call, Reply, Serve

PATHS = {"/a": {"get": {"parameters": [{"$ref": "/shared.json#/q"}], "responses": {"200": {"description": "x"}}}}}
SHARED = {"q": {"name": "q", "in": "query", "schema": {"type": "string"}}}
AUTHS = {
    'type = "bearer", token = "env:KEY"': ("authorization", "Bearer s3cret-s3cret"),
    'type = "api-key", key = "env:KEY", header = "X-Key"': ("x-key", "s3cret-s3cret"),
    'type = "api-key", key = "env:KEY", cookie = "Sid"': ("cookie", "Sid=s3cret-s3cret"),
    'type = "api-key", key = "env:KEY", query = "Key"': ("", "Key=s3cret-s3cret"),
}


@pytest.fixture(params=AUTHS, ids=["bearer", "header", "cookie", "query"])
def guarded(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A provider that answers nothing without its credential, with the target that describes it; the base URL."""
    name, value = AUTHS[request.param]
    monkeypatch.setenv("KEY", "s3cret-s3cret")

    def provider(call: Call) -> Reply:
        path, _, query = call.path.partition("?")
        if (call.headers.get(name) if name else query) != value:
            return 401, {}, None
        return 200, {}, SHARED if path == "/shared.json" else document(PATHS)

    url = serve(provider)
    described = f'[provider]\nbase_url = "{url}/v1"\nspec = "{url}/openapi.json"\nauth = {{ {request.param} }}\n'
    (tmp_path / "harness.toml").write_text('[target]\nname = "Tiny"\n' + described)
    return url


def test_a_document_behind_the_credential_is_read(guarded: str, tmp_path: Path) -> None:
    """So are the documents at that origin to which it refers, and a document that an option names there."""
    with RunContext.begun(tmp_path, overlay=None) as context:
        spec = context.spec
        context.client.close()
    named = Surroundings(tmp_path).spec(f"{guarded}/openapi.json", within=tmp_path)

    assert named is not None
    for found in (spec, named):
        assert found.bundle.unread == {}
        assert [p["name"] for p in found.operations[0].parameters] == ["q"]


def test_no_other_origin_gets_the_credential(guarded: str, serve: Serve, tmp_path: Path) -> None:
    """Another port is another server: it is asked without, and the message names the rule."""
    calls: list[Call] = []

    def elsewhere(call: Call) -> Reply:
        calls.append(call)
        return 401, {}, None

    target = tmp_path / "harness.toml"
    target.write_text(target.read_text().replace(f"{guarded}/openapi.json", f"{serve(elsewhere)}/openapi.json"))

    with RunContext.begun(tmp_path, overlay=None) as context:
        with pytest.raises(SpecError, match=r"\[provider\] auth is sent to the origin of base_url alone"):
            assert context.spec
        context.client.close()

    assert "s3cret-s3cret" not in str([call.headers for call in calls])
    assert calls


def test_an_access_token_is_asked_for_once(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request of the harness carries it; it is redacted in this process, and in those that learn it later."""
    monkeypatch.setenv("CLIENT_SECRET", secrets.token_hex(12))
    issued: list[str] = []

    def provider(call: Call) -> Reply:
        if call.path == "/token":
            issued.append(secrets.token_urlsafe(24))
            return 200, {}, {"access_token": issued[-1], "token_type": "Bearer", "expires_in": 3600}
        return (200 if call.headers.get("authorization") == f"Bearer {issued[-1]}" else 401), {}, document(PATHS)

    url = serve(provider)
    (tmp_path / "harness.toml").write_text(
        f'[target]\nname = "Tiny"\n[provider]\nbase_url = "{url}"\nspec = "{url}/openapi.json"\n[provider.auth]\n'
        f'type = "oauth2-client-credentials"\ntoken_url = "{url}/token"\nclient_id = "me"\n'
        'client_secret = "env:CLIENT_SECRET"\n'
    )
    with RunContext.begun(tmp_path, overlay=None) as context:
        assert context.spec.operations
        with context.provider.own_client() as client:
            answer = client.send(client.build("GET", "/a")).response
        other = RunContext.load(tmp_path, run=context.run, overlay=None, reports=tmp_path)
        other.secrets.learn_issued()
        shown = [each.vault.redact(f"Bearer {issued[0]}") for each in (context, other)]

    assert answer is not None
    assert answer.status_code == 200
    assert len(issued) == 1
    assert [text.startswith("Bearer [REDACTED access token") for text in shown] == [True, True]


def test_a_request_is_sent_with_the_token_of_now(serve: Serve) -> None:
    """One that was built with a token that was renewed meanwhile carries the new one."""
    arrived: list[str] = []

    def provider(call: Call) -> Reply:
        arrived.append(call.headers["authorization"])
        return 200, {}, {}

    headers = {"authorization": "first"}
    with ProviderClient(Network(), serve(provider), lambda: headers) as client:
        request = client.build("GET", "/a")
        client.send(request)
        headers = {"authorization": "second"}
        client.send(request)

    assert arrived == ["first", "second"]
