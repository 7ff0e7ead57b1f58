"""What the command line asks of a gate, on its way to the process that runs it."""

from __future__ import annotations

import json

import msgspec

ISOLATED = ("-E", "-P", "-X", "utf8")
"""Options of Python for what judges: no variable of the environment and no module of the project reaches it."""


class GateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    parent: int
    """Id of the process that asks; the gate ends with it."""
    directory: str
    """Folder of harness.toml."""
    overlay: str | None = None
    reports: str
    """Folder of the reports, relative to ``directory``."""
    scenarios: tuple[str, ...] = ()
    suite_arguments: tuple[str, ...] = ()
    scenario_arguments: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    """Items and rooms whose checks alone run; empty for all."""
    skip: tuple[str, ...] = ()
    """Items and rooms whose checks do not run."""

    def to_json(self) -> str:
        """Return the request as JSON in ASCII: names of files may be bytes that are no UTF-8, and stay these."""
        return json.dumps(msgspec.to_builtins(self))

    @classmethod
    def from_json(cls, text: str) -> GateRequest:
        """Read what `to_json` wrote."""
        return msgspec.convert(json.loads(text), cls)
