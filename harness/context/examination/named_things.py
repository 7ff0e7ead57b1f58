"""What harness.toml names in the folder: globs, the document, fixtures, cassettes and runbooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from harness.context.examination.symptom import Symptom
from harness.context.named_files import unmatched
from harness.errors import CassetteError, SecretError
from harness.model import Outcome
from harness.model.strict import where_is

if TYPE_CHECKING:
    from harness.context.run_context import RunContext


def _paths(context: RunContext) -> Iterator[str]:
    for key, globs in _globs(context):
        yield from (f"{sentence}." for _, sentence in unmatched(context.target, key, globs, folders=True))


def _globs(context: RunContext) -> Iterator[tuple[str, Iterable[str]]]:
    config = context.config
    receiver, telemetry, operations = config.receiver, config.telemetry, config.operations
    yield where_is(("target", "scenarios")), config.target.scenarios
    if receiver:
        for key in ("events", "unprocessable", "slow"):
            yield where_is(("receiver", key)), filter(None, (getattr(receiver, key),))
        if receiver.order:
            yield where_is(("receiver", "order", "earlier")), (receiver.order.earlier,)
            yield where_is(("receiver", "order", "later")), (receiver.order.later,)
    if telemetry:
        yield where_is(("telemetry", "dashboards")), telemetry.dashboards
        if alerts := telemetry.alerts:
            yield where_is(("telemetry", "alerts", "rules")), alerts.rules
            yield where_is(("telemetry", "alerts", "tests")), alerts.tests
            yield where_is(("telemetry", "alerts", "routes")), filter(None, (alerts.routes,))
    if operations:
        yield where_is(("operations", "runbooks")), filter(None, (operations.runbooks,))


def _document(context: RunContext) -> Iterator[str]:
    if context.config.provider and not context.provider.serves_spec:
        with suppress(SecretError):  # the variables are a row of their own
            context.provider.credentials.document  # noqa: B018 - reading it is what fails
    yield from ()


def _credentials(context: RunContext) -> Iterator[str]:
    if not context.provider.serves_spec:
        yield from uncallable(context)


def uncallable(context: RunContext) -> Iterator[str]:
    """Yield for which security schemes of the document there is no credential, where any are named."""
    provider = context.config.provider
    if provider and provider.credentials:
        yield from context.provider.credentials.uncallable(context.provider.permission.labels)


def _fixtures(context: RunContext) -> Iterator[str]:
    from harness.context.receiver_parts import event_format_of, unreadable_events

    receiver = context.config.receiver
    if receiver is not None and receiver.events is not None and receiver.signature is not None:
        yield from unreadable_events(context, event_format_of(context))


def _cassettes(context: RunContext) -> Iterator[str]:
    from harness.cassettes.store.parse_cache import FOLDER
    from harness.cassettes.store.storage import Storage

    storage = Storage(context.target.root / FOLDER)
    for path in context.target.files("cassettes/**/*.yaml"):
        try:
            storage.load_cassette(str(path), None)
        except CassetteError as exc:
            yield str(exc)


def _runbooks(context: RunContext) -> Iterator[str]:
    from harness.context.runbook_checks import judge_runbooks_of_incidents

    operations = context.config.operations
    if operations is None or operations.runbooks is None:
        return
    found = judge_runbooks_of_incidents(context, context.target.files(operations.runbooks))
    yield from (finding.summary for finding in found if finding.outcome is Outcome.FAIL)


NAMED_THINGS: tuple[Symptom, ...] = (
    Symptom("paths", "files and globs", _paths),
    Symptom("document", "the OpenAPI document", _document, section="provider"),
    Symptom(
        "credentials",
        "credentials of security schemes",
        _credentials,
        needs=("variables", "document"),
        section="provider",
    ),
    Symptom("fixtures", "event fixtures", _fixtures, section="receiver"),
    Symptom("cassettes", "cassettes", _cassettes),
    Symptom("runbooks", "runbooks", _runbooks, section="operations"),
)
