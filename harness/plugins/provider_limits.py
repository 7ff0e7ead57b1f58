"""Why a test sends the provider nothing: it may not, or the base URL leads elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.context.run_context import RunContext


def skip_without_probes(run_context: RunContext) -> None:
    """Skip a test whose requests the harness makes up, where harness.toml allows none."""
    if run_context.target.probes == "none":
        pytest.skip('[provider] probes is "none", so the harness sends the provider nothing that it made up')


def skip_at_wrong_path(run_context: RunContext) -> None:
    """Skip what would only find, again and again, that the base URL leads elsewhere; auth.accepts reports that."""
    if fault := run_context.provider.wrong_base_path:
        pytest.skip(fault)
