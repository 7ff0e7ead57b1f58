"""What tests against real third-party parts share: where the parts are, and what happens when one is not there."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from harness.process.managed import ManagedProcess
from harness.process.ready import UrlAnswers
from tests.conftest import NOT_IN_THE_REPOSITORY
from tests.made_once import made_once
from tests.ports import free_port

REAL = Path(__file__).parent
REPOSITORY = REAL.parents[1]
INSTALL_S = 480
INSTALL = "Install it with: tests/real/install"

Need = Callable[[str | Path], str]
Product = AbstractContextManager[str]


@pytest.fixture(scope="session")
def need() -> Need:
    """Return the path of a program or file that is there; skip the test without it."""

    def find(wanted: str | Path) -> str:
        found = shutil.which(wanted)
        if found is None and Path(wanted).exists():
            found = str(wanted)
        if found is None:
            pytest.skip(f"{wanted} is not installed. {INSTALL}")
        return found

    return find


def shared_folder() -> Path:
    """Return the folder with other people's files, which is no part of the repository and may be missing.

    It is ``../shared/data`` beside the checkout, or what HARNESS_SHARED_DATA names.
    """
    return Path(os.environ.get("HARNESS_SHARED_DATA") or REAL.parents[2] / "shared" / "data")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder with other people's files; skip the test without it."""
    folder = shared_folder()
    if not folder.is_dir():
        pytest.skip(f"{folder} is missing and {NOT_IN_THE_REPOSITORY}; HARNESS_SHARED_DATA names another folder")
    return folder


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


@pytest.fixture(scope="session")
def installed_beside(
    real_python: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Return a function that installs the built wheel beside an environment of tests/real/envs, and where to."""

    def build(folder: Path) -> Path:
        _quietly(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", folder, REPOSITORY)
        return next(folder.glob("*.whl"))

    def install(env: str, folder: Path) -> Path:
        packages = Path(real_python(env)).parent.parent / "lib"
        wheel = made_once(tmp_path_factory, "wheel", build)
        _quietly(sys.executable, "-m", "venv", folder / env)
        sites = folder / env / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
        (sites / "plugins.pth").write_text(f"{next(packages.glob('python*/site-packages'))}\n")
        _quietly(folder / env / "bin" / "python", "-m", "pip", "install", "--no-index", wheel)
        return folder / env / "bin"

    return lambda env: made_once(tmp_path_factory, f"beside-{env}", partial(install, env))


def _quietly(*command: str | Path) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_S)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture
def product(tmp_path: Path) -> Callable[[str], Product]:
    """Return a function that runs the sandbox' product for the length of a block, given its key; yields its URL."""

    @contextmanager
    def run(key: str) -> Iterator[str]:
        url = f"http://127.0.0.1:{free_port()}"
        process = ManagedProcess(
            "product",
            command=(sys.executable, "-m", "harness.sandbox", "product", "--port", url.rpartition(":")[2]),
            ready=UrlAnswers(f"{url}/healthz", _answers),
            ready_within_s=60,
            cwd=tmp_path,
            env={"PRODUCT_API_KEY": key, "PRODUCT_WEBHOOK_SECRET": secrets.token_hex(16), "SANDBOX_DEFECTS": ""},
            log=tmp_path / "product.log",
        )
        process.start()
        try:
            yield url
        finally:
            process.stop()

    return run


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=2).is_success
    except httpx.TransportError:
        return False
