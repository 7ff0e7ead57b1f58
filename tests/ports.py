"""Free ports of this machine, for tests that have no run: one would leave its scratch folder."""

from __future__ import annotations

from collections.abc import Callable

from harness.process.run import Run


def free_ports() -> Callable[[str], int]:
    """Return what gives a port for each name, and for one name always the same."""
    return Run(run_id="ports", seed="", directory="").port


def free_port() -> int:
    """Return one that nobody listens on."""
    return free_ports()("free")
