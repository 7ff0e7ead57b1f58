"""What is read may be normalised, and not replaced: each pair of values, with whether a reading allows it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.contract.readback import agrees, is_compared

ALLOWED: list[tuple[Any, Any]] = [
    ("  Zoë  ", "Zoe"),
    ("Owner@Example.com", "owner@example.com"),
    ("10.50", "10.5"),
    ("11.50", 11.5),
    ("2031-03-04T05:06:07+02:00", "2031-03-04T03:06:07.000Z"),
    ("2031-03-04T05:06:07", "2031-03-04T05:06:07Z"),
    ("a <b>bold</b> text", "a bold text"),
    ("4242424242424242", "************4242"),
    ("high", 3),
    ("https://example.com/a", "https://example.com/a/"),
    ("team-7", {"id": "team-7", "name": "Seven"}),
    (12.3456, 12.35),
    (7, "7"),
    (7, {"amount": 7, "currency": "EUR"}),
    (True, 1),
    (False, None),
    (["b", "a", "a"], ["a", "b", "default"]),
    ({"a": 1, "b": None}, {"a": 1.0, "c": 2}),
    (None, "a default"),
    ("", None),
]
REPLACED: list[tuple[Any, Any]] = [
    ("onboarding", "onboar"),
    ("onboarding", ""),
    ("onboarding", None),
    ("Zoë 東京", "Zoë"),
    ("007", "7"),
    ("2031-03-04T05:06:07Z", "2031-03-04T07:06:07Z"),
    (7, 8),
    (7, None),
    (7.25, 7),
    (True, False),
    (False, True),
    (["a", "b"], ["a"]),
    (["a"], []),
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, None),
]


@pytest.mark.parametrize("written, read", ALLOWED)
def test_a_normalised_value_agrees(written: Any, read: Any) -> None:
    """Case, accents, zones, precision, order, masks and expanded references are the provider's choice."""
    assert agrees(written, read)


@pytest.mark.parametrize("written, read", REPLACED)
def test_a_replaced_value_does_not(written: Any, read: Any) -> None:
    """What is cut, dropped, shifted or another value is not what was written."""
    assert not agrees(written, read)


@pytest.mark.parametrize(
    "name, is_shared, expected",
    [
        ("name", True, True),
        ("lastName", True, True),
        ("completed", True, True),
        ("ownerEmail", False, True),
        ("owner", False, True),
        ("owner", True, False),
        ("createdBy", True, False),
        ("id", False, False),
        ("updatedAt", False, False),
        ("lastSeen", False, False),
        ("version", False, False),
        ("ttl", False, False),
        ("password", False, False),
    ],
)
def test_what_the_server_sets_is_not_compared(name: str, is_shared: bool, expected: bool) -> None:  # noqa: FBT001
    """Times, versions, identifiers and secrets are the server's; others where one schema serves both directions."""
    assert is_compared(name, {"type": "string"}, shared=is_shared) is expected
