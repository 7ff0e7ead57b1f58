"""The searches of a whole run for secrets that nobody declared: by their structure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.model import Finding

if TYPE_CHECKING:
    from harness.context.run_context import RunContext


def undeclared_secrets(
    context: RunContext, *, logs: Sequence[Path], exports: Sequence[Path], fixtures: Sequence[Path]
) -> list[Finding]:
    """Search logs, exports of spans and fixtures for what looks like a secret and is none that the run knows."""
    from harness.operations.undeclared import judge_undeclared
    from harness.secrets.suspects import SuspectSearch
    from harness.telemetry.spans import place_of_texts

    search, root = SuspectSearch(context.vault.redact_whole), context.target.root
    for path in [*logs, *fixtures]:
        search.search(path, str(path.relative_to(root) if path.is_relative_to(root) else path.name))
    for path in exports:
        search.search(path, path.name, lambda line: place_of_texts(line.encode("latin-1", "replace")))
    searched = len(logs) + len(exports) + len(fixtures)
    return judge_undeclared(search.suspects, searched=searched, left_out=search.left_out)
