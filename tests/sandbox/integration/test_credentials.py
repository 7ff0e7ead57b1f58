from __future__ import annotations

from pathlib import Path

import pytest

from harness.sandbox.defects import Planted
from harness.sandbox.integration.credentials import ApiCredential, CredentialError
from harness.sandbox.integration.settings import Settings, database_url

NONE = Planted()
ENVIRON = {"PRODUCT_API_KEY": "key-value", "PRODUCT_WEBHOOK_SECRET": "hook-value", "PRODUCT_BASE_URL": "http://x"}


def test_a_file_is_read_again_when_it_is_needed(tmp_path: Path) -> None:
    """A rotation needs no restart; while the file is missing or empty, the last good value counts."""
    file = tmp_path / "key"
    file.write_text("one\n")
    credential = ApiCredential.from_environment("KEY", {"KEY_FILE": str(file), "KEY": "not this"})

    assert credential.current() == "one"
    file.write_text("two\n")
    assert credential.current() == "two"
    file.write_text("")
    assert credential.current() == "two"
    file.unlink()
    assert credential.current() == "two"
    assert credential.seen == {"one", "two"}


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """The message says which variable, and how a file is named."""
    with pytest.raises(
        CredentialError, match=r"KEY is not set\. The sandbox reads .* from KEY, or from a file: KEY_FILE"
    ):
        ApiCredential.from_environment("KEY", {})
    with pytest.raises(CredentialError, match=r"The file .*nowhere that KEY_FILE names is missing or empty"):
        ApiCredential.from_environment("KEY", {"KEY_FILE": str(tmp_path / "nowhere")})
    with pytest.raises(CredentialError, match="PRODUCT_BASE_URL is not set"):
        Settings.from_environment("x.db", {}, planted=NONE)


def test_no_repr_says_a_value() -> None:
    """Neither credentials nor settings print what they hold, the database's password included."""
    settings = Settings.from_environment("postgresql://u:pass-value@h/d", ENVIRON, planted=NONE)

    assert "value" not in repr(settings)
    assert settings.secrets() == {"key-value", "hook-value", "pass-value"}


def test_the_previous_secret_is_valid_beside_the_current_one() -> None:
    """During a rotation both count, the current one first."""
    settings = Settings.from_environment("x", {**ENVIRON, "PRODUCT_WEBHOOK_SECRET_PREVIOUS": "old"}, planted=NONE)

    assert settings.webhook_secrets() == ("hook-value", "old")
    assert Settings.from_environment("x", ENVIRON, planted=NONE).webhook_secrets() == ("hook-value",)


def test_a_database_is_named_as_its_own_tools_name_it() -> None:
    """A path is SQLite; a PostgreSQL URL gets the driver."""
    assert database_url("a/b.db") == "sqlite:///a/b.db"
    assert database_url("postgres://u@h/d") == database_url("postgresql://u@h/d") == "postgresql+psycopg://u@h/d"
    assert database_url("sqlite:///x.db") == "sqlite:///x.db"
