"""A URL with a user and password may stand in the environment, and these are secrets wherever they appear."""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import pytest

from harness.context.referred_urls import hide_credentials, with_referred_urls
from harness.context.target import load_target
from harness.core.output import redacted_streams
from harness.errors import ConfigurationError, SecretError
from harness.secrets import Vault

SECTION = {
    "receiver": '[receiver]\nurl = "env:TARGET_URL"\n',
    "provider": '[provider]\nspec = "openapi.yaml"\nbase_url = "env:TARGET_URL"\n',
    "effects": '[receiver]\nurl = "http://127.0.0.1:1/"\neffects = { url = "env:TARGET_URL" }\n',
}


@pytest.mark.parametrize("section", SECTION)
def test_a_url_is_taken_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, section: str) -> None:
    """It is no secret as a whole: else every answer of the provider would hold one."""
    monkeypatch.setenv("TARGET_URL", "http://me:p%40ss-word@127.0.0.1:3000/h")
    (tmp_path / "harness.toml").write_text(f'[target]\nname = "x"\n{SECTION[section]}')

    target = load_target(tmp_path)

    assert "http://me:p%40ss-word@127.0.0.1:3000/h" in target.urls
    assert target.references == ()


@pytest.mark.parametrize("section", SECTION)
def test_a_variable_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, section: str) -> None:
    """The message names file, key and variable, and what to do."""
    monkeypatch.delenv("TARGET_URL", raising=False)
    (tmp_path / "harness.toml").write_text(f'[target]\nname = "x"\n{SECTION[section]}')

    with pytest.raises(SecretError, match=r"harness\.toml: .*url refers to env:TARGET_URL, and that .* is not set"):
        load_target(tmp_path)


@pytest.mark.parametrize("url", ["http://me:p%40ss-word@127.0.0.1:3000/h", "https://me:p%40ss-word@h.example"])
def test_user_and_password_are_redacted(tmp_path: Path, url: str) -> None:
    """As they are written in the URL, and as Basic authentication sends them."""
    vault = Vault(seed="", root=tmp_path)

    hide_credentials([url, "http://127.0.0.1/a@b"], vault)

    basic = base64.b64encode(b"me:p@ss-word").decode()
    shown = vault.redact(f"{url} Authorization: Basic {basic} http://127.0.0.1/a@b")
    assert "p%40ss" not in shown
    assert basic not in shown
    assert shown.endswith(" http://127.0.0.1/a@b")


def test_two_credentials_of_the_provider_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request has one Authorization header: which of the two is sent is not left to chance."""
    monkeypatch.setenv("TARGET_URL", "http://me:p%40ss-word@127.0.0.1:3000/h")
    text = f'[target]\nname = "x"\n{SECTION["provider"]}auth = {{ type = "bearer", token = "env:T" }}\n'
    (tmp_path / "harness.toml").write_text(text)

    with pytest.raises(ConfigurationError, match=r"\[provider\] base_url has .* or remove auth\.") as refused:
        load_target(tmp_path)

    assert "p%40ss" not in str(refused.value)


def test_a_url_of_the_environment_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no secret by itself: a command prints where it sends to."""
    monkeypatch.setenv("BASE", "https://api.example/v1")

    with redacted_streams():
        found = with_referred_urls({"provider": {"base_url": "env:BASE"}}, tmp_path, "harness.toml")
        sys.stdout.write(found["provider"]["base_url"])

    assert capsys.readouterr().out == "https://api.example/v1"
