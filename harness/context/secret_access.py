"""The secrets of a run: resolved, given to processes, and known so that nothing shows them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from harness.context import signing_keys
from harness.context.referred_urls import hide_credentials
from harness.model import SecretRef
from harness.secrets import IssuedSecret, IssuedTokens, Vault

if TYPE_CHECKING:
    from harness.context.target import Target
    from harness.process.run import Run


class SecretAccess:
    """The vault of one process, and what harness.toml refers to in it."""

    def __init__(self, target: Target, run: Run) -> None:
        """Fresh secrets follow from the seed of ``run``, so that all its processes know the same."""
        self._target = target
        self._run = run
        shapes = signing_keys.shapes(target.config)
        self.vault = Vault(seed=run.seed, root=target.root, shapes=shapes, printed=run.printed)
        hide_credentials(target.config.called_urls(), self.vault)

    @cached_property
    def issued(self) -> IssuedSecret:
        """The secret with which the provider signs its webhooks, where its answer to the registration holds one."""
        return IssuedSecret("provider.webhooks.secret", folder=self._run.path, seed=self._run.seed, vault=self.vault)

    @cached_property
    def issued_tokens(self) -> IssuedTokens:
        """The access tokens that authorization servers issue to the processes of the run."""
        return IssuedTokens("access token", folder=self._run.path, seed=self._run.seed, vault=self.vault)

    def learn_issued(self) -> None:
        """Learn what other processes of the run were handed out, so that nothing of this one shows it."""
        provider = self._target.config.provider
        if provider and provider.webhooks:
            self.issued.opened()
        self.issued_tokens.learn()

    def resolve_all(self, *, strict: bool) -> None:
        """Resolve every reference of harness.toml; ``strict`` raises `SecretError` for the first that cannot be."""
        self.vault.resolve_all(self._target.references, strict=strict)

    def resolve_at_hand(self) -> None:
        """Resolve, as far as they are set here, all references that need no command."""
        self._resolve_but("command")

    def resolve_stored(self, *, commands: bool = True) -> None:
        """Resolve, as far as they are set here, the references that outlive a run: all but ``fresh:`` ones.

        Without ``commands``, those of ``command:`` are passed over too.
        """
        self._resolve_but("fresh", *(() if commands else ("command",)))

    def _resolve_but(self, *kinds: str) -> None:
        stored = [(key, ref) for key, ref in self._target.references if ref.kind not in kinds]
        self.vault.resolve_all(stored, strict=False)

    def reveal(self, ref: SecretRef) -> str:
        """Return the value behind a reference; raises `SecretError` naming its key."""
        key = next((f": {key}" for key, known in self._target.references if known == ref), "")
        return self.vault.resolve(ref, f"harness.toml{key}").reveal()

    def text(self, text: str) -> str:
        """Return what a text of harness.toml stands for: the value behind it where it is a reference."""
        reference = SecretRef.parse(text)
        return self.reveal(reference) if reference else text

    def environment(self, variables: Mapping[str, str], where: str = "") -> dict[str, str]:
        """Return ``variables`` for a process: references resolved, and the run's fresh secrets added.

        ``where`` is their key; raises `ConfigurationError` for a public key that does not exist.
        """

        def resolved(name: str, value: str) -> str:
            if reference := SecretRef.parse(value):
                return self.reveal(reference)
            config = self._target.config
            return signing_keys.with_public_keys(value, f"{where}.{name}", config=config, reveal=self.reveal)

        return {**self.vault.exported(), **{name: resolved(name, value) for name, value in variables.items()}}
