"""The environment of a process that the harness starts: its own, with changes."""

from __future__ import annotations

import os
from collections.abc import Mapping


def whole_environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return this process' environment with changes; a variable whose value is None is not set."""
    return {name: value for name, value in {**os.environ, **changes}.items() if value is not None}
