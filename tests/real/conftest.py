"""What tests against real third-party parts share: where the parts are, and what happens when one is not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

REAL = Path(__file__).parent
INSTALL = "Install it with: tests/real/install"

Need = Callable[[str | Path], str]


@pytest.fixture(scope="session")
def need() -> Need:
    """Return the path of a program or file that is there; skip the test, or with HARNESS_REQUIRE_REAL=1 fail it."""

    def find(wanted: str | Path) -> str:
        found = shutil.which(wanted)
        if found is None and Path(wanted).exists():
            found = str(wanted)
        if found is None:
            refuse = pytest.fail if os.environ.get("HARNESS_REQUIRE_REAL") == "1" else pytest.skip
            refuse(f"{wanted} is not installed. {INSTALL}")
        return found

    return find


@pytest.fixture(scope="session")
def node_modules(need: Need) -> Path:
    """The folder in which Node finds the npm packages of tests/real/node; scripts run with it as working folder."""
    need("node")
    need(REAL / "node" / "node_modules" / ".ready")
    return REAL / "node"


@pytest.fixture(scope="session")
def real_python(need: Need) -> Callable[[str], str]:
    """Return the Python of an environment in tests/real/envs: ``real_python("servers")``."""

    def find(env: str) -> str:
        folder = REAL / "envs" / f".venv-{env}"
        need(folder / ".ready")
        return str(folder / "bin" / "python")

    return find
