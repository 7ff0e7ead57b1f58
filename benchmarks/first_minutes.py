"""What a first look costs: `harness --help`, beside a program of click that does nothing."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from _table import Row, show
from startup import REPETITIONS, compared

BARE = """
import click

@click.group()
def main():
    "Do nothing."

main()
"""


def main() -> None:
    """Run both in turn, and compare their least and their usual processor times."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare = folder / "bare.py"
        bare.write_text(BARE, encoding="utf-8")
        script = Path(sys.executable).with_name("harness")
        shown = compared([str(script), "--help"], [sys.executable, str(bare), "--help"], folder)
    show(
        f"The first minutes: {REPETITIONS} runs of each in turn",
        [
            Row(work="harness --help beyond a bare click program, least", value=shown.least_ms, unit="ms", bar="<= 60"),
            Row(work="harness --help beyond a bare click program, median", value=shown.usual_ms, unit="ms"),
            Row(work="harness --help, median", value=shown.with_ms, unit="ms"),
            Row(work="a bare click program, median", value=shown.without_ms, unit="ms"),
        ],
    )


if __name__ == "__main__":
    main()
