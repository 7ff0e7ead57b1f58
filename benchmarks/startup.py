"""What the idle plugins cost: an empty pytest run with them, beside the same run with them switched off."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import entry_points
from pathlib import Path

from _table import Row, show

REPETITIONS = 12
BASE = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def main() -> None:
    """Run both in turn, and compare their least and their usual processor times."""
    ours = sorted(entry.name for entry in entry_points(group="pytest11") if entry.name.startswith("harness-"))
    off = [word for name in ours for word in ("-p", f"no:{name}")]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_empty.py").write_text("def test_empty(): pass\n", encoding="utf-8")
        seconds([*BASE], folder)  # the first run writes the bytecode that the others read
        pairs = [(seconds([*BASE], folder), seconds([*BASE, *off], folder)) for _ in range(REPETITIONS)]
    least, usual = ([fold(column) for column in zip(*pairs, strict=True)] for fold in (min, statistics.median))
    show(
        f"Start-up: {len(ours)} idle plugins, {REPETITIONS} runs with and without them in turn",
        [
            Row(work="all plugins together add, least", value=(least[0] - least[1]) * 1000, unit="ms", bar="<= 30"),
            Row(work="all plugins together add, median", value=(usual[0] - usual[1]) * 1000, unit="ms"),
            Row(work="an empty pytest run with them, median", value=usual[0] * 1000, unit="ms"),
            Row(work="an empty pytest run without them, median", value=usual[1] * 1000, unit="ms"),
        ],
    )


def seconds(command: list[str], folder: str) -> float:
    """Return the processor time a command takes, in seconds: other work on the machine does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
