"""Every supported version of Python, with the dependencies of the lock file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import supported_pythons

if TYPE_CHECKING:
    from tests.soak.conftest import Environment, RunTests

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
WHICH = "import sys; print('{}.{}'.format(*sys.version_info))"


def found(version: str) -> Path | None:
    """Return a Python of this version on this machine: on the PATH, or one that pyenv installed."""
    return next((python for python in _candidates(version) if _version_of(python) == version), None)


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    if on_path := shutil.which(f"python{version}"):
        yield Path(on_path)
    yield from sorted(PYENV.glob(f"versions/{version}.*/bin/python"), reverse=True)


def _version_of(python: Path) -> str:
    """Return the version of a Python, or nothing if it does not start, such as a placeholder of pyenv."""
    return subprocess.run([python, "-c", WHICH], capture_output=True, text=True, check=False).stdout.strip()


@pytest.mark.parametrize("version", supported_pythons())
def test_unit_and_plugin_tests_pass_under(version: str, environment: Environment, run_tests: RunTests) -> None:
    """The tests pass under every supported Python; one that is not installed is skipped by name."""
    python = found(version)
    if python is None:
        pytest.skip(f"not run: this machine has no Python {version}")
    made = environment(python=str(python), resolution="locked")

    run_tests(made, "tests/unit", "tests/processes", "tests/plugins", "tests/sandbox", "-n2", "--dist=worksteal")
