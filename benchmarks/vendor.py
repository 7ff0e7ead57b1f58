"""What a vendor's document of 452 operations costs: `harness spec check`, and the first gate against that vendor's API.

Usage: ``python benchmarks/vendor.py [--json]``. The document is Stripe's own, ``documents/stripe/spec3.yaml`` in the
folder that HARNESS_SHARED_DATA names (by default ``../shared/data``).

`spec check` counts the processor time of its process, start-up included, as the median of three. Bar: at most 5 s.

The gate runs with the few lines of harness.toml that a first attempt has, beside localstripe, which answers as Stripe
does and is installed from tests/real/envs/strangers.lock. It is timed from its start to its verdict, which must be
about the integration alone: nothing fails, and what the API does differently is in the vendor's section. Bar: at most
60 s. What is absent is named, and its row left out.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from _strangers import INSTALL, PROGRAMS, localstripe
from _table import Row, show
from startup import seconds

ROOT = Path(__file__).parents[1]
DOCUMENT = Path(os.environ.get("HARNESS_SHARED_DATA", ROOT.parent / "shared" / "data")) / "documents/stripe/spec3.yaml"
ROUNDS = 3
CHECK_BAR = "<= 5"
GATE_BAR = "<= 60"
HARNESS = (sys.executable, "-m", "harness.cli")
CONFIG = """
[target]
name = "first gate"
environment = "staging"

[provider]
spec = "{spec}"
base_url = "{url}"
auth = {{ type = "bearer", token = "env:STRIPE_API_KEY" }}
"""


def rows() -> Iterator[Row]:
    """Yield a row for each part that can be measured here; the others are named on stderr."""
    if not DOCUMENT.is_file():
        print(f"Nothing is measured: {DOCUMENT} is missing; HARNESS_SHARED_DATA names its folder.", file=sys.stderr)
        return
    taken = [seconds([*HARNESS, "spec", "check", str(DOCUMENT)], str(ROOT)) for _ in range(ROUNDS)]
    yield Row(work="spec check, processor time", value=statistics.median(taken), unit="s", bar=CHECK_BAR)
    if not PROGRAMS.is_dir():
        print(f"No gate is measured: {PROGRAMS} is missing; {INSTALL}.", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as name, localstripe(Path(name)) as url:
        yield Row(work="first gate, 452 operations", value=gate(Path(name), url), unit="s", bar=GATE_BAR)


def gate(folder: Path, url: str) -> float:
    """Return the seconds of a gate; ends the benchmark where something fails, or nothing is the vendor's."""
    (folder / "harness.toml").write_text(CONFIG.format(spec=DOCUMENT, url=url), encoding="utf-8")
    env = os.environ | {"STRIPE_API_KEY": "sk_test_51PqXYZ2eZvKYlo2C"}
    begun = time.perf_counter()
    done = subprocess.run([*HARNESS, "gate"], cwd=folder, env=env, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - begun
    written = folder / "reports" / "readiness.json"
    report = json.loads(written.read_bytes()) if written.is_file() else {}
    if not report.get("vendor") or any(item["outcome"] in ("fail", "error") for item in report["items"]):
        sys.exit(f"The gate did not come to a verdict about the integration alone:\n{done.stdout[-3000:]}{done.stderr}")
    return taken


def main() -> None:
    """Measure and print."""
    show("A vendor's document: Stripe's, 452 operations", rows())


if __name__ == "__main__":
    main()
