"""The environment of a process that the harness starts: its own, with changes."""

from __future__ import annotations

import os
from collections.abc import Mapping

from harness.process.guardian import guardian


def whole_environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return this process' environment with changes, and the mark of what ends with it.

    A variable whose value is None is not set.
    """
    return {name: value for name, value in {**os.environ, **guardian.mark(), **changes}.items() if value is not None}
