"""The files of the sandbox as a target: harness.toml with its fixtures, cassettes, scenarios and runbooks."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
_PACKAGED = _HERE / "target"
DOCUMENT = ("harness/sandbox/openapi.yaml", _HERE / "openapi.yaml")
"""The one file that harness.toml names inside the package: its path there, and where it is."""


def target_folder() -> Path:
    """Return the folder of the sandbox's harness.toml: beside this module where it is installed, else the clone."""
    return _PACKAGED if _PACKAGED.is_dir() else _HERE.parents[1]
