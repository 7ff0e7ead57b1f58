"""Ids that differ in one character are ids of the same kind."""

from __future__ import annotations

import pytest

from harness.webhooks.near_ids import near_ids
from harness.webhooks.similar_ids import similar_id

LAST, CASE, FIRST = "the last character", "the case of a letter", "the first character that varies"


@pytest.mark.parametrize(
    "old, near",
    [
        ("evt_59e2fa6c146ae314", {LAST: "evt_59e2fa6c146ae315", FIRST: "evt_69e2fa6c146ae314"}),
        ("evt_1MtHbELkdIwHu7", {LAST: "evt_1MtHbELkdIwHu8", CASE: "evt_1MtHbELkdIwHU7", FIRST: "evt_2MtHbELkdIwHu7"}),
        ("9007199254740993", {LAST: "9007199254740994"}),
        ("98880550-7158-44d4-b7cd-2c97c8a091b5", {LAST: "98880550-7158-44d4-b7cd-2c97c8a091b6"}),
        ("", {}),
    ],
    ids=["hexadecimal", "mixed-case", "number", "uuid", "none"],
)
def test_an_id_has_others_near_it(old: str, near: dict[str, str]) -> None:
    """One character differs; the case of a letter only where the alphabet has both, and no time at the beginning."""
    assert near_ids(old) == near


@pytest.mark.parametrize("old", ["evt_59e2fa6c146ae314", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", "WH-58D329510W468432D"])
def test_any_id_has_one_that_differs_in_one_character(old: str) -> None:
    """Whatever its kind, a near id has the same length, and differs in one place."""
    for each in range(50):
        for near in near_ids(similar_id(f"{old}{each % 10}")).values():
            assert len(near) == len(old) + 1
        made = similar_id(old)
        assert {sum(a != b for a, b in zip(made, near, strict=True)) for near in near_ids(made).values()} == {1}
