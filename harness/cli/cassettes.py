"""`harness cassettes`: manage the files of recordings."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from harness.cassettes.store.migration import TABLE, Move, Owner, carry_out, moves
from harness.cli.json_output import json_option, print_json
from harness.cli.say import say
from harness.context.target import load_target
from harness.core.cutting import cut_before
from harness.errors import CassetteError

_COLLECT = ("--collect-only", "-q", "-p", "harness.plugins.cassette_table", "-p", "no:schemathesis")
_NO_TESTS = 5
"""Exit status of pytest where it collects none."""


@click.group()
def cassettes() -> None:
    """Manage cassettes."""


@cassettes.command()
@click.argument("tests", nargs=-1, type=click.Path(exists=True))
@click.option("--dry-run", is_flag=True, help="Show what would be renamed without renaming anything.")
@json_option
def migrate(tests: tuple[str, ...], *, dry_run: bool, as_json: bool) -> None:
    """Rename cassettes of earlier versions to their tests' current names.

    TESTS are the files or folders of the tests that own the cassettes; by default the scenarios of harness.toml, else
    what pytest collects here. Nothing is overwritten.
    """
    root = Path.cwd()
    found = list(moves(_owners(root, tests or load_target(root).config.target.scenarios), root))
    for move in found:
        if not (move.why_not or dry_run):
            carry_out(move, root)
        if not as_json:
            say(_line(move, dry_run=dry_run))
    if as_json:
        print_json(found)
    elif not found:
        say("Every cassette has its current name.")
    sys.exit(any(move.why_not for move in found))


def _line(move: Move, *, dry_run: bool) -> str:
    if move.why_not:
        return f"not renamed: {move.former}: {move.why_not}"
    return f"{'would rename' if dry_run else 'renamed'}: {move.former} -> {move.current}"


def _owners(root: Path, tests: Sequence[str]) -> list[Owner]:
    """Let pytest collect the tests, and return those that have a cassette."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.json"
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", *_COLLECT, f"--rootdir={root}", *tests],
            cwd=root,
            env={**os.environ, TABLE: str(table)},
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode not in (0, _NO_TESTS):
            raise CassetteError(
                "The tests could not be collected, so the owners of the cassettes are unknown; nothing was renamed.\n"
                + cut_before(ended.stdout, 2000)
                + cut_before(ended.stderr, 2000)
            )
        return msgspec.json.decode(table.read_bytes(), type=list[Owner]) if table.exists() else []
