"""New ids look as the provider's own do."""

from __future__ import annotations

import random
import re
import time
import uuid
from collections import Counter
from types import SimpleNamespace

import pytest

from harness.webhooks import similar_ids
from harness.webhooks.similar_ids import similar_id, similar_number


@pytest.fixture(autouse=True)
def _the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the same ids in each run: two of 300 short ones are equal once in a few thousand runs."""
    monkeypatch.setattr(similar_ids, "_chance", random.Random(7))


@pytest.mark.parametrize(
    "old, form",
    [
        ("pi_3MtwBwLkdIwHu7ix28a3tqPa", r"pi_[0-9A-Za-z]{24}"),
        ("cs_test_a1b2c3d4e5", r"cs_test_[0-9a-f]{10}"),
        ("evt_9f2c41d07be35a86", r"evt_[0-9a-f]{16}"),
        (
            "0b3c9a52-1d7e-4f60-9a53-3c1f0e2d4b5a",
            r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        ),
        (
            "0B3C9A52-1D7E-4F60-9A53-3C1F0E2D4B5A",
            r"[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}",
        ),
        ("550e8400e29b41d4a716446655440000", r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}"),
        (
            "72d3162e-cc78-11e3-81ab-4c9367dc0958",
            r"[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        ),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", r"0[A-HJKMNP-TV-Z0-9]{25}"),
        ("820982911946154508", r"820982[0-9]{12}"),
        ("gid://shop/Order/820982911946154508", r"gid://shop/Order/[1-9][0-9]{17}"),
        ("SM0123456789abcdef0123456789abcdef", r"SM[0-9a-f]{32}"),
        ("Ev08MFMKH6", r"Ev[0-9A-Z]{8}"),
        ("WH-2WR32451HC0233532-67976317FL4543714", r"WH-[0-9A-Z]{17}-[0-9A-Z]{17}"),
        ("V1StGXR8_Z5jdHi6B-myT", r"[A-Za-z0-9_-]{21}"),
        ("evt_20261102_k3j4x9q2m8", r"evt_[0-9]{8}_[0-9a-z]{10}"),
    ],
)
def test_a_new_id_has_the_form_of_the_old(old: str, form: str) -> None:
    """Prefix, separators, length and alphabet stay, so that no receiver or schema refuses it."""
    made = {similar_id(old) for _ in range(20)}

    assert len(made) == 20
    assert all(re.fullmatch(form, new) and len(new) == len(old) for new in made)


def test_nothing_but_the_prefix_is_constant() -> None:
    """Each place of an id has each character of the alphabet, not only letters where the old id has one."""
    made = [similar_id("evt_1NG8Du2eZvKYlo2CUI79vXWy") for _ in range(2000)]

    for place in range(4, 28):
        counts = Counter(new[place] for new in made)
        assert len(counts) == 62
        assert max(counts.values()) < 2000 / 62 * 2.5


def test_an_id_that_begins_with_a_time_begins_with_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """ULIDs, KSUIDs, ObjectIds, TypeIDs and UUIDs of version 1, 6 and 7 are in the order of their making."""
    now = time.time()  # stands still, for some begin with the millisecond
    clock = SimpleNamespace(time=lambda: now, time_ns=lambda: int(now * 1e9))
    monkeypatch.setattr(similar_ids, "time", clock)
    for old in (
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "msg_2zWPBgLlAfxdpx2AI54pPJ85f4W",
        f"{int(now) - 86400 * 30:08x}bcf86cd799439011",
        "user_01h2xcejqtf2nbrexx3vqjhp41",
        "018f3b5c-7d2a-7e4f-9b1c-2d3e4f5a6b7c",
    ):
        earlier, later = similar_id(old), similar_id(old)
        assert len(earlier) == len(old)
        assert earlier[: len(old) - 23] == later[: len(old) - 23]
    made = uuid.UUID(similar_id("72d3162e-cc78-11e3-81ab-4c9367dc0958"))
    assert abs((made.time - 0x01B21DD213814000) / 1e7 - now) < 60
    sixth = uuid.UUID(similar_id("1ec9414c-232a-6b00-b3c8-9e6bdeced846"))
    assert sixth.version == 6
    assert str(sixth)[:4] == f"{(int(now * 1e7) + 0x01B21DD213814000) >> 44:04x}"
    seventh = uuid.UUID(similar_id("018f3b5c-7d2a-7e4f-9b1c-2d3e4f5a6b7c"))
    assert seventh.version == 7
    assert abs((seventh.int >> 80) / 1000 - now) < 60


@pytest.mark.parametrize("old", ["evt_fixture_0001", "a", "A-1", "7", "x y", "", "Ünï"])
def test_an_id_with_too_little_room_becomes_longer(old: str) -> None:
    """Else two deliveries would have the same id, and one would count as a duplicate."""
    made = {similar_id(old) for _ in range(300)}

    assert len(made) == 300
    assert all(len(new) > len(old) for new in made)


def test_a_number_keeps_its_size() -> None:
    """It fits where the old one fits, and a long one differs in its last digits, as numbers that count up do."""
    for old in (10**9, 4_711_000_000, 820982911946154508, 2**53 - 2, 2**62):
        made = {similar_number(old) for _ in range(50)}
        assert len(made) == 50
        assert {len(str(new)) for new in made} == {len(str(old))}
        assert max(made) < (2**53 if old < 2**53 else 2**63)
    assert all(10**8 <= similar_number(7) < 10**9 for _ in range(50))
