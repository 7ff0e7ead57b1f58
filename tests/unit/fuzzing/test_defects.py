"""A request is shown as a command line that sends exactly it, without the credential."""

from __future__ import annotations

import httpx

from harness.fuzzing.defects import as_request


def test_the_credential_is_neither_kept_nor_shown() -> None:
    """Its header is named; a made-up value in its place is part of the request."""
    secret = "Bearer " + "k3y" * 8
    known = {"Authorization": secret}
    honest, made_up = (
        as_request(httpx.Request("GET", "http://a/v1/x", headers={"Authorization": value}), "http://a/v1", known)
        for value in (secret, "Bearer 0")
    )

    assert honest.secret == ("authorization",)
    assert "k3y" not in repr(honest)
    assert honest.curl("http://a/v1") == 'curl -i -X GET -H "authorization: $CREDENTIAL" http://a/v1/x'
    assert made_up.curl("http://a/v1") == "curl -i -X GET -H 'authorization: Bearer 0' http://a/v1/x"
