"""Operations: runbooks, and the search for secrets in everything the run left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.plugins.stash import context_key, findings_key, is_live, runs_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from harness.context.run_context import RunContext
    from harness.model import Finding


@pytest.fixture
def runbooks(run_context: RunContext, require: Callable[..., None]) -> list[Path]:
    """The runbook files of ``[operations] runbooks``."""
    require("operations.runbooks")
    assert run_context.config.operations is not None
    return run_context.target.files(run_context.config.operations.runbooks)


@pytest.hookimpl(wrapper=True, trylast=True)  # within the core plugin's, which fails a test whose findings failed
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Attach a finding for each secret in the error responses that this test received."""
    try:
        yield
    finally:
        run_context, findings = item.config.stash.get(context_key, None), item.stash.get(findings_key, None)
        if run_context is not None and findings is not None:
            findings.extend(run_context.error_bodies.findings())


@pytest.hookimpl(optionalhook=True)  # unknown where harness-core is switched off
def pytest_harness_final_findings(config: pytest.Config, context: RunContext) -> list[Finding]:
    """Search logs, cassettes and fixtures for every known secret, once nothing writes to them any more."""
    operations = context.config.operations
    if not is_live(config):
        return []
    from harness.operations.leaks import judge_leaks, scan_files
    from harness.telemetry.spans import FILES, leaks_in, unsearched_in

    logs = context.processes.log_files()
    receiver = context.config.receiver
    events = context.target.files(f"{receiver.events}/**/*") if receiver and receiver.events else []
    others = context.target.files("cassettes/**/*.yaml", *(operations.scan if operations else ()))
    files = [*logs, *events, *others]
    scanner = context.vault.scanner()
    exports = sorted(context.run.path.glob(FILES))
    leaks = scan_files(scanner, files, root=context.target.root)
    leaks += [leak for path in exports for leak in leaks_in(path, scanner)]
    exposed = list(_exposed(context))
    if not leaks and not runs_suite(config):
        return exposed  # scenarios alone send nothing that the logs must hold, so silence proves nothing
    return exposed + judge_leaks(
        leaks=leaks,
        canary=None if context.target.declared(("receiver.url",)) else context.run.run_id,
        began_at=context.began_at,
        logs=logs,
        scanned=len(files) + len(exports),
        unsearchable=scanner.unsearchable,
        lost=[why for path in exports for why in unsearched_in(path)],
    )


def _exposed(run_context: RunContext) -> Iterator[Finding]:
    """Yield what looks like a secret in a cassette, known to harness.toml or not."""
    from harness.cassettes.checks.secret_scan import judge_exposure
    from harness.cassettes.store.parse_cache import FOLDER
    from harness.cassettes.store.storage import Storage
    from harness.errors import CassetteError

    for path in run_context.target.files("cassettes/**/*.yaml"):
        try:
            requests, responses, _ = Storage(run_context.target.root / FOLDER).load_cassette(str(path), None)
        except CassetteError:
            continue  # the scenario that plays it reports this
        pairs = list(zip(requests, responses, strict=True))
        yield from judge_exposure(pairs, str(path.relative_to(run_context.target.root)), known=run_context.vault.redact)
