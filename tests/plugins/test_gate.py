"""The exit status of the gate: 0 for a target that is READY, and for nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.model import Verdict

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

WAYS: dict[str, tuple[str, ...]] = {
    "serial": (),
    "n0": ("-n0",),
    "n2": ("-n2",),
    "no xdist": ("-p", "no:xdist"),
}


@pytest.mark.parametrize("args", WAYS.values(), ids=WAYS.keys())
def test_a_target_that_is_ready_exits_with_0(ready: Folder, args: tuple[str, ...]) -> None:
    """READY can be reached, serially and with workers."""
    ended = ready.gate(*args)

    assert ended.verdict is Verdict.READY, ended.text
    assert ended.status == 0
