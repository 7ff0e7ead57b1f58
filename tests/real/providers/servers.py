"""The real API servers that gates run against: what each needs, and where it is."""

from __future__ import annotations

from pathlib import Path

from harness.model.report import Report
from tests.real.conftest import REAL, shared_folder
from tests.real.gates import gate

ALL = ("loopback", "optimade", "prefect", "prism", "tiled")
_ENVS = ("optimade", "prefect", "tiled")
"""Those from PyPI, each in an environment of its own."""


def needed(server: str) -> tuple[Path, ...]:
    """Return the files without which a server cannot run: it is not installed then."""
    if server in _ENVS:
        return (REAL / "envs" / f".venv-{server}" / ".ready",)
    modules = REAL / "providers" / "node" / "node_modules" / ".ready"
    return (modules, shared_folder()) if server == "prism" else (modules,)


def target_of(server: str) -> Path:
    """Return the folder with the server's ``harness.toml`` and its causes."""
    return REAL / "providers" / server


def gate_of(server: str, folder: Path) -> tuple[Report, float]:
    """Run the gate of a server in a new ``folder``; return its report, and how many seconds it took."""
    return gate(target_of(server), folder, shared=shared_folder())
