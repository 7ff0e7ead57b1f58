"""A Prometheus and an Alertmanager of the harness's own, for the length of a block."""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx

from harness.errors import MonitoringError, ProcessError
from harness.http.client import answers
from harness.process.managed import ManagedProcess
from harness.process.ready import UrlAnswers
from harness.telemetry.monitoring.alert_watch import AlertWatch
from harness.telemetry.monitoring.alertmanager_api import AlertmanagerApi
from harness.telemetry.monitoring.monitoring_config import EACH_S, one_route, prometheus_config
from harness.telemetry.monitoring.notifications import NotificationHook
from harness.telemetry.monitoring.prometheus_api import PrometheusApi, ScrapeTarget

PROMETHEUS = ("prometheus",)
ALERTMANAGER = ("prometheus-alertmanager", "alertmanager")
"""The programs' names: Debian's, and that of Prometheus' own releases."""
INSTALL = "apt-get install prometheus prometheus-alertmanager"
READY_WITHIN_S = 30.0
SCRAPED_WITHIN_S = 30.0
"""Prometheus looks for targets every 5 s, first 5 s after its start (discovery and scrape managers, versions 2 and 3);
no option shortens that, so start it early and do something else meanwhile."""
POLL_S = 0.1
_TIMED_OUT = "context deadline exceeded"
"""How Prometheus states that a scrape took too long."""
RESEND_S = 5
"""Seconds after which a firing alert is sent again, so that none is lost before Alertmanager is found."""


class Monitoring:
    """Watches metrics with a team's rules; notifications arrive at a hook of the harness."""

    def __init__(
        self,
        client: httpx.Client,
        folder: Path,
        *,
        port: Callable[[str], int],
        metrics: Sequence[str],
        rules: Sequence[str],
        labels: Mapping[str, str] | None = None,
        routes: Callable[[str], str] = one_route,
    ) -> None:
        """Describe both servers; the block starts and ends them.

        ``client`` sends to loopback, ``folder`` takes configuration, data and logs, ``port`` gives a free port by name
        (`Run.port`). ``metrics`` are URLs, ``rules`` the texts of rule files, ``labels`` those of every series, and
        ``routes`` returns Alertmanager's configuration, given the URL of the hook.
        """
        self._client = client
        self._folder = folder
        self._metrics = tuple(metrics)
        self._rules = tuple(rules)
        self._labels = dict(labels or {})
        self._routes = routes
        self._addresses = {name: f"127.0.0.1:{port(name)}" for name in (PROMETHEUS[0], ALERTMANAGER[-1])}
        self._processes: tuple[ManagedProcess, ...] = ()
        self._stack = ExitStack()
        self.hook = NotificationHook()
        self.prometheus = PrometheusApi(self._url(PROMETHEUS[0]), client, where="Prometheus of the harness")
        self.alertmanager = AlertmanagerApi(self._url(ALERTMANAGER[-1]), client, where="Alertmanager of the harness")
        self.watch = AlertWatch(self.prometheus, self.alertmanager, self.hook)

    def __enter__(self) -> Self:
        """Start both, which takes less than a second; raises `MonitoringError`, and leaves nothing running.

        Nothing is scraped yet for about 6 s: `wait_scraped` waits for it.
        """
        programs = (_program(*PROMETHEUS), _program(*ALERTMANAGER))
        with ExitStack() as stack:
            stack.enter_context(self.hook)
            self._processes = (self._prometheus(programs[0]), self._alertmanager(programs[1]))
            for process in reversed(self._processes):
                _start(process)
                stack.callback(process.stop)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def wait_scraped(self, within_s: float = SCRAPED_WITHIN_S) -> None:
        """Return as soon as every target was scraped and Alertmanager is found; raises `MonitoringError`."""
        deadline = time.monotonic() + within_s
        while missing := self._missing():
            self.require_alive()
            if time.monotonic() > deadline:
                raise MonitoringError(f"Prometheus of the harness: after {within_s:g} s {missing}.")
            time.sleep(POLL_S)

    def require_alive(self) -> None:
        """Raise `MonitoringError` where one of both ended by itself."""
        for process in self._processes:
            if process.death():
                raise MonitoringError(f"{process.name} of the harness ended by itself.{process.tail()}")

    def _missing(self) -> str:
        """Return what is not there yet; empty when all is."""
        targets = self.prometheus.targets()
        if len(targets) < len(self._metrics):
            return "no target was found"
        if down := [_down(target) for target in targets if target.health != "up"]:
            return "; ".join(down)
        return "" if self.prometheus.alertmanagers() else "its Alertmanager was not found"

    def _url(self, name: str) -> str:
        return f"http://{self._addresses[name]}"

    def _prometheus(self, program: str) -> ManagedProcess:
        folder = self._folder / "rules"
        folder.mkdir(parents=True, exist_ok=True)
        for number, text in enumerate(self._rules):
            (folder / f"{number}.yml").write_text(text, encoding="utf-8")
        address = self._addresses[PROMETHEUS[0]]
        found = self._addresses[ALERTMANAGER[-1]]
        config = prometheus_config(self._metrics, self._labels, rules="rules/*.yml", alertmanager=found)
        options = (
            f"--storage.tsdb.path={self._folder / 'prometheus'}",
            "--storage.tsdb.retention.time=1h",
            f"--rules.alert.resend-delay={RESEND_S}s",
        )
        return self._process("Prometheus", program, config, address, options)

    def _alertmanager(self, program: str) -> ManagedProcess:
        options = (
            f"--storage.path={self._folder / 'alertmanager'}",
            "--data.retention=1h",
            "--cluster.listen-address=",  # no gossip
        )
        config = self._routes(self.hook.url)
        return self._process("Alertmanager", program, config, self._addresses[ALERTMANAGER[-1]], options)

    def _process(self, name: str, program: str, config: str, address: str, options: Sequence[str]) -> ManagedProcess:
        file = self._folder / f"{name.lower()}.yml"
        file.write_text(config, encoding="utf-8")
        listen = f"--web.listen-address={address}"
        return ManagedProcess(
            name,
            command=(program, f"--config.file={file}", listen, "--log.level=warn", *options),
            ready=UrlAnswers(f"http://{address}/-/ready", lambda url: answers(self._client, url)),
            ready_within_s=READY_WITHIN_S,
            cwd=self._folder,
            env={},
            log=self._folder / f"{name.lower()}.log",
        )


def _program(*names: str) -> str:
    """Return the path of a program; raises `MonitoringError` where it is not installed."""
    for name in names:
        if found := shutil.which(name):
            return found
    raise MonitoringError(
        f"{names[-1].capitalize()} is not installed: no {' or '.join(names)} on the PATH. Install both: {INSTALL}"
    )


def _start(process: ManagedProcess) -> None:
    try:
        process.start()
    except ProcessError:
        raise MonitoringError(
            f"{process.name} of the harness did not start. Run it by hand to see why: "
            f"{shlex.join(process.command)}.{process.tail()}"
        ) from None


def _down(target: ScrapeTarget) -> str:
    reason = target.last_error or "not scraped yet"
    if _TIMED_OUT in reason:
        reason += f". The harness scrapes every {EACH_S} s and waits as long: return the metrics sooner"
    return f"{target.scrape_url} is {target.health}: {reason}"
