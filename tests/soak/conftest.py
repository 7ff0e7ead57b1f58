"""Separate environments, and runs of the tests in them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

ROOT = Path(__file__).parents[2]
EXTRAS = "sandbox,telemetry,postgres,redis"
LAST_CHARS = 8000

Environment = Callable[..., Path]
RunTests = Callable[..., None]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """Create an environment with the harness installed, and return its Python.

    ``environment(python=…, resolution=…)`` takes the Python of the environment, by version or path, and which of the
    allowed versions of the dependencies uv chooses: ``highest``, ``lowest-direct``, or ``locked`` for what
    requirements.lock names.
    """

    def make(python: str = sys.executable, resolution: str = "highest") -> Path:
        found = tmp_path / "environment" / "bin" / "python"
        _run("uv", "venv", "--quiet", "--python", python, tmp_path / "environment")
        install = ("uv", "pip", "install", "--quiet", "--python", found)
        if resolution == "locked":
            _run(*install, "--require-hashes", "--requirement", ROOT / "requirements.lock")
            _run(*install, "--no-deps", "--no-build-isolation", "--editable", ROOT)
        else:
            _run(*install, "--resolution", resolution, "--group", "dev", "--editable", f"{ROOT}[{EXTRAS}]")
        return found

    return make


@pytest.fixture
def run_tests() -> RunTests:
    """Run pytest as a process; if it fails, fail with the end of its output.

    ``run_tests(python, "tests/unit", …, settings={…})`` takes arguments of pytest and additional environment variables.
    """

    def run(python: Path | str, *words: str, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        _run("pytest", "-q", "-p", "no:cacheprovider", *words, python=python, settings=settings)

    return run


def _run(
    module: str,
    *words: str | Path,
    python: Path | str = sys.executable,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> None:
    around = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [python, "-m", module, *words],
        cwd=ROOT,
        env={**around, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-LAST_CHARS:]
