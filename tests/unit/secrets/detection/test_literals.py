"""What a configuration may not hold, by the same list that redaction goes by."""

from __future__ import annotations

import secrets

import pytest

from harness.secrets.detection.secret_names import looks_like_secret, names_secret
from harness.secrets.redaction.redactor import Redactor

NAMES = (
    *("token", "secret", "password", "passwd", "pwd", "api_key", "apikey", "access_key", "private_key", "API_KEY"),
    *("db.password", "x-api-key", "clientSecret", "passphrase", "jwt", "otp", "credentials", "client_assertion"),
    *("session_key", "signing-key", "sig", "webhook_signature", "USER_TOKEN", "shared_secret", "pin"),
)
RANDOM = secrets.token_hex(12)
SHAPES = {
    "stripe": "sk_live_" + RANDOM,
    "stripe restricted": "rk_test_" + RANDOM,
    "webhook": "whsec_" + RANDOM,
    "github": "ghp_" + RANDOM,
    "github, fine-grained": "github_pat_" + RANDOM,
    "gitlab": "glpat-" + RANDOM,
    "slack": "xoxb-" + RANDOM,
    "slack refresh": "xoxe-" + RANDOM,
    "aws": "AKIA" + "ABCD1234" * 2,
    "aws, temporary": "ASIA" + "ABCD1234" * 2,
    "google": "AIza" + RANDOM + RANDOM,
    "sendgrid": f"SG.{RANDOM}.{RANDOM}",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nabc",
    "bearer": "Bearer 1" + RANDOM,
    "basic": "Basic 1" + RANDOM,
    "url": f"https://user:{RANDOM}@api.example.com",
    "url without a user": f"redis://:{RANDOM}@localhost:6379",
}


@pytest.mark.parametrize("name", NAMES)
def test_one_list_of_names_serves_the_configuration_and_redaction(name: str) -> None:
    """A name that redaction takes for a secret's may not stand beside a literal, and the other way round."""
    assert looks_like_secret(name, "hunter2")
    assert names_secret(name, query=True)


@pytest.mark.parametrize("shape", SHAPES)
def test_one_list_of_shapes_serves_the_configuration_and_redaction(shape: str) -> None:
    """A text that is a secret by its shape is one in harness.toml and in a recording."""
    value = SHAPES[shape]

    assert looks_like_secret("command", f"--with={value}")
    assert RANDOM not in Redactor().text(f"it said {value} and ended")
    assert Redactor().body(f'{{"x": "{value}"}}'.encode()) != f'{{"x": "{value}"}}'.encode()


@pytest.mark.parametrize(
    "key,value",
    [
        ("token", "env:TOKEN"),
        ("token", ""),
        ("token", "{port:app}"),
        ("public_key", "abc"),
        ("publickey", "abc"),
        ("next_page_token", "abc"),
        ("max_tokens", "100"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/etc/app.json"),
        ("base_url", "https://api.example.com:8080/a@b"),
        pytest.param("command", "pk_live_" + RANDOM, id="publishable"),
        ("monkey", "abc"),
        ("secret_at", "$.secret"),
        ("description", "Bearer of news"),
    ],
)
def test_what_only_reads_like_a_secret_is_none(key: str, value: str) -> None:
    """References, placeholders, public keys, cursors and prose may stand in harness.toml."""
    assert not looks_like_secret(key, value)


def test_any_other_key_of_a_configuration_is_a_secret() -> None:
    """Its author chose the name; in a request, a key may sort or partition."""
    assert looks_like_secret("MAPS_KEY", "abc")
    assert not names_secret("partition_key", query=True)
