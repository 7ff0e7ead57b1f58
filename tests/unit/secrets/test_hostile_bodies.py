"""Bodies that would keep a search busy: the time grows with their length, not with its square."""

from __future__ import annotations

import time

import pytest

from harness.secrets.redaction.redactor import Redactor

SIZE = 60_000
WITHIN_S = 5.0
UNITS = [
    *("\\", '\\"', '"', '"\\', "=", "&", "%", "[", "{", "<", ":", "@", "-", "a", "1", " ", "\n", "\t", "eyJ"),
    *("-eyJaaaaaaaa", "token", "token=", "token ", "Bearer ", "Basic ", "sk_live_", "http://a:", "://", "<token>"),
    *("<token ", '"token":', '"token":"', '\\"token\\":\\"', '"ab\\":\\"', "-----BEGIN ", "a=b&", "cookie:", "%5C"),
    *("cookie: \n", "SG.", "xoxb-", "data:{"),
]


@pytest.mark.parametrize("unit", UNITS, ids=[unit.encode().hex() for unit in UNITS])
@pytest.mark.parametrize(
    "before, after", [("secret", ""), ('{"password": "', "x"), ("authorization: ", '"')], ids=["text", "json", "line"]
)
def test_a_hostile_body_is_searched_in_linear_time(unit: str, before: str, after: str) -> None:
    """60 kB of any repeated text take less than five seconds, not 20, which holds a server's only thread."""
    body = f"{before}{unit * (SIZE // len(unit))}{after}".encode()

    begun = time.process_time()
    for media_type in ("", "application/json", "application/x-www-form-urlencoded"):
        Redactor().body(body, media_type=media_type, received=True)

    assert time.process_time() - begun < WITHIN_S


@pytest.mark.parametrize("depth", range(4))
def test_a_member_is_redacted_at_every_depth(depth: int) -> None:
    """JSON within text that is JSON within JSON: quotes are escaped alike on both sides of name and value."""
    slashes = "\\" * (2**depth - 1)
    quote = f'{slashes}"'
    members = {"a": "b", "password": "hunter2 x", "c": "d"}
    text = "line: " + ", ".join(f"{quote}{k}{quote}: {quote}{v}{quote}" for k, v in members.items())

    clean = Redactor().body(text.encode(), received=True).decode()

    assert clean == text.replace("hunter2 x", "[REDACTED received password]")
