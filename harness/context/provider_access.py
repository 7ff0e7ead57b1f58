"""The provider of a run: its document, its credential, clients of it, and what fuzzing found in it."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.context.provider_credentials import ProviderCredentials
from harness.http.address import origin_of
from harness.model.config import Probes
from harness.model.config.fuzz import EXAMPLES_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from harness.context.secret_access import SecretAccess
    from harness.context.target import Target
    from harness.contract.access_tokens import AccessTokens
    from harness.contract.caller import Caller
    from harness.contract.created_resources import CreatedResources
    from harness.contract.credential_forms import Credential
    from harness.contract.credentials import Secured
    from harness.fuzzing.defect_store import DefectStore
    from harness.fuzzing.fuzzer import Fuzzer
    from harness.http.client import Network
    from harness.http.crash_log import CrashLog
    from harness.http.credential_state import CredentialState
    from harness.http.provider_client import ProviderClient
    from harness.model.config import Fuzz, Provider
    from harness.openapi.permission import Permission
    from harness.openapi.spec_document import Spec


class ProviderAccess:
    """What ``[provider]`` describes; the rooms behind it are imported when they are first asked for."""

    def __init__(self, target: Target, secrets: SecretAccess, network: Network, folder: Path, *, logs: Path) -> None:
        """Everything is sent through ``network``; ``folder`` is the run's own, ``logs`` has the processes' output."""
        self._target = target
        self._secrets = secrets
        self._network = network
        self._folder = folder
        self._logs = logs
        self._fuzzer: Fuzzer | None = None

    @property
    def section(self) -> Provider:
        """``[provider]``; only where it is set."""
        provider = self._target.config.provider
        assert provider is not None
        return provider

    @cached_property
    def spec(self) -> Spec:
        """The provider's OpenAPI document; raises `SpecError`. Only where ``[provider]`` is set."""
        from harness.openapi.spec_document import load_spec

        root, base_url = self._target.root, self.section.base_url
        return load_spec(self.section.spec, root=root, base_url=base_url, fetch=self.fetch)

    def fetch(self, url: str) -> bytes:
        """Fetch a document, with ``auth`` where its URL has the origin of ``base_url``; see `Network.fetch`."""
        own = origin_of(url) == origin_of(self.section.base_url)
        return self._network.fetch(url, self.headers if own else None)

    def caller(self, client: ProviderClient) -> Caller:
        """Return what makes valid calls through ``client``; all callers of a process share what they learn."""
        from harness.contract.caller import Caller

        return Caller(self.spec, client, self._resources)

    @cached_property
    def _resources(self) -> CreatedResources:
        from harness.contract.created_resources import CreatedResources

        return CreatedResources(self.spec)

    @property
    def spec_at_hand(self) -> bool:
        """Whether the spec can be had without a request: it is a file, or was fetched already."""
        provider = self._target.config.provider
        return provider is not None and ("://" not in provider.spec or "spec" in vars(self))

    @property
    def serves_spec(self) -> bool:
        """Whether the spec may come from a process of the target, and so be there only once that is started."""
        provider = self._target.config.provider
        return provider is not None and "://" in provider.spec and bool(self._target.config.process)

    @cached_property
    def credentials(self) -> ProviderCredentials:
        """What authenticates calls to the provider."""
        return ProviderCredentials(self._target, self._secrets, self._network, self._folder, lambda: self.spec)

    @property
    def credential(self) -> Credential | None:
        """How calls authenticate for which no other credential is named; None where ``[provider] auth`` is not set."""
        return self.credentials.all.get("auth")

    @property
    def tokens(self) -> AccessTokens | None:
        """Where its access token comes from; None where ``[provider] auth`` is not one of an authorization server."""
        return self.credentials.tokens.get("auth")

    @property
    def headers(self) -> dict[str, str]:
        """The headers of ``[provider] auth``; none where it is not set."""
        return self.credential.headers() if self.credential else {}

    def client(self, **options: Any) -> ProviderClient:
        """Return a client for requests that the harness makes up; for ``options`` see `ProviderClient`.

        It authenticates, and sends only what `permission` allows.
        """
        client = self.own_client(guard=self.permission, credential=self.credential_state, **options)
        client.crash_log = self._crash_log
        return client

    @cached_property
    def _crash_log(self) -> CrashLog | None:
        """The log of the provider's process; None where it is none of ours, or other processes call it meanwhile."""
        from harness.context.provider_rules import process_of_provider
        from harness.http.crash_log import CrashLog

        name = process_of_provider(self._target.config)
        alone = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) < 2
        return CrashLog(self._logs / f"{name}.log") if name is not None and alone else None

    @cached_property
    def credential_state(self) -> CredentialState | None:
        """Whether the credential still works, as the requests that the harness makes up show; None without one."""
        from harness.http.credential_state import CredentialState

        if self.section.auth is None:
            return None
        named = self.credentials.by_operation
        if named is None:
            return CredentialState(self._folder, self.permission.secured)
        taken = named.names_at
        return CredentialState(self._folder, self.permission.secured, lambda r: taken(r.method, str(r.url)))

    def secured(self, client: ProviderClient) -> Secured:
        """Return what may be read through ``client`` to see whether a credential works."""
        from harness.contract.credentials import Secured

        named = self.credentials.by_operation
        return Secured(spec=self.spec, client=client, whoami=self.section.whoami, named=named)

    @cached_property
    def wrong_base_path(self) -> str:
        """What is wrong with the path of the base URL; empty where nothing is, or nothing may be asked."""
        from harness.contract.base_path import wrong_base_path

        if self.permission.probes is Probes.NONE:
            return ""
        with self.own_client() as client:
            return wrong_base_path(self.spec, client, self.permission.labels)

    def own_client(self, **options: Any) -> ProviderClient:
        """Return a client for requests that harness.toml asks for; it authenticates."""
        from harness.http.provider_client import ProviderClient

        named = self.credentials.by_operation
        choose = named.choose if named else None
        return ProviderClient(self._network, self.section.base_url, lambda: self.headers, choose=choose, **options)

    @cached_property
    def permission(self) -> Permission:
        """What the requests that the harness makes up may do. Only where ``[provider]`` is set."""
        from harness.openapi.permission import Permission, WrongCredentials

        target = self._target
        limited = not target.ours or target.probes is not Probes.WRITE
        return Permission(
            lambda: self.spec,
            lambda: self.selected_operations,
            probes=target.probes,
            destructive=self.section.destructive,
            wrong_credentials=WrongCredentials(self._folder) if limited else None,
            always=self._whoami_path,
        )

    @property
    def _whoami_path(self) -> str | None:
        """The path of the URL of ``whoami``, None where it is not set."""
        base, path = urlsplit(self.section.base_url).path.rstrip("/"), (self.section.whoami or "").removeprefix("GET ")
        return base + path.partition("?")[0] if path else None

    @property
    def selected_operations(self) -> tuple[str, ...]:
        """The operations that ``include`` and ``exclude`` leave; raises `SpecError` or `ConfigurationError`."""
        from harness.openapi.selection import select

        section = self.section
        if section.include or section.exclude:
            return select(self.spec.definitions, section, "[provider]")
        return select(self.spec.definitions, self.fuzz_section, "[fuzz]")

    @property
    def fuzz_section(self) -> Fuzz:
        """``[fuzz]``, with its defaults where harness.toml does not have it."""
        from harness.model.config import Fuzz

        return self._target.config.fuzz or Fuzz()

    @property
    def fuzzed_operations(self) -> tuple[str, ...]:
        """The operations that are fuzzed, as ``METHOD /path``; raises `SpecError` or `ConfigurationError`."""
        return self._fuzzed(self.permission.labels)

    def _fuzzed(self, permitted: Collection[str]) -> tuple[str, ...]:
        from harness.openapi.selection import select

        narrowed = select(self.spec.definitions, self.fuzz_section, "[fuzz]")
        return tuple(label for label in narrowed if label in permitted)

    def fuzzer(self, level: str, random_seed: int) -> Fuzzer:
        """Return what sends generated requests, ``level`` of them; the same one whenever it is asked for.

        Raises `SpecError` or `ConfigurationError`.
        """
        if self._fuzzer is None:
            from harness.fuzzing.budget import BUDGETS
            from harness.fuzzing.fuzzer import Fuzzer

            self._fuzzer = Fuzzer(
                self.spec,
                self.fuzz_client(level),
                self.fuzzed_operations,
                chained=self._fuzzed(self.permission.chained),
                budget=BUDGETS[level],
                random_seed=random_seed,
                store=self.defects(),
            )
        return self._fuzzer

    def fuzz_client(self, level: str) -> ProviderClient:
        """Return what sends generated requests and waits for their answers as long as ``level`` allows.

        A 429 without Retry-After is an answer like any other, which the document is to describe.
        """
        from harness.fuzzing.budget import BUDGETS

        within_s = BUDGETS[level].answer_within_s
        return self.client(answer_within_s=within_s, whole_within_s=within_s, wait_unasked_s=None)

    def check_shared_defects(self) -> None:
        """Raise `ConfigurationError` where examples are to be shared through something that is not there."""
        if self._target.config.provider is not None and os.environ.get(EXAMPLES_VARIABLE):
            self.defects()

    def defects(self) -> DefectStore:
        """Open what fuzzing found; raises `ConfigurationError` where that is shared through what is not there."""
        from harness.fuzzing.defect_store import open_found

        return open_found(self._target.root, self._target.summary.name)
