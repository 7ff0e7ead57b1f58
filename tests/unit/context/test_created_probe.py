"""The probe that counts what a run created is sent the provider's credential at the provider's own address alone."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from harness.context.drill_settings import created_of
from harness.context.run_context import RunContext
from harness.model.config import EffectSource
from tests.unit.conftest import Call, Reply, Serve


def test_the_credential_stays_with_the_provider(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list under `count` is counted at both addresses."""
    token = secrets.token_hex(16)
    monkeypatch.setenv("A_TOKEN", token)
    seen: list[Call] = []

    def answer(call: Call) -> Reply:
        seen.append(call)
        return 200, {}, {"data": [1, 2], "next": None}

    own, other = serve(answer), serve(answer)
    (tmp_path / "harness.toml").write_text(
        f'[target]\nname = "t"\n[provider]\nspec = "x.json"\nbase_url = "{own}"\n'
        f'auth = {{ type = "bearer", token = "env:A_TOKEN" }}\n[client]\ncommand = ["x"]\n'
        f'created = {{ url = "{other}" }}\n'
    )
    with RunContext.begun(tmp_path, overlay=None) as run_context:
        counts = [
            created_of(run_context, EffectSource(url=f"{url}/orders?by={{event_id}}", count="data"))("w 1")
            for url in (own, other)
        ]
        run_context.client.close()

    assert counts == [2, 2]
    assert [call.path for call in seen] == ["/orders?by=w%201"] * 2
    assert [call.headers.get("authorization") for call in seen] == [f"Bearer {token}", None]
