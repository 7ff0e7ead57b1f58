"""The processes of a target: started in the order of harness.toml, watched, and stopped in the opposite one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ConfigurationError
from harness.model.config.target import ReadySign
from harness.process.first_start import prepare
from harness.process.managed import ManagedProcess
from harness.process.ready import CommandSucceeds, PrintsLine, StaysAlive, UrlAnswers
from harness.process.supervisor import ProcessState

if TYPE_CHECKING:
    from harness.context.secret_access import SecretAccess
    from harness.context.target import Target
    from harness.model.config import Process
    from harness.process.ready import ReadyCheck
    from harness.process.run import Run

PROVIDER = "{provider}"
"""Placeholder of an address before the provider."""
_RESTART_S = 10.0
"""For a process to be missed and ended, beside the time it may take until it is ready."""


class TargetProcesses:
    """What ``[process.NAME]`` describes, in the process that started it; elsewhere it is empty, but for its state."""

    def __init__(
        self, target: Target, secrets: SecretAccess, *, run: Run, logs: Path, answers: Callable[[str], bool]
    ) -> None:
        """``run`` has the scratch folder, ``logs`` takes the output; ``answers`` asks a ``ready`` URL."""
        self._target = target
        self._secrets = secrets
        self._run = run
        self._answers = answers
        self._started: list[ManagedProcess] = []
        self.logs = logs
        self.log_suffix = ""
        """Ending of the logs' names, which sets those of a copy of the target apart; empty for its own."""
        self.restarts: list[str] = []
        """How processes ended by themselves and were started again, one sentence for each."""

    def __iter__(self) -> Iterator[ManagedProcess]:
        """Iterate over the processes that were started here, in order."""
        return iter(self._started)

    def __len__(self) -> int:
        return len(self._started)

    @cached_property
    def state(self) -> ProcessState:
        """How the target's processes fare, wherever they run."""
        processes = self._target.config.process
        return ProcessState(
            self._run.path,
            ready={name: p.ready_url for name, p in processes.items() if p.ready_url},
            answers=self._answers,
            patience_s=sum(process.ready_within for process in processes.values()) + _RESTART_S,
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run all of them for the length of the block; raises `ProcessError` where one does not come up."""
        with self._provider_url() as url:
            try:
                for name in self._target.config.process:
                    process = self._described(name, url)
                    process.log.unlink(missing_ok=True)
                    self._prepare(process)
                    self._started.append(process)
                    process.start()
                yield
            finally:
                for process in reversed(self._started):
                    process.stop()

    def _prepare(self, process: ManagedProcess) -> None:
        if command := self._target.config.process[process.name].prepare:
            prepare(process, command, folder=self._run.path, made=self._run.prepared / process.name)

    @contextmanager
    def _provider_url(self) -> Iterator[str]:
        """Run a proxy before the provider where a process is to call it there; yield its URL, else an empty one.

        Processes run beside all tests, so their calls are evidence of none. Raises `ConfigurationError`.
        """
        provider, processes = self._target.config.provider, self._target.config.process
        named = next((n for n, p in processes.items() if any(PROVIDER in w for w in (*p.command, *p.env.values()))), "")
        if not named:
            yield ""
            return
        if provider is None:
            raise ConfigurationError(
                f"harness.toml: [process.{named}]: {PROVIDER} stands for the address of the provider, and [provider] "
                "base_url is not set. Add it, or write the address itself."
            )
        from harness.cassettes.record.provider_proxy import ProviderProxy

        with ProviderProxy(provider.base_url, production=self._target.production, reports=False) as proxy:
            yield proxy.url

    def _described(self, name: str, provider_url: str) -> ManagedProcess:
        config = self._target.config.process[name]
        env = self._secrets.environment(config.env, f"[process.{name}] env")
        return ManagedProcess(
            name,
            command=[word.replace(PROVIDER, provider_url) for word in config.command],
            ready=self._ready_check(config),
            ready_within_s=config.ready_within,
            cwd=self._target.root / (config.cwd or "."),
            env={name: value.replace(PROVIDER, provider_url) for name, value in env.items()},
            log=self.logs / f"{name}{self.log_suffix}.log",
            redact=self._secrets.vault.redact,
        )

    def _ready_check(self, config: Process) -> ReadyCheck:
        if config.ready_url:
            return UrlAnswers(config.ready_url, self._answers, config.ready_status)
        if not isinstance(config.ready, ReadySign):
            return StaysAlive()
        return PrintsLine(config.ready.log) if config.ready.log else CommandSucceeds(config.ready.command)

    def deaths(self) -> list[str]:
        """Return what ended by itself, whether it was started again or not, and what no longer answers."""
        return [*self.restarts, *(death for process in self._started if (death := process.silence()))]

    def log_files(self) -> list[Path]:
        """Return the output of the target's processes and the files of ``[operations] logs``."""
        operations = self._target.config.operations
        return [*sorted(self.logs.glob("*.log")), *self._target.files(*(operations.logs if operations else ()))]
