"""Options, markers, the target and its processes, and the findings that tests make."""

from __future__ import annotations

import warnings
from argparse import SUPPRESS
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from harness.plugins.stash import (
    asked_modes,
    context_key,
    findings_key,
    is_live,
    is_shipped,
    is_worker,
    item_mode,
    late_key,
    order_key,
    provider_counts,
    runs_suite,
    shown_key,
)
from harness.plugins.target_loading import RUN_KEY, config_directory, load_context, target_directory, target_running

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.context.target import Target
    from harness.plugins.findings import Findings


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the harness' options, all under one prefix."""
    group = parser.getgroup("harness", "readiness harness")
    group.addoption(
        "--harness-mode",
        default="replay",
        metavar="MODE",
        help="how scenarios run: replay (default: from cassettes, offline), record (add missing recordings), "
        "rewrite (replace recordings), live, or verify (live, compared with the recording); or several: live,replay",
    )
    group.addoption("--harness-target", metavar="NAME", help="apply harness.NAME.toml on top of harness.toml")
    group.addoption("--harness-reports", metavar="DIR", default="reports", help="folder for reports (default: reports)")
    group.addoption(
        "--harness-gate",
        action="store_true",
        help="judge the whole checklist; harness gate sets this option, and only there can the verdict be READY",
    )
    group.addoption(
        "--harness-fuzz",
        choices=("quick", "standard", "deep"),
        help="how many requests are generated (default: [fuzz] budget of harness.toml, else quick)",
    )
    group.addoption("--harness-part", type=int, help=SUPPRESS)
    group.addoption("--harness-seed", type=int, metavar="N", help="repeat generated requests exactly")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the harness' own hooks."""
    from harness.plugins import hookspecs, team_hooks

    pluginmanager.add_hookspecs(hookspecs)
    pluginmanager.register(team_hooks, "harness-team-hooks")


