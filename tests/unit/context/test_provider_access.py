"""The provider's document is fetched as the provider's own requests are: with the credential at its origin alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.cli.surroundings import Surroundings
from harness.context.run_context import RunContext
from harness.errors import SpecError
from tests.unit.conftest import document

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Call, Reply, Serve

PATHS = {"/a": {"get": {"parameters": [{"$ref": "/shared.json#/q"}], "responses": {"200": {"description": "x"}}}}}
SHARED = {"q": {"name": "q", "in": "query", "schema": {"type": "string"}}}
AUTHS = {
    'type = "bearer", token = "env:KEY"': ("authorization", "Bearer s3cret-s3cret"),
    'type = "api-key", key = "env:KEY", header = "X-Key"': ("x-key", "s3cret-s3cret"),
}


@pytest.fixture(params=AUTHS)
def guarded(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A provider that answers nothing without its credential, with the target that describes it; the base URL."""
    name, value = AUTHS[request.param]
    monkeypatch.setenv("KEY", "s3cret-s3cret")

    def provider(call: Call) -> Reply:
        if call.headers.get(name) != value:
            return 401, {}, None
        return 200, {}, SHARED if call.path == "/shared.json" else document(PATHS)

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
        with pytest.raises(SpecError, match=r"\[provider\] auth, which is sent to the origin of base_url alone"):
            assert context.spec
        context.client.close()

    assert "s3cret-s3cret" not in str([call.headers for call in calls])
    assert calls
