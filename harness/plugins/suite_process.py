"""What holds in the process of the shipped checks alone, where no code of the team runs; its first plugin."""

from __future__ import annotations

import gc

import pytest

from harness.core.quick_end import skip_last_search

WHILE_IMPORTING = 50_000
"""New objects after which the youngest are searched for garbage: imports make many, and hardly any garbage."""
_otherwise = gc.get_threshold()

skip_last_search()
gc.set_threshold(WHILE_IMPORTING)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Search as Python does from now on: what tests leave may be large."""
    gc.set_threshold(*_otherwise)


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure() -> None:
    """Spare pytest's own last searches as well."""
    gc.freeze()
