"""pytest plugins that teams have: each works beside the harness, in plain pytest and in the gate."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.model import Level, Verdict
from harness.readiness.checklist import shipped
from tests.plugins.conftest import NAMED, OWN_ITEM, PASSES, Folder, waivers

SCHEMA_TEST = """
import schemathesis

schema = schemathesis.openapi.from_dict({"openapi": "3.0.0", "info": {"title": "a", "version": "1"}, "paths": {
    "/a": {"get": {"parameters": [{"name": "n", "in": "query", "schema": {"type": "integer"}}],
                   "responses": {"200": {"description": "x"}}}}}})

@schema.parametrize()
def test_schema(case):
    assert case.path == "/a"
"""
ASYNC_TEST = """
import asyncio

async def test_async():
    await asyncio.sleep(0)
    assert asyncio.get_running_loop()
"""
FLAKY_TEST = """
from pathlib import Path

def test_flaky():
    tried = Path("tried")
    if not tried.exists():
        tried.touch()
        raise AssertionError("once")
"""
SLOW_TEST = """
import time

import pytest

@pytest.mark.timeout(2)
def test_slow():
    time.sleep(600)
"""
OWN_TESTS = {"test_own": PASSES, "test_schema": SCHEMA_TEST, "test_async": ASYNC_TEST}
INI = "[pytest]\nasyncio_mode = auto\ntestpaths = scenarios\n"


@pytest.fixture(scope="module")
def neighbours(installed_beside: Callable[[str], Path]) -> str:
    """The Python of an environment with the plugins and the built wheel."""
    return str(installed_beside("neighbours") / "python")


@pytest.fixture
def project(neighbours: str, tmp_path: Path) -> Folder:
    """A team's project that is READY, with tests for each plugin among its scenarios."""
    folder = Folder(tmp_path, neighbours)
    shipped_must = [item.id for item in shipped() if item.level is Level.MUST]
    folder.write("harness.toml", NAMED + OWN_ITEM + waivers(shipped_must))
    folder.write("pytest.ini", INI)
    for name, text in OWN_TESTS.items():
        folder.write(f"scenarios/{name}.py", text)
    return folder


@dataclasses.dataclass(frozen=True)
class Beside:
    """Options, a further test, and what the output then holds."""

    options: tuple[str, ...]
    printed: tuple[str, ...]
    test: str = ""


BESIDE = {
    "randomly": Beside(("-p", "randomly", "-p", "no:xdist"), ("Using --randomly-seed=", " 3 passed")),
    "rerunfailures": Beside(("--reruns=1",), (" 4 passed", "1 rerun"), test=FLAKY_TEST),
    "cov": Beside(("--cov=scenarios",), ("scenarios/test_own.py", "TOTAL", " 3 passed")),
    "timeout": Beside(("--timeout=120",), ("Timeout (>2.0s)", " 3 passed"), test=SLOW_TEST),
    "xdist": Beside(("-n2",), ("2 workers", " 3 passed")),
    "asyncio": Beside(("-v",), ("test_async.py::test_async PASSED",)),
    "Schemathesis": Beside(("-v",), ("test_schema.py::test_schema PASSED",)),
}


@pytest.mark.parametrize("beside", BESIDE.values(), ids=BESIDE.keys())
def test_a_plugin_works_beside_the_harness(beside: Beside, project: Folder) -> None:
    """Plain pytest prints what the plugin adds, and all tests that should pass do."""
    if beside.test:
        project.write("scenarios/test_more.py", beside.test)

    ended = project.run("-m", "pytest", "-p", "no:cacheprovider", *beside.options)

    assert [text for text in beside.printed if text not in ended.out] == [], ended.text


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["serial", "workers"])
def test_a_gate_works_with_all_of_them(options: tuple[str, ...], project: Folder) -> None:
    """The gate runs the team's own Schemathesis and async tests in any order, and its verdict is READY."""
    ended = project.run("-m", "harness.cli", "gate", "--timeout=120", "--reruns=1", "--cov=scenarios", "-v", *options)

    assert ended.verdict is Verdict.READY, ended.text
    assert ended.status == 0
    assert "test_schema.py::test_schema" in ended.out
    assert "TOTAL" in ended.out