@pytest.hookimpl(wrapper=True, tryfirst=True)  # around the one in which pytest begins to capture output
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Let nothing that is printed from now on hold a secret of the target: a conftest may print one, or fail."""
    if (directory := target_directory(early_config)) is not None:
        from harness.plugins.hidden_secrets import redact_streams

        redact_streams(early_config, directory)
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and read harness.toml where there is one."""
    config.addinivalue_line(
        "markers",
        "verifies(item, ..., level): checklist items that this test verifies; level is 'must' (default) or 'should', "
        "with which a skip leaves the item as it is",
    )
    asked_modes(config)
    if (directory := config_directory(config)) is not None:
        config.stash[context_key] = run_context = load_context(config, directory)
        from harness.plugins import call_watch, gate_part
        from harness.plugins.hidden_secrets import HiddenSecrets

        call_watch.register(config, run_context)
        config.pluginmanager.register(gate_part, "harness-gate-part")
        config.pluginmanager.register(HiddenSecrets(config), "harness-hidden-secrets")
        if run_context.config.process:
            from harness.plugins import supervision

            config.pluginmanager.register(supervision, "harness-keeping")
        if runs_suite(config):
            from harness.plugins import background_work, own_fixtures

            config.pluginmanager.register(own_fixtures, "harness-own-fixtures")
            config.pluginmanager.register(background_work, "harness-background")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's scratch folder."""
    run_context = config.stash.get(context_key, None)
    if run_context is not None and not is_worker(config) and order_key not in config.stash:
        run_context.run.end()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a pytest-xdist worker the run that the controller began."""
    run_context = node.config.stash.get(context_key, None)
    if run_context is not None:
        node.workerinput[RUN_KEY] = run_context.run.to_json()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Keep the target's processes running while tests run; the controller does it for all workers."""
    run_context = session.config.stash.get(context_key, None)
    if run_context is None:
        return (yield)
    shares = is_worker(session.config) or order_key in session.config.stash
    owns = is_live(session.config) and not shares and not session.config.option.collectonly
    with target_running(session.config, run_context) if owns else nullcontext(), closing(run_context.background):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let every scenario that is played back verify the recordings too."""
    for item in items:
        if item_mode(item, config) == "replay":
            item.add_marker(pytest.mark.verifies("workflow.recorded"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a scenario once in every mode asked for, when there are several."""
    modes = asked_modes(metafunc.config)
    if len(modes) > 1 and "harness_mode" in metafunc.fixturenames:
        metafunc.parametrize("harness_mode", modes, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Refuse a test that verifies an unknown item, before it can seem to prove something."""
    run_context = item.config.stash.get(context_key, None)
    if run_context is not None:
        from harness.plugins.conclusions import check_markers, origin_of
        from harness.plugins.findings import Findings

        recorded = item_mode(item, item.config) == "replay"
        item.stash[findings_key] = findings = Findings(
            run_context,
            item.nodeid,
            recorded=recorded,
            origin=origin_of(item, run_context.target),
            gate=item.config.getoption("--harness-gate", default=False),
            provider_counts=provider_counts(item.config),
            shown=item.config.stash.setdefault(shown_key, Counter()),
            late=item.config.stash.setdefault(late_key, []),
        )
        check_markers(item, findings)
        _skip_declared(item, run_context)
    return (yield)


def _skip_declared(item: pytest.Item, run_context: RunContext) -> None:
    """Skip a shipped check that is only about what the integration does not have."""
    from harness.plugins.conclusions import DeclaredAbsent, verified

    items = verified(item)
    if is_shipped(item) and items and all(item_id in run_context.declared for item_id in items):
        raise DeclaredAbsent(f"declared: {run_context.declared[items[0]]}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test whose findings failed, even when no assertion did."""
    return (yield from _failing_with_findings(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Fail a test whose fixtures attached a failing finding when they ended."""
    return (yield from _failing_with_findings(item))


def _failing_with_findings(item: pytest.Item) -> Generator[None]:
    try:
        yield
    finally:
        findings = item.stash.get(findings_key, None)
        text = findings.failure() if findings is not None else ""
    if text:
        from harness.plugins.findings import FindingsFailed

        raise FindingsFailed(text, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the findings of this phase on the item and its report, as JSON strings that survive pytest-xdist."""
    report = yield
    findings = item.stash.get(findings_key, None)
    if findings is not None:
        from harness.plugins.conclusions import categorise, conclude, redact_report, show_plainly

        categorise(report, findings)
        for entry in conclude(item, call, report, findings):
            item.user_properties.append(entry)
            report.user_properties.append(entry)
        if report.when == "teardown":
            findings.close()
        show_plainly(call, report)
        redact_report(report, item.config.stash[context_key].vault.redact)
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Count a test that passed although findings of it failed as waived, warned or of the same cause."""
    from harness.plugins.stash import CATEGORY

    category = getattr(report, CATEGORY, "")
    if not category or not report.passed:
        return None
    return category, "w", (category.upper(), {"yellow": True})


@pytest.fixture(scope="session")
def run_context(pytestconfig: pytest.Config) -> RunContext:
    """Everything this run knows about the target, for checks that need more than the other fixtures."""
    found = pytestconfig.stash.get(context_key, None)
    if found is None:
        from harness.core.configuration_home import not_found

        raise pytest.UsageError(not_found(pytestconfig.rootpath, pytestconfig.invocation_params.dir))
    return found


@pytest.fixture(scope="session")
def world(run_context: RunContext) -> RunContext:
    """The former name of `run_context`."""
    warnings.warn("The fixture `world` is now called `run_context`.", DeprecationWarning, stacklevel=2)
    return run_context


@pytest.fixture(scope="session")
def target(run_context: RunContext) -> Target:
    """The target as harness.toml describes it."""
    return run_context.target


@pytest.fixture
def findings(request: pytest.FixtureRequest, run_context: RunContext) -> Findings:  # noqa: ARG001 - run_context must exist first
    """Collects what this test observed: `findings.add(finding)`, `findings.extend(findings)`."""
    found: Findings = request.node.stash[findings_key]
    return found


@pytest.fixture(scope="module")
def client_at_rest(run_context: RunContext) -> Iterator[None]:
    """Lets the integration's client not run beside the tests: they change or count what its runs change or count."""
    from harness.context.background import CLIENT_LANES

    with run_context.background.paused(*CLIENT_LANES):
        yield


@pytest.fixture
def harness_mode(request: pytest.FixtureRequest) -> str:
    """The mode this scenario runs in: replay, record, rewrite, live or verify."""
    return str(getattr(request, "param", asked_modes(request.config)[0]))


@pytest.fixture(scope="session")
def require(run_context: RunContext) -> Callable[..., None]:
    """Skips a test, and names the key to add, where harness.toml does not set it: `require("receiver.url")`.

    ``hint`` states what to write there, or what cannot be checked without it.
    """

    def require(*keys: str, hint: str = "") -> None:
        if missing := run_context.target.missing(keys):
            if reason := run_context.target.declared(keys):
                from harness.plugins.conclusions import DeclaredAbsent

                raise DeclaredAbsent(f"declared: {reason}")
            from harness.model.strict import listed

            pytest.skip(f"harness.toml does not set {listed(missing)}{hint and f'. {hint}'}")

    return require
