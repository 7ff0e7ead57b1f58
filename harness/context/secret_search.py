"""The searches of a whole run for secrets that nobody declared: by their structure, and by the team's own scanner."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.model import Finding
from harness.process.run_notes import noted_in

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.operations.scanner import SearchedFile

_FOLDER = "scanned"


def undeclared_secrets(
    context: RunContext, *, logs: Sequence[Path], exports: Sequence[Path], fixtures: Sequence[Path]
) -> list[Finding]:
    """Search logs, exports of spans and fixtures for what looks like a secret and is none that the run knows.

    Credentials that the harness made up and sent are no secrets; where they are logged is a finding of its own.
    """
    sent = noted_in(context.run.made_up_credentials)
    return [*_looking_alike(context, sent, logs, exports, fixtures), *_sent_credentials(context, sent, logs, exports)]


def _sent_credentials(
    context: RunContext, sent: Sequence[str], logs: Sequence[Path], exports: Sequence[Path]
) -> list[Finding]:
    from harness.operations.leaks import scan_files
    from harness.operations.sent_credentials import judge_as_sent, values_of
    from harness.secrets import Scanner
    from harness.telemetry.spans import leaks_in

    scanner = Scanner(values_of(sent))
    leaks = scan_files(scanner, logs if sent else [], root=context.target.root)
    for path in exports if sent else []:
        leaks.add(leaks_in(path, scanner))
    return judge_as_sent(sent, leaks, searched=len(logs) + len(exports))


def _looking_alike(
    context: RunContext,
    sent: Sequence[str],
    logs: Sequence[Path],
    exports: Sequence[Path],
    fixtures: Sequence[Path],
) -> list[Finding]:
    from harness.operations.undeclared import judge_undeclared
    from harness.secrets.suspects import SuspectSearch
    from harness.telemetry.spans import place_of_texts

    search = SuspectSearch(context.vault.redact_whole, lambda value: any(each in value for each in sent))
    for path in [*logs, *fixtures]:
        search.search(path, _place(context, path))
    for path in exports:
        search.search(path, path.name, lambda line: place_of_texts(line.encode("latin-1", "replace")))
    searched = len(logs) + len(exports) + len(fixtures)
    return judge_undeclared(search.suspects, searched=searched, left_out=search.left_out)


def scanned_secrets(context: RunContext, files: Sequence[Path], exports: Sequence[Path]) -> list[Finding]:
    """Run ``[operations] scanner``, where there is one, over copies of these files and exports of spans."""
    command = context.config.operations.scanner if context.config.operations else ()
    if not command:
        return []
    from harness.operations.scanner import ScannerError, ScannerFiles, SearchedFile, run_scanner
    from harness.operations.scanner_results import judge_scanner, not_run
    from harness.telemetry.spans import place_of_texts

    searched: list[SearchedFile] = [SearchedFile(path=path, place=_place(context, path)) for path in files]
    searched += [SearchedFile(path=path, place=path.name, place_of=place_of_texts) for path in exports]
    folder, root, redact = context.run.path / _FOLDER, context.target.root, context.vault.redact_whole
    # Some scanners try what they find: they get no secret that the run has.
    env = {name: value for name, value in os.environ.items() if redact(value) == value}
    try:
        copies = ScannerFiles(folder, searched)
        report = run_scanner(command, copies, cwd=root, env=env)
        return judge_scanner(report, copies, cwd=root, redact=redact)
    except ScannerError as exc:
        return [not_run(f"{exc} Run it by hand to see more; its output may hold secrets and is not shown.")]
    except OSError as exc:
        return [not_run(f"The files cannot be copied for it: {exc.strerror}.")]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _place(context: RunContext, path: Path) -> str:
    root = context.target.root
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name
