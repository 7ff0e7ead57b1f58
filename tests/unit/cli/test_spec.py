"""`harness spec check` of a document at a URL."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.main import main
from tests.unit.cli.test_init_document import TOKEN, Guarded


def check(*words: str) -> Result:
    return CliRunner().invoke(main, ["spec", "check", *words])


def test_a_url_is_read_with_the_credential_of_its_own_provider_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With harness.toml as its provider asks for it; without, the sentence names what to do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPEC_KEY", TOKEN)
    with Guarded() as guarded:
        url = f"{guarded.url}/openapi.json"
        without = check(url)
        auth = '{ type = "bearer", token = "env:SPEC_KEY" }'
        (tmp_path / "harness.toml").write_text(
            f'[target]\nname = "Acme"\n[provider]\nspec = "{url}"\nbase_url = "{guarded.url}/v1"\nauth = {auth}\n'
        )
        shown = check(url, "--json")

    assert (without.exit_code, guarded.seen) == (1, ["", f"Bearer {TOKEN}"])
    assert f"{url} cannot be read: it was answered with HTTP 401. It is behind a credential: that of" in without.output
    assert json.loads(shown.stdout)["file"] == url


def test_a_path_that_is_not_there_is_wrong_usage() -> None:
    """As for every other path of a command line."""
    ended = check("no-such-document.yaml")

    assert "'no-such-document.yaml' does not exist" in ended.output
    assert ended.exit_code == 4
