"""The plugins of our dependencies: loaded by the runs that use them, as if from the beginning, and by no other."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder, Outcome

STARTUP = Path(__file__).parents[2] / "site_packages"
RUN = "import _readiness_harness, pytest, sys; sys.exit(pytest.main())"
"""As readiness-harness.pth has it where the package is installed."""
MODULES = ("anyio.pytest_plugin", "hypothesis", "pytest_httpserver.pytest_plugin", "schemathesis.pytest.plugin")
ANYIO, HYPOTHESIS, HTTPSERVER, SCHEMATHESIS = MODULES
PRINT_LOADED = f"""
import sys

def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        print("\\nloaded:", *(module for module in {MODULES} if module in sys.modules))
"""
ASYNC = """
import pytest

@pytest.mark.anyio
async def test_async(): pass
"""
SCHEMA = """
import schemathesis

schema = schemathesis.openapi.from_dict({"openapi": "3.0.0", "info": {"title": "a", "version": "1"}, "paths": {
    "/a": {"get": {"responses": {"200": {"description": "x"}}}}, "/b": {"get": {"responses": {}}}}})
"""
TEST_SCHEMA = """
@schema.parametrize()
def test_api(case): assert case.path in ("/a", "/b")
"""
GIVEN = """
from hypothesis import given, strategies

@given(strategies.integers())
def test_given(n): {}
"""


class Use(NamedTuple):
    """A team's test module, conftest and plugin, its options, which plugins are loaded, and how many tests pass."""

    test: str
    loaded: set[str]
    passed: int = 1
    conftest: str = ""
    options: tuple[str, ...] = ()
    ini: str = ""
    own: str = ""


USES = {
    "nothing": Use("def test_empty(): pass", set()),
    "an async test": Use(ASYNC, {ANYIO}),
    "an async method": Use(
        "import pytest\n@pytest.mark.anyio\nclass TestIt:\n    async def test_it(self): pass", {ANYIO}
    ),
    "an async test first of all": Use("@__import__('pytest').mark.anyio\nasync def test_async(): pass", {ANYIO}),
    "a backend of one's own": Use(
        ASYNC + "\n@pytest.fixture\ndef anyio_backend(): return 'asyncio'", {ANYIO}, options=("-k", "test_async")
    ),
    "an async fixture": Use(
        "import pytest\n@pytest.fixture\nasync def two(anyio_backend): return 2\ndef test_it(two): assert two == 2",
        {ANYIO},
    ),
    "a mode of the command line": Use("async def test_async(): pass", {ANYIO}, options=("--anyio-mode=auto",)),
    "a mode of the configuration": Use("async def test_async(): pass", {ANYIO}, ini="anyio_mode = auto"),
    "a dependency that the configuration file names": Use(
        "def test_it(): pass", set(), ini="[tox]\ndeps = anyio pytest-httpserver schemathesis"
    ),
    "a marker of sync tests": Use(
        "import pytest\npytestmark = pytest.mark.anyio\ndef test_it(): pass", set(), options=("--strict-markers",)
    ),
    "a free port": Use("def test_it(free_tcp_port): assert free_tcp_port", {ANYIO}),
    "a server": Use("def test_it(httpserver): httpserver.expect_request('/')", {HTTPSERVER}),
    "a server behind a fixture": Use(
        "def test_it(url): assert url.endswith('/x')",
        {HTTPSERVER},
        conftest="import pytest\n@pytest.fixture\ndef url(httpserver): return httpserver.url_for('/x')",
    ),
    "a server asked for late": Use("def test_it(request): request.getfixturevalue('httpserver')", {HTTPSERVER}),
    "a server used by a mark": Use(
        "import pytest\n@pytest.mark.usefixtures('httpserver')\ndef test_it(): pass", {HTTPSERVER}
    ),
    "an address of the team's own": Use(
        "def test_it(httpserver): assert httpserver.host == '127.0.0.2'",
        {HTTPSERVER},
        conftest="import pytest\n@pytest.fixture(scope='session')\n"
        "def httpserver_listen_address(): return ('127.0.0.2', 0)",
    ),
    "an address of a plugin of the team's": Use(
        "def test_it(httpserver): assert httpserver.host == '127.0.0.2'",
        {HTTPSERVER},
        conftest="pytest_plugins = ['own']",
        own="import pytest\n@pytest.fixture(scope='session', name='httpserver_listen_address')\n"
        "def address(): return ('127.0.0.2', 0)",
    ),
    "a schema": Use(SCHEMA + TEST_SCHEMA, set(MODULES), passed=2),
    "a schema of another module": Use(
        "from conftest import schema\n" + TEST_SCHEMA, set(MODULES), passed=2, conftest=SCHEMA
    ),
    "a schema on a worker": Use(SCHEMA + TEST_SCHEMA, {SCHEMATHESIS, HYPOTHESIS}, passed=2, options=("-n1",)),
    "a required plugin": Use("def test_it(): pass", {SCHEMATHESIS, HYPOTHESIS}, ini="required_plugins = schemathesis"),
    "Hypothesis": Use(GIVEN.format("pass"), {HYPOTHESIS}),
}


