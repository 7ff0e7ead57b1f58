"""Files of others are read to a bound, and nothing but files."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import harness
from harness.core.foreign_files import open_file, pieces_of, read_file, read_text
from tests.hostile_files import HOSTILE_FILES, large

READERS = {
    "open_file": lambda path: open_file(path).close(),
    "read_file": read_file,
    "read_text": read_text,
    "pieces_of": lambda path: list(pieces_of(path, 10)),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize("make, said", HOSTILE_FILES.values(), ids=HOSTILE_FILES.keys())
def test_what_is_no_file_is_refused_at_once(
    make: Callable[[Path], None], said: str, read: Callable[[Path], object], tmp_path: Path
) -> None:
    """Nobody waits for a writer, and the reason ends a sentence."""
    make(tmp_path / "named")

    with pytest.raises(OSError) as refused:  # noqa: PT011 - its text follows
        read(tmp_path / "named")

    assert refused.value.strerror == said


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    """The limit is in the reason, as megabytes where it has any."""
    large(tmp_path / "large")
    (tmp_path / "small").write_bytes(b"12345")

    assert read_file(tmp_path / "small", 5) == b"12345"
    for limit, shown in ((4, "4 bytes"), (64 << 20, "64 MiB")):
        with pytest.raises(OSError, match=f"it is larger than {shown}"):
            read_file(tmp_path / ("small" if limit == 4 else "large"), limit)


def test_a_file_that_grows_is_read_to_where_it_ended(tmp_path: Path) -> None:
    """A log that is written faster than it is read has an end too."""
    log = tmp_path / "log"
    log.write_bytes(b"line\n" * 100)

    pieces = pieces_of(log, 64)
    read = len(next(pieces))
    for piece in pieces:
        read += len(piece)
        with log.open("ab") as file:
            file.write(b"line\n" * 100)

    assert read == 500


OWN = {
    "cassettes/store/parse_cache.py": "its cache",
    "cli/cassettes.py": "its list of owners",
    "cli/gate.py": "its report",
    "cli/waive.py": "harness.toml, which was loaded before",
    "context/configuration_schema.py": "its schemas",
    "context/exercise.py": "the run's folder",
    "context/gate_verdict.py": "the run's folder",
    "context/metrics_baseline.py": "the run's folder",
    "context/starting/first_events.py": "its packs",
    "context/starting/first_files.py": "its texts",
    "context/webhook_watch.py": "the run's folder",
    "contract/credential_watch.py": "the run's folder",
    "contract/webhooks/catcher.py": "the run's folder",
    "core/extras.py": "its package",
    "core/foreign_files.py": "the one place",
    "http/credential_state.py": "the run's folder",
    "operations/scanner.py": "copies of its own",
    "packs/shelf.py": "its packs",
    "plugins/hidden_secrets.py": "what pytest wrote",
    "plugins/team_hooks.py": "its report",
    "process/groups.py": "/proc",
    "process/log_parts.py": "logs of its processes",
    "process/managed.py": "logs of its processes",
    "process/run_notes.py": "the run's folder",
    "process/supervisor.py": "the run's folder",
    "readiness/checklist.py": "its checklist",
    "secrets/issued_secret.py": "the run's folder",
    "telemetry/spans.py": "the run's folder",
    "webhooks/drills/memory.py": "/proc",
    "webhooks/named_events.py": "its packs",
}
"""Modules that read files which nobody else names, and which."""


def reads(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        mode = next((a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)), "r")
        called = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) != "os"
        if called and (name in {"read_bytes", "read_text"} or (name == "open" and mode in {"r", "rb"})):
            yield node


def test_every_other_file_is_read_in_one_place() -> None:
    """What a user or a target names goes through `harness.core.foreign_files`."""
    root = Path(harness.__file__).parent
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if "sandbox" not in path.relative_to(root).parts and any(reads(ast.parse(path.read_text())))
    }

    assert found - {"core/foreign_files.py"} == OWN.keys() - {"core/foreign_files.py"}
