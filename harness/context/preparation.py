"""What a run needs before its first test: what can be known to be wrong ends it before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.context.metrics_baseline import store_baseline
from harness.context.needed_extras import require_extras

if TYPE_CHECKING:
    from harness.context.run_context import RunContext


def prepare(context: RunContext) -> None:
    """Resolve the secrets and read the document, before the target is started; raises `HarnessError`."""
    context.secrets.resolve_all(strict=True)
    require_extras(context)
    if not context.provider.serves_spec:
        _read_document(context)


def _read_document(context: RunContext) -> None:
    """Read the document, and hold the names of credentials against it."""
    if context.config.provider:
        context.provider.credentials.document  # noqa: B018 - reading it is what fails


def prepare_started(context: RunContext) -> None:
    """Do what only a target that has just started allows, before the first test; raises `HarnessError`."""
    if context.provider.serves_spec:
        _read_document(context)
    context.provider.check_shared_defects()
    store_baseline(context)
