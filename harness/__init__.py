"""The readiness harness: an integration's production checklist, run as pytest tests, with one verdict.

Names are imported when they are first used, so that `import harness` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

__all__ = [
    "Finding",
    "HarnessError",
    "Item",
    "Level",
    "Outcome",
    "Report",
    "Target",
    "Verdict",
    "Waiver",
    "load_target",
]

_HOMES = {
    "Finding": "harness.model",
    "HarnessError": "harness.errors",
    "Item": "harness.model",
    "Level": "harness.model",
    "Outcome": "harness.model",
    "Report": "harness.model",
    "Target": "harness.context.target",
    "Verdict": "harness.model",
    "Waiver": "harness.model",
    "load_target": "harness.context.target",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its home (PEP 562)."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return sorted({*globals(), *__all__})
