"""What documents that others wrote cost: `spec check`, `deliver --spec` and `fuzz --collect-only` for each of them.

Usage: ``python benchmarks/documents.py [--json] [NAME ...]``. The documents are those of the folder ``documents`` in
the folder that HARNESS_SHARED_DATA names (by default ``../shared/data``); SOURCES.tsv there names them. With names,
only the folders of these names are measured.

Each figure counts the processor time of one process, start-up included, for each MB of the document and of the files
beside it (at least one MB). Bars: at most 10 s for 1 MB, at most 500 MB of memory, and no crash: each command ends with
a status and no traceback.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from _table import Row, show

ROOT = Path(__file__).parents[1]
DOCUMENTS = Path(os.environ.get("HARNESS_SHARED_DATA", ROOT.parent / "shared" / "data")) / "documents"
HARNESS = (sys.executable, "-m", "harness.cli")
TIME_BAR = "<= 10"
MEMORY_BAR = "<= 500"
ENDED = (0, 1, 2, 4, 5)
"""Statuses of commands that came to their end: well, with findings, or with an error that they explain."""
SECRET = "DOCUMENTS_SIGNING_SECRET"
CONFIG = """
[target]
name = "documents"

[provider]
spec = "{document}"
base_url = "http://127.0.0.1:9"

[fuzz]
"""


class Taken(NamedTuple):
    """What one command took."""

    seconds: float
    """Of processor time, by its process and those that it waited for."""
    mib: float
    """Of memory, at most."""
    crashed: bool
    output: str


def main() -> None:
    """Measure each document, or those of the named folders."""
    if not DOCUMENTS.is_dir():
        sys.exit(f"Nothing is measured: {DOCUMENTS} is missing; HARNESS_SHARED_DATA names its folder.")
    names = {word for word in sys.argv[1:] if not word.startswith("-")}
    chosen = [path for path in documents() if not names or path.relative_to(DOCUMENTS).parts[0] in names]
    rows = [row for document in chosen for row in measured(document)]
    show(f"Documents of others: {len(chosen)}, by MB", rows)


def documents() -> Iterator[Path]:
    """Yield the documents that SOURCES.tsv names, each once."""
    lines = (DOCUMENTS / "SOURCES.tsv").read_text(encoding="utf-8").splitlines()[1:]
    for pattern in re.split(r", ", ", ".join(line.partition("\t")[0] for line in lines)):
        yield from sorted(DOCUMENTS.glob(pattern.partition(" (")[0]))


def measured(document: Path) -> Iterator[Row]:
    """Yield the figures of one document."""
    name = str(document.relative_to(DOCUMENTS))
    megabytes = max(1.0, size(document) / 1e6)
    with tempfile.TemporaryDirectory() as folder:
        for work, words in commands(document, Path(folder)).items():
            took = run(words, Path(folder))
            if took.crashed:
                print(f"{name}, {work}:\n{took.output[-3000:]}", file=sys.stderr)
            yield Row(work=f"{name}, {work}: time", value=took.seconds / megabytes, unit="s", bar=TIME_BAR)
            yield Row(work=f"{name}, {work}: memory", value=took.mib, unit="MB", bar=MEMORY_BAR)
            yield Row(work=f"{name}, {work}: crashes", value=float(took.crashed), unit="", bar="<= 0")


def size(document: Path) -> int:
    """Return how many bytes a document has, with the files beside it where it refers to any."""
    text = document.read_text(encoding="utf-8")
    if not re.search(r"\$ref\W+[^#\s\"']+\.(ya?ml|json)", text):
        return len(text)
    return sum(file.stat().st_size for file in document.parent.rglob("*") if file.is_file())


def commands(document: Path, folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the commands by name, and write the configuration that one of them reads."""
    (folder / "harness.toml").write_text(CONFIG.format(document=document), encoding="utf-8")
    deliver = ("--to", "http://127.0.0.1:9", "--scheme", "hmac", "--secret", f"env:{SECRET}", "--dry-run")
    return {
        "spec check": ("spec", "check", str(document)),
        "deliver --spec": ("deliver", "--spec", str(document), *deliver),
        "fuzz --collect-only": ("fuzz", "--collect-only", "-q"),
    }


def run(words: tuple[str, ...], folder: Path) -> Taken:
    """Run one command of the harness in ``folder``."""
    with (folder / "output").open("w+b") as output:
        env = os.environ | {SECRET: secrets.token_hex()}
        process = subprocess.Popen([*HARNESS, *words], cwd=folder, env=env, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    crashed = process.returncode not in ENDED or "Traceback (most recent call last)" in text
    return Taken(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, crashed, text)


if __name__ == "__main__":
    main()
