"""Whose fault an exception in a test is: the harness, a plugin, or what the test is about."""

from __future__ import annotations

from pathlib import Path
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
    if raised_in.startswith("harness."):
        return not raised_in.startswith(SUITE)
    return any(raised_in == name or raised_in.startswith(f"{name}.") for name in _plugin_modules(item.config))


def _plugin_modules(config: pytest.Config) -> set[str]:
    """Return the modules of all plugins that are registered, other than conftest files.

    A distribution named after pytest, such as pytest-xdist, is a plugin as a whole. Another one that has an entry
    point, such as AnyIO or an integration of your own, is one in the module of that entry point alone.
    """
    manager = config.pluginmanager
    whole = {
        id(plugin) for plugin, found in manager.list_plugin_distinfo() if _is_named_after_pytest(found.project_name)
    }
    names, own = set(), set()
    for plugin in manager.get_plugins():
        name = str(getattr(plugin, "__name__", "") or type(plugin).__module__)
        if Path(str(getattr(plugin, "__file__", None) or "")).name == "conftest.py":
            own.add(name)
        else:
            names.add(name.partition(".")[0] if id(plugin) in whole else name)
    return names - own


def _is_named_after_pytest(distribution: str) -> bool:
    """Whether a distribution follows the naming of pytest's documentation, "Making your plugin installable"."""
    return distribution.lower().replace("_", "-").startswith("pytest-")
