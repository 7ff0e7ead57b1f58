"""What only a whole run can show, once nothing writes to its logs and cassettes any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from harness.errors import CassetteError, HarnessError, one_line
from harness.model import Finding, Mode, Outcome
from harness.model.part import deselected

if TYPE_CHECKING:
    from harness.cassettes.checks.orphaned_cassettes import Stray
    from harness.cassettes.store.metadata import Metadata
    from harness.context.run_context import RunContext
    from harness.http.message import Exchange
    from harness.model.part import Claims
    from harness.model.spec_coverage import Coverage


class WholeRun(NamedTuple):
    """What ran, and what all its processes saw together."""

    live: bool
    """Whether it talked to the target."""
    suite: bool
    """Whether it ran the shipped checks."""
    left_out: int
    """Checks that were collected and not run."""
    coverage: Coverage | None
    """None where no call to the provider was seen."""
    claims: Claims | None
    """None where the run has nothing to do with cassettes."""

    @property
    def partial(self) -> str:
        """Why the coverage of the document is not known; empty where it is."""
        if self.left_out:
            return f"{deselected(self.left_out)}, so the coverage is not known"
        return "" if self.suite else "only scenarios ran; the shipped checks cover more"


def judge_secrets(context: RunContext, whole: WholeRun) -> list[Finding]:
    """Search logs, cassettes and fixtures for every known secret, and for what looks like another one."""
    if not whole.live:
        return []
    from harness.context.secret_search import scanned_secrets, undeclared_secrets
    from harness.operations.leaks import judge_leaks, readable, scan_files, too_short
    from harness.process.run_notes import noted_in
    from harness.telemetry.spans import FILES, leaks_in, unsearched_in

    config = context.config
    operations, receiver = config.operations, config.receiver
    logs, lost = readable(context.processes.log_files())
    events = context.target.files(f"{receiver.events}/**/*") if receiver and receiver.events else []
    cassettes = context.target.files("cassettes/**/*.yaml")
    scanned = context.target.files(*(operations.scan if operations else ()))
    others, lost_too = readable([*events, *(path for path in scanned if path not in cassettes)])
    files = [*logs, *cassettes, *others]
    scanner = context.vault.scanner()
    exports = sorted(context.run.path.glob(FILES))
    leaks = scan_files(scanner, files, root=context.target.root)
    for path in exports:
        leaks.add(leaks_in(path, scanner))
    undeclared = undeclared_secrets(context, logs=logs, exports=exports, fixtures=others)
    undeclared += scanned_secrets(context, files, exports)
    exposed = [*_exposed(context), *context.answer_search.findings()]
    exposed += (f for f in undeclared if whole.suite or f.outcome is not Outcome.PASS)
    receives = receiver is not None and not context.target.declared(("receiver.url",))
    if not leaks and not whole.suite:
        return exposed  # scenarios alone send nothing that the logs must hold, so silence proves nothing
    return exposed + judge_leaks(
        leaks=leaks,
        canaries=noted_in(context.run.delivered_ids) if receives else None,
        began_at=context.began_at,
        logs=logs,
        scanned=len(files) + len(exports),
        unsearchable=too_short(scanner.unsearchable, context.provider.credentials.auths.values()),
        lost=[*lost, *lost_too, *(why for path in exports for why in unsearched_in(path)), *leaks.unread],
    )


def _exposed(context: RunContext) -> Iterator[Finding]:
    """Yield what looks like a secret in a cassette, known to harness.toml or not."""
    from harness.cassettes.checks.secret_scan import judge_exposure
    from harness.cassettes.store.parse_cache import FOLDER
    from harness.cassettes.store.storage import Storage

    for path in context.target.files("cassettes/**/*.yaml"):
        try:
            requests, responses, _ = Storage(context.target.root / FOLDER).load_cassette(str(path), None)
        except CassetteError:
            continue  # the scenario that plays it reports this
        pairs = list(zip(requests, responses, strict=True))
        yield from judge_exposure(pairs, str(path.relative_to(context.target.root)), known=context.vault.redact_whole)


def judge_credential(context: RunContext, whole: WholeRun) -> list[Finding]:
    """Judge whether the test credential still works after all checks."""
    if not (whole.live and whole.suite) or context.target.missing(("provider.auth",)):
        return []
    from harness.contract.credential_watch import judge_watch

    return [judge_watch(context.run.path, nothing="no secured operation may be read, or no check of the provider ran")]


def judge_coverage_seen(context: RunContext, whole: WholeRun) -> list[Finding]:
    """Compare what was seen with ``[contract] coverage``; every 429 and 503 must state how long to wait."""
    if whole.coverage is None:
        return []
    from harness.contract.coverage import judge_coverage, judge_limits

    found = judge_limits(whole.coverage)
    if context.config.contract and (threshold := context.config.contract.coverage):
        found.append(judge_coverage(whole.coverage, threshold, partial=whole.partial))
    return found


def judge_strays(context: RunContext, whole: WholeRun) -> list[Finding]:
    """Judge the cassettes that no test of the run was played from: orphans, and those of clients elsewhere."""
    if whole.claims is None or context.config.provider is None:
        return []
    return list(_judged_strays(context, whole.claims))


def _judged_strays(context: RunContext, claims: Claims) -> Iterator[Finding]:
    from harness.cassettes.checks.orphaned_cassettes import strays
    from harness.cassettes.store.parse_cache import FOLDER

    root = context.target.root
    for stray in strays(root, claims, cache=root / FOLDER):
        found = [stray] if isinstance(stray, Finding) else _judged_stray(context, stray, claims)
        # That it conforms proves nothing about scenarios: only what is wrong is reported.
        bad = (f for f in found if f.outcome is not Outcome.PASS)
        yield from (msgspec.structs.replace(finding, mode=Mode.RECORDED) for finding in bad)


def _judged_stray(context: RunContext, stray: Stray, claims: Claims) -> list[Finding]:
    """Judge one cassette; whatever it is that cannot be judged, the others are."""
    from harness.cassettes.checks.orphaned_cassettes import judge_stray, unreadable
    from harness.cassettes.store.vcr_messages import recorded_exchanges
    from harness.contract.conformance import judge_exchanges

    max_age = context.config.cassettes.max_age
    found = list(judge_stray(stray, claims, root=context.target.root, max_age_s=max_age))
    exchanges = _of_provider(recorded_exchanges(stray.document, place=stray.place), stray.metadata, context)
    try:
        found += judge_exchanges(context.spec, exchanges, item="workflow.recorded", place=stray.place, recorded=True)
    except CassetteError as exc:
        found.append(unreadable(str(exc)))
    except HarnessError:
        raise  # it is about the document
    except Exception as exc:  # noqa: BLE001 - whatever a library cannot read in a recording
        found.append(unreadable(f"{stray.place} cannot be judged: {type(exc).__name__}: {one_line(exc)}"))
    return found


def _of_provider(exchanges: Iterator[Exchange], metadata: Metadata, context: RunContext) -> Iterator[Exchange]:
    """Yield the exchanges with the provider as they would be today; without metadata, all are taken for such."""
    then, now = metadata.base_url.rstrip("/"), context.provider.section.base_url.rstrip("/")
    for exchange in exchanges:
        request = exchange.request
        if request.url.startswith(then):
            today = msgspec.structs.replace(request, url=now + request.url.removeprefix(then)) if then else request
            yield msgspec.structs.replace(exchange, request=today)


JUDGES: Sequence[Callable[[RunContext, WholeRun], list[Finding]]] = (
    judge_credential,
    judge_coverage_seen,
    judge_strays,
    judge_secrets,
)
"""What a gate asks when all its parts have ended."""
