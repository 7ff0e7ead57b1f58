"""How long it takes to prove that alerts fire for their faults and resolve, with a real Prometheus and Alertmanager.

Usage: ``python benchmarks/operations.py [--json] [--sample SEED]``. An exporter counts as an integration does; both
servers watch it with rules whose times the harness scales. The clock runs from the start of the servers until every
alert was seen inactive, pending, firing, notified and resolved, and every check of these passes. The second row takes
three alert rules of other people, unchanged, from ``monitoring/alert-rules`` in the folder that HARNESS_SHARED_DATA
names (by default ``../shared/data``); it is left out where that is absent.

Bar: at most 35 s, as the median of three rounds; Prometheus takes 6 s of them until its first scrape.

Then the gate of the sandbox, in one process, three times. Bar: at most 75 s, as the median.

Last, the files of ``monitoring``: all are read, and every query of a dashboard is parsed or has a reason. ``--sample``
prints thirty of the faults that are found in them instead, drawn by its seed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import _monitoring_files
from _table import Row, show

from harness.errors import MonitoringError
from harness.http.client import Network
from harness.http.loopback_server import LoopbackServer
from harness.http.message import Request, Response
from harness.model import Finding, Outcome
from harness.process.run import Run
from harness.telemetry.monitoring.alert_checks import judge_proofs
from harness.telemetry.monitoring.alert_proof import CausedFault, CountedAlert, prove
from harness.telemetry.monitoring.monitoring_servers import Monitoring
from harness.telemetry.rules.rule_file import RuleFile, read_rules
from harness.telemetry.rules.scaled_rules import ScaledRules, scaled_rules

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("HARNESS_SHARED_DATA", ROOT.parent / "shared" / "data")) / "monitoring" / "alert-rules"
ROUNDS = 3
BAR = "<= 35"
GATE_BAR = "<= 75"
WITHIN_S = 120.0
EVERY_S = 0.2
RULES = """
groups:
  - name: webhooks
    rules:
      - alert: Forged
        expr: increase(refusals_total{reason="signature"}[5m]) > 3
        for: 5m
        labels: {severity: page}
      - alert: Errors
        expr: sum(rate(calls_total{status="500"}[5m])) / sum(rate(calls_total[5m])) > 0.1
        for: 5m
        labels: {severity: page}
