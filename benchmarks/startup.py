"""What the idle plugins cost: an empty pytest run with them, beside the same run with them switched off.

And what installing the package costs: an empty run in a fresh environment with it, as README installs it, beside one in
an environment with pytest alone. Needs a package registry.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import NamedTuple

from _table import Row, show

ROOT = Path(__file__).parents[1]
REPETITIONS = 12
BASE = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def main() -> None:
    """Run both of each pair in turn, and compare their least and their usual processor times."""
    ours = sorted(entry.name for entry in entry_points(group="pytest11") if entry.name.startswith("harness-"))
    off = [word for name in ours for word in ("-p", f"no:{name}")]
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty"
        empty.mkdir()
        (empty / "test_empty.py").write_text("def test_empty(): pass\n", encoding="utf-8")
        idle = compared([*BASE], [*BASE, *off], empty)
        pytest = f"pytest=={version('pytest')}"
        alone = fresh(Path(folder) / "alone", pytest)
        installed = fresh(Path(folder) / "installed", pytest, f"{ROOT}[all]")
        whole = compared([installed, *BASE[1:]], [alone, *BASE[1:]], empty)
    show(
        f"Start-up: {len(ours)} idle plugins, {REPETITIONS} runs with and without them in turn",
        [
            Row(work="all plugins together add, least", value=idle.least_ms, unit="ms", bar="<= 30"),
            Row(work="all plugins together add, median", value=idle.usual_ms, unit="ms"),
            Row(work="installing the package adds, least", value=whole.least_ms, unit="ms", bar="<= 60"),
            Row(work="installing the package adds, median", value=whole.usual_ms, unit="ms"),
            Row(work="an empty pytest run with the package, median", value=whole.with_ms, unit="ms"),
            Row(work="an empty pytest run without it, median", value=whole.without_ms, unit="ms"),
        ],
    )


class Added(NamedTuple):
    """Processor time in ms: what the first of two commands takes beyond the second, and the medians of both."""

    least_ms: float
    usual_ms: float
    with_ms: float
    without_ms: float


def compared(more: list[str], less: list[str], folder: Path) -> Added:
    """Run two commands in turn, after one run of each that writes the bytecode which the others read."""
    for command in (more, less):
        seconds(command, str(folder))
    pairs = [(seconds(more, str(folder)), seconds(less, str(folder))) for _ in range(REPETITIONS)]
    columns = [[1000 * s for s in column] for column in zip(*pairs, strict=True)]
    least, usual = ([fold(column) for column in columns] for fold in (min, statistics.median))
    return Added(least[0] - least[1], usual[0] - usual[1], usual[0], usual[1])


def fresh(folder: Path, *requirements: str) -> str:
    """Make an environment with ``requirements``; return its Python."""
    python = str(folder / "bin" / "python")
    uv = (sys.executable, "-m", "uv")
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, *requirements], check=True)
    return python


def seconds(command: list[str], folder: str) -> float:
    """Return the processor time a command takes, in seconds: other work on the machine does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
