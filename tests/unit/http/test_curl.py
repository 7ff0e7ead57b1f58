"""One curl command sends exactly the request that it shows, whatever its bytes are, and shows no secret."""

from __future__ import annotations

from typing import Any

import pytest

from harness.http.curl import curl

SHOWN: dict[str, tuple[dict[str, Any], str]] = {
    "POST goes without saying": ({}, "curl -i -H 'x-key: s3cret' --data-binary '{}' http://a/"),
    "hidden": (
        {"hidden": {"x-key"}},
        "curl -i -H 'x-key: (computed by harness deliver)' --data-binary '{}' http://a/",
    ),
    "credential": (
        {"method": "PUT", "credential": ("authorization",), "hidden": {"x-key"}},
        "-X PUT -H \"authorization: $CREDENTIAL\" -H 'x-key: (computed by harness deliver)' --data-binary '{}' http://a/",
    ),
    "credential elsewhere": (
        {"credential": ("?Key", ";Sid"), "hidden": {"x-key"}},
        """-i -b "Sid=$CREDENTIAL" -H 'x-key: (computed by harness deliver)' --data-binary '{}' http://a/"?Key=$CREDENTIAL\"""",
    ),
    "too long": ({"most_chars": 1}, "--data-binary '@(2 bytes, beginning with {})' http://a/"),
}


@pytest.mark.parametrize("options, line", SHOWN.values(), ids=SHOWN.keys())
def test_secrets_and_long_bodies_are_left_out(options: dict[str, Any], line: str) -> None:
    """A hidden header is named, without its value; a long body is described."""
    headers = (("content-type", "application/json"), ("x-key", "s3cret"))
    shown = curl("http://a/", headers, b"{}", **options).replace(" -H 'content-type: application/json'", "")

    assert shown.endswith(line)
    assert ("s3cret" in shown) is ("hidden" not in options)