def run(folder: Folder, *options: str) -> Outcome:
    """Run the team's tests as they run where the package is installed."""
    return folder.run("-c", RUN, "-p", "no:cacheprovider", *options, PYTHONPATH=str(STARTUP))


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_a_plugin_is_loaded_by_the_run_that_uses_it(use: Use, folder: Folder) -> None:
    """The tests pass as with the plugin from the beginning, and nothing else is loaded."""
    folder.write("conftest.py", PRINT_LOADED + use.conftest)
    folder.write("test_it.py", use.test)
    folder.write("own.py", use.own)
    folder.write("pytest.ini", f"[pytest]\npythonpath = .\n{use.ini}\n")

    ended = run(folder, *use.options)
    eager = run(folder, "-p", "no:harness-on-demand", *use.options)

    assert f" {use.passed} passed" in ended.out, ended.text
    assert f" {use.passed} passed" in eager.out, eager.text
    assert set(ended.out.partition("\nloaded:")[2].split()) == use.loaded
    assert set(eager.out.partition("\nloaded:")[2].split()) >= {ANYIO, HTTPSERVER, SCHEMATHESIS}


def test_no_entry_point_is_hidden(folder: Folder) -> None:
    """A listing of all entry points includes ours, and a version that is asked for by name is the package's."""
    code = (
        "import _readiness_harness, importlib.metadata as m; print(m.version('readiness-harness')); "
        "print(*(e.name for e in m.entry_points(group='pytest11')))"
    )

    shown = folder.run("-c", code, PYTHONPATH=str(STARTUP)).out.split()

    assert {"harness-on-demand", "harness-core", "harness-webhooks", "schemathesis"} <= set(shown)
    assert shown[0] == version("readiness-harness")


def test_a_plugin_that_is_switched_off_stays_off(folder: Folder) -> None:
    """A fixture that it has is unknown, as without us."""
    folder.write("conftest.py", PRINT_LOADED)
    folder.write("test_it.py", "def test_it(httpserver): pass")

    ended = run(folder, "-p", "no:pytest_httpserver")

    assert "fixture 'httpserver' not found" in ended.out
    assert HTTPSERVER not in ended.out.partition("\nloaded:")[2]


@pytest.mark.parametrize(
    "option, shown",
    [("--fixtures", "make_httpserver"), ("--help", "--anyio-mode"), ("--markers", "@pytest.mark.anyio")],
)
def test_what_lists_everything_lists_their_offers(option: str, shown: str, folder: Folder) -> None:
    """The fixtures, options and markers of every plugin are shown."""
    assert shown in run(folder, option).out


def test_hypothesis_still_reports(folder: Folder) -> None:
    """Statistics that are asked for, and the example of a failure, are printed."""
    folder.write("test_it.py", GIVEN.format("assert n < 100"))

    ended = run(folder, "--hypothesis-show-statistics")

    assert "Hypothesis Statistics" in ended.out
    assert "n=100" in ended.out
    assert "Hypothesis Statistics" in run(folder, "--hypothesis-show-statistics", "-n1").out


def test_an_unknown_fixture_is_reported_as_ever(folder: Folder) -> None:
    """Every plugin was asked before."""
    folder.write("test_it.py", "def test_it(no_such_thing): pass")

    ended = run(folder)

    assert "fixture 'no_such_thing' not found" in ended.out
    assert "httpserver" in ended.out.partition("available fixtures:")[2]
