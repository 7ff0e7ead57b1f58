"""Fixtures of the unit tests, for those that start processes as well, and one that runs curl."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.unit.conftest import Call, Reply, Serve, serve  # noqa: F401 - a fixture

Arrived = Callable[[Callable[[str], str]], Call]


@pytest.fixture(scope="session", autouse=True)
def hears_quit() -> None:
    """Let what tests start hear SIGQUIT: a shell ignores it for what it starts in the background, and all below."""
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.fixture
def arrived(serve: Serve) -> Arrived:  # noqa: F811 - the fixture
    """Run a curl command, and return the request that it sent: ``arrived(lambda url: command)``."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    calls: list[Call] = []

    def answer(call: Call) -> Reply:
        calls.append(call)
        return 200, {}, None

    def run(command: Callable[[str], str]) -> Call:
        line = f"{command(serve(answer))} --silent"
        subprocess.run(["bash"], input=line, text=True, check=True, capture_output=True, timeout=20)
        [call] = calls
        return call

    return run
