"""Options, markers, the target and its processes, and the findings that tests make."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.context.target import Target
    from harness.plugins.findings import Findings

SUITE = "harness.suite"
MODES = ("replay", "record", "rewrite", "live", "verify")
RUN_KEY = "harness_run"

world_key = pytest.StashKey["RunContext"]()
findings_key = pytest.StashKey["Findings"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the harness' options, all under one prefix."""
    group = parser.getgroup("harness", "readiness harness")
    group.addoption(
        "--harness-mode",
        default="replay",
        metavar="MODE",
        help="where scenarios run: replay (default: from cassettes, offline), record (add what is missing), rewrite, "
        "live, verify (live, held against the recording); or several: live,replay",
    )
    group.addoption("--harness-target", metavar="NAME", help="lay harness.NAME.toml over harness.toml")
    group.addoption("--harness-reports", metavar="DIR", default="reports", help="where reports go (default: reports)")
    group.addoption("--harness-gate", action="store_true", help="set the exit status by the verdict: 0 only for READY")
    group.addoption(
        "--harness-fuzz",
        choices=("quick", "standard", "deep"),
        help="how many requests are generated (default: [fuzz] budget of harness.toml, else quick)",
    )
    group.addoption("--harness-seed", type=int, metavar="N", help="repeat generated requests exactly")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the harness' own hooks."""
    from harness.plugins import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and read harness.toml where there is one."""
    config.addinivalue_line(
        "markers",
        "verifies(item, ..., level): the checklist items this test speaks to, and whether that must or should hold",
    )
    asked_modes(config)
    directory = _config_directory(config)
    if directory is not None:
        config.stash[world_key] = world = _load_world(config, directory)
        if world.config.process:
            from harness.plugins import supervision

            config.pluginmanager.register(supervision, "harness-keeping")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's scratch folder."""
    world = config.stash.get(world_key, None)
    if world is not None and not _is_worker(config):
        shutil.rmtree(world.run.directory, ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a pytest-xdist worker the run that the controller began."""
    world = node.config.stash.get(world_key, None)
    if world is not None:
        node.workerinput[RUN_KEY] = world.run.to_json()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Keep the target's processes running while tests run; the controller does it for all workers."""
    world = session.config.stash.get(world_key, None)
    if world is None or _is_worker(session.config) or not is_live(session.config) or session.config.option.collectonly:
        return (yield)
    with _usage_errors(world):
        world.vault.resolve_all(world.target.references, strict=True)
        if world.config.provider and not world.serves_spec:
            world.spec  # noqa: B018 - an unreadable spec ends the run before anything is started
        running = world.running()
        running.__enter__()
    try:
        if world.serves_spec:
            with _usage_errors(world):
                world.spec  # noqa: B018 - reading it is what fails
        with _usage_errors(world):
            session.config.hook.pytest_harness_target_ready(config=session.config, world=world)
        result = yield
        session.config.stash[deaths_key] = world.deaths()
        return result
    finally:
        running.__exit__(None, None, None)


@contextmanager
def _usage_errors(world: RunContext) -> Iterator[None]:
    """Turn what is wrong with the target into pytest's wrong usage, without secrets."""
    from harness.errors import HarnessError

    try:
        yield
    except HarnessError as exc:
        raise pytest.UsageError(world.vault.redact(str(exc))) from None


deaths_key = pytest.StashKey[list[str]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let every scenario that is played back speak for the recordings too."""
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
    """Refuse a test that speaks to an unknown item, before it can seem to prove something."""
    world = item.config.stash.get(world_key, None)
    if world is not None:
        from harness.plugins.findings import Findings, verified

        item.stash[findings_key] = Findings(world, item.nodeid, recorded=item_mode(item, item.config) == "replay")
        for item_id in verified(item):
            world.checklist.require(item_id, item.nodeid)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test whose findings failed, even when no assertion did."""
    yield
    findings = item.stash.get(findings_key, None)
    if findings is not None and (text := findings.failure()):
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
        from harness.plugins.findings import conclude, redact_report, show_plainly

        for line in conclude(item, call, report, findings):
            item.user_properties.append(line)
            report.user_properties.append(line)
        show_plainly(call, report)
        redact_report(report, item.config.stash[world_key].vault.redact)
    return report


@pytest.fixture(scope="session")
def world(pytestconfig: pytest.Config) -> RunContext:
    """Everything this run knows of the target; for checks that need more than the fixtures made of it."""
    found = pytestconfig.stash.get(world_key, None)
    if found is None:
        raise pytest.UsageError(
            f"harness.toml not found in {pytestconfig.rootpath} nor in {pytestconfig.invocation_params.dir}. "
            "Run pytest in the folder that holds it, or write one: the README shows the smallest that works."
        )
    return found


@pytest.fixture(scope="session")
def target(world: RunContext) -> Target:
    """The target as harness.toml describes it."""
    return world.target


@pytest.fixture
def findings(request: pytest.FixtureRequest, world: RunContext) -> Findings:  # noqa: ARG001 - world must exist first
    """Collects what this test observed: `findings.add(finding)`, `findings.extend(findings)`."""
    found: Findings = request.node.stash[findings_key]
    return found


@pytest.fixture
def harness_mode(request: pytest.FixtureRequest) -> str:
    """The mode this scenario runs in: replay, record, rewrite, live or verify."""
    return str(getattr(request, "param", asked_modes(request.config)[0]))


@pytest.fixture(scope="session")
def require(world: RunContext) -> Callable[..., None]:
    """Skip, with the line to add, where harness.toml lacks what a check needs: `require("receiver.url")`."""

    def require(*keys: str) -> None:
        if lacking := world.target.lacks(keys):
            pytest.skip("harness.toml names no " + ", ".join(lacking))

    return require


def asked_modes(config: pytest.Config) -> tuple[str, ...]:
    """Return the modes of ``--harness-mode``; raises UsageError for an unknown one."""
    modes = tuple(m.strip() for m in config.getoption("--harness-mode").split(","))
    for mode in modes:
        if mode not in MODES:
            from harness.errors import nearest

            raise pytest.UsageError(f"--harness-mode: {mode!r} is not a mode. {nearest(mode, MODES)}")
    return modes


def item_mode(item: pytest.Item, config: pytest.Config) -> str | None:
    """Return the mode a scenario runs in, None for a test that makes no use of modes."""
    if "harness_mode" not in getattr(item, "fixturenames", ()):
        return None
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get("harness_mode", asked_modes(config)[0])) if callspec else asked_modes(config)[0]


def runs_suite(config: pytest.Config) -> bool:
    """Whether the shipped conformance tests were asked for."""
    return any(str(arg).startswith(SUITE) for arg in config.args)


def is_live(config: pytest.Config) -> bool:
    """Whether this run talks to the target: the shipped suite was asked for, or a live mode."""
    return runs_suite(config) or asked_modes(config) != ("replay",)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _config_directory(config: pytest.Config) -> Path | None:
    for directory in (config.invocation_params.dir, config.rootpath):
        if (directory / "harness.toml").is_file():
            return directory
    if config.getoption("--harness-gate") or config.getoption("--harness-target"):
        raise pytest.UsageError(
            f"harness.toml not found in {config.invocation_params.dir}. Run in the folder that holds it, or write one: "
            "the README shows the smallest that works, under 'Point it at your own API'."
        )
    return None


def _load_world(config: pytest.Config, directory: Path) -> RunContext:
    from harness.context.run_context import RunContext
    from harness.errors import HarnessError
    from harness.process.run import Run

    worker = getattr(config, "workerinput", {})
    run = Run.from_json(worker[RUN_KEY]) if RUN_KEY in worker else Run.begin()
    reports = directory / config.getoption("--harness-reports")
    try:
        world = RunContext.load(directory, run=run, overlay=config.getoption("--harness-target"), reports=reports)
        world.vault.resolve_all(world.target.references, strict=False)
    except HarnessError as exc:
        raise pytest.UsageError(str(exc)) from None
    return world
