"""Generated requests: an item for each operation and each share of the chains, made from nothing but their list."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from harness.plugins.provider_limits import skip_at_wrong_path
from harness.plugins.stash import context_key, fuzzing_asked, is_worker, order_key, runs_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.context.run_context import RunContext
    from harness.fuzzing.fuzzer import Fuzzer

PARTS = 8
"""Shares of a document that is not known yet while tests are collected."""

NOT_ASKED = (
    "generated requests go to a vendor's API only where they are asked for: add [fuzz] to harness.toml, or run "
    "harness fuzz"
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make an item for each operation and share of the chains; requests are generated when it runs."""
    if "fuzzed" in metafunc.fixturenames:
        metafunc.parametrize("fuzzed", _shares(metafunc.config))
    if "walked" in metafunc.fixturenames:
        metafunc.parametrize("walked", _shares_of_chains(metafunc.config))


def pytest_report_header(config: pytest.Config) -> str | None:
    """Name the options that generate the same requests and events again."""
    run_context = config.stash.get(context_key, None)
    if run_context is None:
        return None
    is_whole_gate = config.getoption("--harness-gate") and order_key not in config.stash
    if not (runs_suite(config) or is_whole_gate):
        return None
    seed = f"--harness-seed={_seed(config, run_context)}"
    if run_context.config.provider is None:
        return f"generated requests: none without [provider]; {seed}"
    if not fuzzing_asked(config):
        return f"generated requests: none; {NOT_ASKED}; generated events: {seed}"
    return f"generated requests: --harness-fuzz={_level(config, run_context)} {seed}"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Print the same where pytest prints no header: without the seed a run cannot be repeated."""
    config = session.config
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    hidden = config.get_verbosity() < 0 or config.getoption("no_header", default=False)
    runs = not is_worker(config) and not config.option.collectonly
    if reporter is not None and hidden and runs and (line := pytest_report_header(config)):
        reporter.write_line(line)


def _fuzzes(config: pytest.Config, run_context: RunContext) -> bool:
    return fuzzing_asked(config) and not run_context.target.production


def _shares(config: pytest.Config) -> list[str]:
    """Return the labels of the operations; parts of them where the document is at a URL, which may not answer yet."""
    from harness.errors import HarnessError
    from harness.fuzzing.budget import Share

    run_context = config.stash.get(context_key, None)
    if run_context is None or run_context.config.provider is None or not _fuzzes(config, run_context):
        return ["all"]
    if "://" in run_context.config.provider.spec:
        return Share.names(PARTS)
    try:
        return list(run_context.provider.fuzzed_operations) or ["all"]
    except HarnessError:
        return ["all"]  # the test reports what is wrong with the document


def _shares_of_chains(config: pytest.Config) -> list[str]:
    """Return what shares out the chains, however large the document is: nothing of it is read for that."""
    from harness.fuzzing.budget import BUDGETS, Share

    run_context = config.stash.get(context_key, None)
    if run_context is None or run_context.config.provider is None or not _fuzzes(config, run_context):
        return ["all"]
    return Share.names(BUDGETS[_level(config, run_context)].shares)


@pytest.fixture(scope="session")
def fuzz_seed(pytestconfig: pytest.Config, run_context: RunContext) -> int:
    """The seed of generated requests: ``--harness-seed``, else derived from the run's name, equal on all workers."""
    return _seed(pytestconfig, run_context)


def _seed(config: pytest.Config, run_context: RunContext) -> int:
    given = config.getoption("--harness-seed")
    return int(given) if given is not None else random.Random(run_context.run.run_id).randrange(2**32)  # noqa: S311 - no secret


def _level(config: pytest.Config, run_context: RunContext) -> str:
    return str(config.getoption("--harness-fuzz") or run_context.provider.fuzz_section.budget)


@pytest.fixture
def fuzzer(
    pytestconfig: pytest.Config, run_context: RunContext, require: Callable[..., None], fuzz_seed: int
) -> Fuzzer:
    """Sends generated requests to the provider's operations and judges the responses."""
    require("provider.spec", "provider.base_url")
    if run_context.target.production:
        pytest.skip("[target] environment is production, which is not fuzzed")
    if not fuzzing_asked(pytestconfig):
        pytest.skip(NOT_ASKED)
    if not run_context.provider.fuzzed_operations:
        pytest.skip(f'[provider] probes is "{run_context.target.probes}", which leaves no operation of [fuzz] to call')
    skip_at_wrong_path(run_context)
    return run_context.provider.fuzzer(_level(pytestconfig, run_context), fuzz_seed)
