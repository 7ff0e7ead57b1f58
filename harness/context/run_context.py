"""One run of a target: harness.toml composed into secrets, network, processes and provider."""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.context.again import again
from harness.context.answerers import answerers, public_names
from harness.context.background import Background
from harness.context.provider_access import ProviderAccess
from harness.context.secret_access import SecretAccess
from harness.context.target import Target, load_target
from harness.context.target_processes import TargetProcesses
from harness.http.client import Network, answers
from harness.operations.answer_leaks import AnswerSearch
from harness.process.run import Run
from harness.readiness.admission import Admission
from harness.readiness.checklist import Checklist, shipped

if TYPE_CHECKING:
    import httpx

    from harness.contract.credential_forms import Credential
    from harness.model import SecretRef
    from harness.openapi.spec_document import Spec
    from harness.secrets import Vault


class RunContext:
    """What one process knows of the target in this run; every fixture and command is handed it."""

    def __init__(self, target: Target, run: Run, reports: Path) -> None:
        """``reports`` is the folder that output goes to."""
        self.target = target
        self.run = run
        self.reports = reports
        self.config = target.config
        self.began_at = time.time()
        """When this process began with the run, in seconds since the epoch."""
        self.secrets = SecretAccess(target, run)
        self.answer_search = AnswerSearch(
            self.vault.scanner, answerers(target.config), public=public_names(target.config)
        )
        self.network = Network(target.urls, production=target.production)
        self.network.answer_observer = self.answer_search
        self.processes = TargetProcesses(target, self.secrets, run=run, logs=reports / "logs", answers=self._answers)
        self.provider = ProviderAccess(target, self.secrets, self.network, run.path, logs=self.processes.logs)
        self.background = Background()
        self.overlay: str | None = None
        self.spans_folder: Path | None = run.path
        """Folder for the target's spans until they are searched; None where another context collects them."""

    @classmethod
    def load(cls, directory: Path, *, run: Run, overlay: str | None, reports: Path) -> RunContext:
        """Read harness.toml; raises `ConfigurationError`."""
        context = cls(load_target(directory, expand=run.expand, overlay=overlay), run, reports)
        context.overlay = overlay
        return context

    @classmethod
    @contextmanager
    def begun(cls, directory: Path, *, overlay: str | None) -> Iterator[RunContext]:
        """Begin a run of a command's own, whose scratch folder is gone at the end; raises `ConfigurationError`."""
        run = Run.begin()
        try:
            context = cls.load(directory, run=run, overlay=overlay, reports=directory / "reports")
            context.secrets.resolve_at_hand()
            yield context
        finally:
            run.end()

    @property
    def vault(self) -> Vault:
        """The secrets that this process knows."""
        return self.secrets.vault

    def reveal(self, ref: SecretRef) -> str:
        """Return the value behind a reference; raises `SecretError` naming its key."""
        return self.secrets.reveal(ref)

    def environment(self, variables: Mapping[str, str], where: str = "") -> dict[str, str]:
        """Return ``variables`` for a process; see `SecretAccess.environment`."""
        return self.secrets.environment(variables, where)

    @property
    def spec(self) -> Spec:
        """The provider's OpenAPI document; raises `SpecError`. Only where ``[provider]`` is set."""
        return self.provider.spec

    @property
    def credential(self) -> Credential | None:
        """How calls to the provider authenticate; None where ``[provider] auth`` is not set."""
        return self.provider.credential

    @property
    def otlp(self) -> str | None:
        """Address on which spans are taken, None where ``[telemetry] otlp`` is not set."""
        return self.config.telemetry.otlp if self.config.telemetry else None

    @cached_property
    def checklist(self) -> Checklist:
        """The shipped items and the target's own; raises `ConfigurationError` for an id that is taken."""
        return shipped().extended(self.config.item)

    def check_waivers(self) -> None:
        """Raise `ConfigurationError` for a waiver of an item that is not on the checklist."""
        for waiver in self.config.waiver:
            self.checklist.require(waiver.item, f"{self.target.summary.config}: [[waiver]]")

    @cached_property
    def declared(self) -> dict[str, str]:
        """The items that concern what the integration does not have, with the declared reason."""
        concerned = ((item.id, self.target.absent(*item.concerns)) for item in self.checklist)
        return {item_id: reason for item_id, reason in concerned if reason}

    @cached_property
    def admission(self) -> Admission:
        """What every finding passes on its way into the report."""
        return Admission(self.checklist, self.vault.redact)

    @cached_property
    def client(self) -> httpx.Client:
        """One client for everything that needs no settings of its own."""
        return self.network.client()

    def reproduce(self, test: str) -> str:
        """Return the command that runs one test again, given its node id."""
        return again(test, root=self.target.root, overlay=self.overlay)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the target's processes for the length of the block, and take the spans that they export."""
        with self._collecting(), self.processes.running():  # collecting lasts longer, so that the last spans arrive too
            yield

    def _collecting(self) -> AbstractContextManager[object]:
        if self.otlp is None or self.spans_folder is None:
            return nullcontext()
        from harness.telemetry.otlp import SpanCollector

        return SpanCollector(self.otlp, self.spans_folder / f"spans{self.processes.log_suffix}.jsonl")

    def _answers(self, url: str) -> bool:
        status = next((p.ready_status for p in self.config.process.values() if p.ready_url == url), None)
        return answers(self.client, url, status)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Find what this release moved, and warn with its new place."""
            if name == "understudy":
                _warn_moved(name, "harness.context.isolated_copy.isolated_copy")
                # By its name, for the old one goes with the next release: that module builds on this one.
                return partial(importlib.import_module("harness.context.isolated_copy").isolated_copy, self)
            if name not in _MOVED:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            _warn_moved(name, _MOVED[name])
            part, _, attribute = _MOVED[name].partition(".")
            return getattr(getattr(self, part), attribute)


_MOVED = {
    "deaths": "processes.deaths",
    "ended": "processes.restarts",
    "fates": "processes.state",
    "found": "provider.defects",
    "fuzzed": "provider.fuzzed_operations",
    "fuzzer": "provider.fuzzer",
    "handed_out": "secrets.issued",
    "log_files": "processes.log_files",
    "logs": "processes.logs",
    "sender": "provider.fuzz_client",
    "serves_spec": "provider.serves_spec",
    "spec_at_hand": "provider.spec_at_hand",
}


def _warn_moved(name: str, place: str) -> None:
    warnings.warn(f"`{name}` of the run's context is now `{place}`.", DeprecationWarning, stacklevel=3)
