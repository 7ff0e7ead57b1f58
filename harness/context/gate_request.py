"""What the command line asks of a gate, on its way to the process that runs it."""

from __future__ import annotations

import msgspec

ISOLATED = ("-E", "-P", "-X", "utf8")
"""Options of Python for what judges: no variable of the environment and no module of the project reaches it."""


class GateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    directory: str
    """Folder of harness.toml."""
    overlay: str | None = None
    reports: str
    """Folder of the reports, relative to ``directory``."""
    scenarios: tuple[str, ...] = ()
    suite_arguments: tuple[str, ...] = ()
    scenario_arguments: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    """Items whose checks alone run; empty for all."""
