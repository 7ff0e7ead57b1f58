"""Whose fault an exception in a test is: the harness, a plugin, or what the test is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.plugins.stash import SUITE, is_shipped

if TYPE_CHECKING:
    import pytest

WORDS = "A fault of the harness or of a plugin, not of your integration"
"""How the observation begins of a check that broke."""
FIX = (
    "Run the check again without your plugins (-p no:NAME): if it still breaks, report it to the project of the "
    "harness, with the traceback."
)
_PLUGINS = ("pytest_", "_pytest_", "xdist")
"""How the modules of pytest's plugins are called: one that limits time, for instance, raises in the test it ends."""


def is_fault_of_ours(item: pytest.Item, call: pytest.CallInfo[None]) -> bool:
    """Whether a phase of a test ended because the harness or a plugin broke.

    In a shipped check, every exception is one that nothing expected. In a test of the user's own, it is one that was
    raised within the harness or a plugin, and asserts nothing.
    """
    assert call.excinfo is not None
    if is_shipped(item):
        return True
    if isinstance(call.excinfo.value, AssertionError):
        return False
    modules = [str(entry.frame.f_globals.get("__name__", "")) for entry in call.excinfo.traceback]
    # A plugin that ends a test does so through pytest.fail, whose own frames come last.
    raised_in = next((name for name in reversed(modules) if not name.startswith("_pytest.")), "")
    return raised_in.startswith(_PLUGINS) or (raised_in.startswith("harness.") and not raised_in.startswith(SUITE))
