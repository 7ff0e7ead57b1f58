"""What a pytest process knows of the target: one plain object, made at start, handed to every fixture."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.context import signing_keys
from harness.context.target import Target, load_target
from harness.errors import ConfigurationError
from harness.http.client import WHOLE_WITHIN_S, Network
from harness.model import SecretRef
from harness.operations.leaks import ErrorBodies
from harness.process.managed import ManagedProcess
from harness.process.run import Run
from harness.process.supervisor import ProcessState
from harness.readiness.admission import Admission
from harness.readiness.checklist import Checklist, shipped
from harness.secrets import IssuedSecret, Vault

if TYPE_CHECKING:
    import httpx

    from harness.contract.credentials import Credential
    from harness.fuzzing.defect_store import DefectStore
    from harness.fuzzing.fuzzer import Fuzzer
    from harness.http.provider_client import ProviderClient
    from harness.openapi.spec_document import Spec


_RESTART_S = 10.0
"""For a process to be missed and ended, beside the time it may take until it is ready."""


class RunContext:
    """The target with this run's secrets, network and processes."""

    def __init__(self, target: Target, run: Run, reports: Path) -> None:
        """``reports`` is the folder that output goes to."""
        self.target = target
        self.run = run
        self.reports = reports
        self.config = target.config
        self.vault = Vault(seed=run.seed, root=target.root, shapes=signing_keys.shapes(target.config))
        self.error_bodies = ErrorBodies(self.vault.scanner)
        self.network = Network(target.urls, production=target.production)
        self.network.error_observer = self.error_bodies
        self.processes: list[ManagedProcess] = []
        self.ended: list[str] = []
        """What is to be said of processes that ended by themselves and were started again."""
        self.overlay: str | None = None
        self.log_suffix = ""
        self.spans_folder: Path | None = run.path
        """Where what the target exports is kept until it was searched; None where another world listens for it."""
        self._fuzzer: Fuzzer | None = None

    @classmethod
    def load(cls, directory: Path, *, run: Run, overlay: str | None, reports: Path) -> RunContext:
        """Read harness.toml; raises `ConfigurationError`."""
        world = cls(load_target(directory, expand=run.expand, overlay=overlay), run, reports)
        world.overlay = overlay
        return world

    @property
    def logs(self) -> Path:
        """Folder of the output of the target's processes."""
        return self.reports / "logs"

    @property
    def otlp(self) -> str | None:
        """Address on which spans are taken, None where ``[telemetry] otlp`` is not set."""
        return self.config.telemetry.otlp if self.config.telemetry else None

    @cached_property
    def checklist(self) -> Checklist:
        """The shipped items and the target's own; raises `ConfigurationError` for an id that is taken."""
        return shipped().extended(self.config.item)

    @cached_property
    def admission(self) -> Admission:
        """What every finding passes on its way into the report."""
        return Admission(self.checklist, self.vault.redact)

    @cached_property
    def handed_out(self) -> IssuedSecret:
        """The secret with which the provider signs its webhooks, where its answer to the registration tells one."""
        return IssuedSecret("provider.webhooks.secret", folder=self.run.path, seed=self.run.seed, vault=self.vault)

    @cached_property
    def client(self) -> httpx.Client:
        """One client for everything that needs no settings of its own."""
        return self.network.client(whole_within_s=WHOLE_WITHIN_S)

    @cached_property
    def fates(self) -> ProcessState:
        """How the target's processes fare, wherever they run."""
        processes = self.config.process
        return ProcessState(
            self.run.path,
            ready={name: process.ready for name, process in processes.items()},
            answers=self._answers,
            patience_s=sum(process.ready_within for process in processes.values()) + _RESTART_S,
        )

    @cached_property
    def spec(self) -> Spec:
        """The provider's OpenAPI document; raises `SpecError`. Only where ``[provider]`` is set."""
        from harness.openapi.spec_document import load_spec

        provider = self.config.provider
        assert provider is not None
        return load_spec(
            provider.spec,
            root=self.target.root,
            base_url=provider.base_url,
            fetch=self._fetched,
        )

    @property
    def spec_at_hand(self) -> bool:
        """Whether the spec can be had without a request: it is a file, or was fetched already."""
        provider = self.config.provider
        return provider is not None and ("://" not in provider.spec or "spec" in vars(self))

    @property
    def serves_spec(self) -> bool:
        """Whether the spec may come from a process of the target, and so be there only once that is started."""
        provider = self.config.provider
        return provider is not None and "://" in provider.spec and bool(self.config.process)

    @cached_property
    def credential(self) -> Credential | None:
        """How calls to the provider authenticate; None where ``[provider] auth`` is not set."""
        from harness.contract.credentials import credential_for

        provider = self.config.provider
        if provider is None or provider.auth is None:
            return None
        return credential_for(provider.auth, self.reveal)

    @property
    def fuzzed(self) -> tuple[str, ...]:
        """The operations that are fuzzed, as ``METHOD /path``; raises `SpecError` or `ConfigurationError`."""
        from harness.openapi.selection import select

        chosen = self.config.fuzz
        return select(self.spec.definitions, include=chosen.include, exclude=chosen.exclude)

    def fuzzer(self, level: str, random_seed: int) -> Fuzzer:
        """Return what sends generated requests, ``level`` of them; the same one whenever it is asked for."""
        if self._fuzzer is None:
            from harness.fuzzing.budget import BUDGETS
            from harness.fuzzing.fuzzer import Fuzzer

            self._fuzzer = Fuzzer(
                self.spec,
                self.fuzz_client(level),
                self.config.fuzz,
                budget=BUDGETS[level],
                random_seed=random_seed,
                found=self.found(),
            )
        return self._fuzzer

    def found(self) -> DefectStore:
        """Open what fuzzing found; raises `ConfigurationError` where that is shared through what is not there."""
        from harness.fuzzing.defect_store import open_found

        return open_found(self.target.root, self.target.summary.name)

    def provider_client(self, **options: Any) -> ProviderClient:
        """Return a client of the provider that authenticates; for ``options`` see `ProviderClient`."""
        from harness.http.provider_client import ProviderClient

        assert self.config.provider is not None
        headers = self.credential.headers() if self.credential else {}
        return ProviderClient(self.network, self.config.provider.base_url, headers, **options)

    def fuzz_client(self, level: str) -> ProviderClient:
        """Return what sends generated requests and waits for their answers as long as ``level`` allows.

        A 429 without Retry-After is an answer like any other, which the document is to describe.
        """
        from harness.fuzzing.budget import BUDGETS

        within_s = BUDGETS[level].answer_within_s
        return self.provider_client(answer_within_s=within_s, whole_within_s=within_s, wait_unasked_s=None)

    def reveal(self, ref: SecretRef) -> str:
        """Return the value behind a reference; raises `SecretError` naming the key it stands at."""
        key = next((f": {key}" for key, known in self.target.references if known == ref), "")
        return self.vault.resolve(ref, f"harness.toml{key}").reveal()

    def reproduce(self, test: str) -> str:
        """Return the command that runs one test of the gate again, given its node id."""
        name, _, params = test.rpartition("::")[2].partition("[")
        if re.fullmatch(r"[\w.-]+\]", params):  # pytest takes it as it stands, so that no other case is meant
            return f"harness gate -k {shlex.quote(f'{name}[{params}')}"
        words = [name, *re.findall(r"[\w.-]+", params)]
        return f"harness gate -k {shlex.quote(' and '.join(words))}"

    def environment(self, variables: dict[str, str], where: str = "") -> dict[str, str]:
        """Return ``variables`` for a process: references resolved, and the run's fresh secrets added.

        ``where`` is the key at which they stand; raises `ConfigurationError` for a public key that there is not.
        """

        def resolved(name: str, value: str) -> str:
            if reference := SecretRef.parse(value):
                return self.reveal(reference)
            return signing_keys.with_public_keys(value, f"{where}.{name}", config=self.config, reveal=self.reveal)

        return {**self.vault.exported(), **{name: resolved(name, value) for name, value in variables.items()}}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the target's processes for the length of the block, in the order of harness.toml."""
        with self._collecting():  # longer than any process, so that the last spans arrive too
            yield from self._running()

    def _collecting(self) -> AbstractContextManager[object]:
        if self.otlp is None or self.spans_folder is None:
            return nullcontext()
        from harness.telemetry.otlp import SpanCollector

        return SpanCollector(self.otlp, self.spans_folder / f"spans{self.log_suffix}.jsonl")

    def _running(self) -> Iterator[None]:
        try:
            for name, config in self.config.process.items():
                process = ManagedProcess(
                    name,
                    command=config.command,
                    ready=config.ready,
                    ready_within_s=config.ready_within,
                    cwd=self.target.root,
                    env=self.environment(config.env, f"[process.{name}] env"),
                    log=self.logs / f"{name}{self.log_suffix}.log",
                    is_ready=self._answers,
                    redact=self.vault.redact,
                )
                process.log.unlink(missing_ok=True)
                self.processes.append(process)
                process.start()
            yield
        finally:
            for process in reversed(self.processes):
                process.stop()

    @contextmanager
    def understudy(self) -> Iterator[RunContext]:
        """Run a second target of the same description, with ports and a folder of its own, for a check that harms it.

        Raises `ConfigurationError` where both would want one port, `ProcessError` where a process does not start.
        """
        run = self.run.understudy()
        try:
            world = RunContext.load(self.target.root, run=run, overlay=self.overlay, reports=self.reports)
            world.log_suffix = f"-understudy{os.environ.get('PYTEST_XDIST_WORKER', '')}"
            # Where harness.toml names one port for both, this world listens for the other's spans too.
            world.spans_folder = self.run.path if world.otlp != self.otlp else None
            for name, process in world.config.process.items():
                if process.ready == self.config.process[name].ready:
                    raise ConfigurationError(
                        f"harness.toml: [process.{name}] ready has a fixed port, so no copy can be started to be "
                        f"killed. Write {{port:{name}}} instead: there, in [receiver] url, and in command or env."
                    )
            world.vault.resolve_all(world.target.references, strict=True)
            with world.running(), closing(world.client):
                yield world
        finally:
            shutil.rmtree(run.directory, ignore_errors=True)

    def deaths(self) -> list[str]:
        """Return what ended by itself, was it started again or not, or no longer answers, among the processes."""
        return [*self.ended, *(death for process in self.processes if (death := process.silence()))]

    def log_files(self) -> list[Path]:
        """Return the output of the target's processes and the files of ``[operations] logs``."""
        named = self.config.operations.logs if self.config.operations else ()
        return [*sorted(self.logs.glob("*.log")), *self.target.files(*named)]

    def _fetched(self, url: str) -> bytes:
        import httpx

        from harness.errors import SpecError

        try:
            return self.client.get(url).raise_for_status().content
        except httpx.HTTPError as exc:
            said = " ".join(str(exc).split()) or type(exc).__name__
            raise SpecError(
                f"harness.toml: [provider] spec: {url} cannot be read: {said}. Is it the description's own URL, and "
                "does it need no credential? A path to a file works too."
            ) from None

    def _answers(self, url: str) -> bool:
        import httpx

        try:
            return self.client.get(url, timeout=2).is_success
        except httpx.TransportError:
            return False