"""


class Subject(NamedTuple):
    """Alerts, the rules that define them, and the counters that the exporter feeds."""

    alerts: tuple[str, ...]
    files: tuple[RuleFile, ...]
    good: tuple[str, ...]
    """Series that grow all the time."""
    bad: tuple[str, ...]
    """Series that grow while the fault lasts."""


class Exporter(LoopbackServer):
    """Counts, and serves what it counts as metrics."""

    def __init__(self, subject: Subject) -> None:
        super().__init__("exporter")
        self._subject = subject
        self._counts = dict.fromkeys((*subject.good, *subject.bad), 0)
        self._ended = threading.Event()
        self.faulty = False

    def respond(self, request: Request) -> Response:
        """Return the metrics in Prometheus' text format."""
        assert request.path == "/metrics"
        text = "".join(f"{series} {value}\n" for series, value in self._counts.items())
        return Response(status=200, headers=(("content-type", "text/plain; version=0.0.4"),), body=text.encode())

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Let the counters grow for the length of the block."""
        thread = threading.Thread(target=self._count)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _count(self) -> None:
        while not self._ended.wait(EVERY_S):
            for series in (*self._subject.good, *(self._subject.bad if self.faulty else ())):
                self._counts[series] += 2


def own_rules(folder: Path) -> Subject:
    """Return two alerts as a team writes them."""
    file = folder / "rules.yml"
    file.write_text(RULES, encoding="utf-8")
    return Subject(
        alerts=("Forged", "Errors"),
        files=(read_rules(file),),
        good=('calls_total{status="200"}',),
        bad=('calls_total{status="500"}', 'refusals_total{reason="signature"}'),
    )


def shared_rules(_: Path) -> Subject:
    """Return three alerts of other people."""
    names = (
        "ValueCanvas--backend-api-alerts.yml",
        "jsonnet-libs--harbor-alerts.yml",
        "jsonnet-libs--cloudflare-alerts.yaml",
    )
    return Subject(
        alerts=("HighHttpErrorRate", "HarborHighErrorRate", "CloudflareHighThreatCount"),
        files=tuple(read_rules(SHARED / name) for name in names),
        good=('valuecanvas_http_requests_total{status_code="200"}', 'harbor_core_http_request_total{code="200"}'),
        bad=(
            'valuecanvas_http_requests_total{status_code="502"}',
            'harbor_core_http_request_total{code="500"}',
            'cloudflare_zone_threats_total{zone="example.com"}',
        ),
    )


def seconds(made: Callable[[Path], Subject]) -> float:
    """Return the seconds until every alert of a subject is proved."""
    with tempfile.TemporaryDirectory() as name, Network().client() as client:
        subject = made(Path(name))
        scaled = scaled_rules(subject.files, subject.alerts)
        with Exporter(subject) as exporter, exporter.counting():
            begun = time.perf_counter()
            folder, url = Path(name) / "servers", f"{exporter.url}/metrics"
            folder.mkdir()
            with Monitoring(client, folder, port=Run.begin().port, metrics=(url,), rules=scaled.texts) as monitoring:
                proved(monitoring, exporter, subject.alerts, scaled)
                return time.perf_counter() - begun


def proved(monitoring: Monitoring, exporter: Exporter, alerts: Sequence[str], scaled: ScaledRules) -> None:
    """Return when every check of every alert passes; ends the benchmark where one does not."""
    monitoring.wait_scraped()
    good_from = time.time()
    until(lambda: bool(monitoring.prometheus.query("up == 1")))
    began = time.time()
    exporter.faulty = True
    until(lambda: monitoring.watch.firing().issuperset(alerts))
    exporter.faulty = False
    ended = time.time()
    until(lambda: not monitoring.watch.active().intersection(alerts))

    def findings() -> list[Finding]:
        fault = CausedFault(began=began, ended=ended, seen_until=time.time())
        episodes = monitoring.watch.episodes(good_from)
        proofs = [
            prove(
                CountedAlert(name=name, fault="counters that grow", for_s=scaled.rules[name].for_s),
                fault,
                good=(good_from, began),
                episodes=episodes,
                notifications=monitoring.hook.notifications,
                held_back=monitoring.watch.held_back.get(name, ""),
            )
            for name in alerts
        ]
        return [finding for finding in judge_proofs(proofs) if finding.outcome is not Outcome.PASS]

    until(lambda: not findings(), shown=lambda: "\n".join(f"{f.summary}: {f.observed}" for f in findings()))


def until(holds: Callable[[], bool], shown: Callable[[], str] = str) -> None:
    """Wait until something is true; ends the benchmark after `WITHIN_S` seconds."""
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        if time.monotonic() > deadline:
            sys.exit(f"Not proved within {WITHIN_S:g} s. {shown()}")
        time.sleep(EVERY_S)


def rows() -> Iterator[Row]:
    """Yield the seconds of each subject."""
    subjects: dict[str, Callable[[Path], Subject]] = {"two alerts, [5m] ranges and for: 5m, proved": own_rules}
    if SHARED.is_dir():
        subjects["three alerts of other people, proved"] = shared_rules
    for work, made in subjects.items():
        taken = [seconds(made) for _ in range(ROUNDS)]
        yield Row(work=work, value=statistics.median(taken), unit="s", bar=BAR)
    yield Row(work="the sandbox's gate", value=statistics.median(gate() for _ in range(ROUNDS)), unit="s", bar=GATE_BAR)
    yield from _monitoring_files.rows()


def gate() -> float:
    """Return the seconds of a gate of the sandbox; ends the benchmark where it is not READY."""
    with tempfile.TemporaryDirectory() as reports:
        command = [sys.executable, "-m", "harness.cli", "gate", "--reports", reports, "-p", "no:cacheprovider"]
        begun = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        taken = time.perf_counter() - begun
    if done.returncode:
        sys.exit(f"The gate ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return taken


def main() -> None:
    """Measure and print."""
    if "--sample" in sys.argv:
        seed = int(sys.argv[sys.argv.index("--sample") + 1])
        print("\n".join(_monitoring_files.sample(seed)))
        return
    try:
        show(f"Monitoring: proofs and gates as the median of {ROUNDS}, and files of other people", rows())
    except MonitoringError as exc:
        sys.exit(str(exc))


if __name__ == "__main__":
    main()
