"""Credentials as they are written into their header, and wrong ones in the same form."""

from __future__ import annotations

import base64
import re

import pytest

from harness.contract.credential_forms import credential_for, first_half, made_up
from harness.model import SecretRef
from harness.model.config import ApiKey, Basic, Bearer

KEY = SecretRef("env:KEY")
CLAIMS = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0"


@pytest.mark.parametrize(
    "auth, header, value",
    [
        (Bearer(token=KEY), "Authorization", "Bearer k"),
        (Bearer(token=KEY, scheme="Token"), "Authorization", "Token k"),
        (ApiKey(key=KEY), "X-API-Key", "k"),
        (ApiKey(key=KEY, header="Authorization", scheme="Apikey"), "Authorization", "Apikey k"),
        (ApiKey(key=KEY, query="Key"), "?Key", "k"),
        (ApiKey(key=KEY, cookie="sid"), ";sid", "k"),
    ],
)
def test_the_scheme_is_the_word_before_the_credential(auth: Bearer | ApiKey, header: str, value: str) -> None:
    """A team names the word that its provider expects, such as Token, apart from the secret."""
    assert credential_for(auth, lambda _: "k").headers() == {header: value}


@pytest.mark.parametrize("username, sent", [("team", "team:word"), ("env:NAME", "named:word")])
def test_a_user_name_may_be_a_reference(username: str, sent: str) -> None:
    """A team that keeps the name beside the password writes both as references (RFC 7617 section 2)."""
    values = {"env:NAME": "named", "env:WORD": "word"}
    auth = Basic(username=username, password=SecretRef("env:WORD"))
    header = credential_for(auth, lambda ref: values[ref]).headers()["Authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == sent


@pytest.mark.parametrize(
    "secret, form",
    [
        ("Token 0123456789abcdef0123", r"Token [0-9a-f]{20}"),
        ("Apikey AbCdEf01234", r"Apikey [A-Z][a-z][A-Z][a-z][A-Z][a-z]\d{5}"),
        ("demo_key_" + "4eC39HqLyjWDarjtT1zdp7dc", r"demo_key_[A-Za-z0-9]{24}"),
        ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
        (
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            r"eyJhbGciOiJIUzI1NiJ9\.eyJzdWIiOiIxIn0\.[A-Za-z0-9]{12}",
        ),
        ("x", r"[a-z]"),
        ("----", r"----[0-9a-f]{16}"),
    ],
)
def test_a_made_up_secret_has_the_form_of_the_real_one(secret: str, form: str) -> None:
    """A wrong credential that differs in its form alone may be refused for that, which proves nothing."""
    for _ in range(20):
        made = made_up(secret)
        assert re.fullmatch(form, made)
        assert made != secret


def test_half_a_secret_keeps_the_scheme_that_it_begins_with() -> None:
    """What is cut is the credential, and not the word before it."""
    assert first_half("Token 12345678") == "Token 1234"
    assert first_half("12345678") == "1234"
