"""What the working folder knows of a target, for commands that work without one too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.context.client_parts import error_bodies_of
from harness.context.run_context import RunContext
from harness.core.configuration_home import configuration_file
from harness.http.address import origin_of
from harness.http.client import Network
from harness.model.config import Cassettes
from harness.openapi.spec_document import Spec, load_spec
from harness.process.run import Run
from harness.readiness.checklist import Checklist, shipped
from harness.resilience.error_bodies import ErrorBodies
from harness.secrets import Vault
from harness.secrets.redaction.redactor import Redactor


class Surroundings:
    """The target's secrets, hosts and spec, if the working folder has a harness.toml."""

    def __init__(self, directory: Path, *, commands: bool = True) -> None:
        """Raises `ConfigurationError` for an invalid harness.toml.

        Without ``commands``, those of ``command:`` secrets are not run; for what shows only what is redacted already.
        """
        self.directory = directory
        self.vault = Vault(seed="", root=directory)
        """The target's secrets, as far as they are set here."""
        self._context: RunContext | None = None
        if configuration_file(directory):
            run = Run(run_id="", seed="", directory="")
            self._context = RunContext.load(directory, run=run, overlay=None, reports=directory)
            self._context.secrets.resolve_stored(commands=commands)
            self.vault = self._context.vault

    @property
    def redactor(self) -> Redactor:
        """A new redactor that knows the target's secrets."""
        provider = self._context.provider if self._context and self._context.config.provider else None
        return Redactor(self.vault.redact_whole, key_names=provider.credentials.key_names if provider else ())

    @property
    def match_on(self) -> Sequence[str]:
        """The parts in which a request must equal its recording: ``[cassettes] match_on``, or its default."""
        return (self._context.config.cassettes if self._context else Cassettes()).match_on

    @property
    def checklist(self) -> Checklist:
        """The items of the checklist, with the target's own; raises `ConfigurationError` for an id that is taken."""
        return self._context.checklist if self._context else shipped()

    @property
    def error_bodies(self) -> ErrorBodies:
        """The bodies that the provider's errors have, as far as harness.toml shows it."""
        context = self._context
        return error_bodies_of(context) if context and context.config.provider else ErrorBodies()

    def network(self, upstream: str) -> Network:
        """The allowed hosts: those of harness.toml, or without one that of ``upstream`` alone."""
        return self._context.network if self._context else Network([upstream])

    def spec(self, reference: str | None, *, within: Path, named_by: str = "--spec") -> Spec | None:
        """Return the OpenAPI document at ``reference``, else that of harness.toml, else None; raises `SpecError`.

        The one at ``reference`` may refer to files below the folder ``within``, beside its own.
        """
        provider = self._context.config.provider if self._context else None
        if reference is None:
            return self._context.spec if self._context and provider else None
        base_url = provider.base_url if provider else ""
        own = self._context and provider and origin_of(reference) == origin_of(base_url)
        fetch = self._context.provider.fetch if self._context and own else Network([reference]).fetch
        return load_spec(
            reference, root=self.directory, base_url=base_url, fetch=fetch, named_by=named_by, within=within
        )
