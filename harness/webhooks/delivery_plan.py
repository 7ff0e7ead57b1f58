"""What `harness deliver` is asked for: from its options, and from harness.toml where they are silent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from harness.errors import ConfigurationError
from harness.http.client import Network
from harness.model import SecretRef
from harness.model.config import Receiver, Signature
from harness.secrets import Vault
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import SCHEMES, Scheme, scheme_for


class DeliverOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be delivered where, as the options of the command say; None where they say nothing."""

    url: str | None = None
    scheme: str | None = None
    header: str | None = None
    secret: str | None = None
    overlay: str | None = None
    """Name of the overlay of harness.toml."""
    altered: str | None = None
    """Receiver case after which every delivery is forged."""
    count: int = 1
    """How often each event is delivered."""
    rate: float | None = None
    """Deliveries a second; None: as fast as they are answered."""
    concurrency: int = 8
    timeout_s: float = 15.0
    keep_ids: bool = False
    """Whether events keep the ids of their fixtures."""


class DeliveryPlan:
    """Where deliveries go and how they are signed."""

    def __init__(
        self, options: DeliverOptions, *, receiver: Receiver | None, production: bool = False, root: Path
    ) -> None:
        """Complete ``options`` by the section ``receiver`` of harness.toml, None where there is none.

        ``production`` says whether the target is; secrets are looked for below ``root``. Raises `ConfigurationError`.
        """
        self.options = options
        self.url = options.url or _url(receiver)
        signature = _signature(options, receiver.signature if receiver else None)
        self.scheme: Scheme = scheme_for(signature)
        self.format = EventFormat(
            scheme=self.scheme,
            id_key=receiver.event_id if receiver else None,
            type_key=receiver.event_type if receiver else None,
        )
        self.network = Network([self.url], production=production)
        self.vault = Vault(seed="", root=root)
        where = "--secret" if options.secret else "harness.toml: [receiver.signature] secret"
        self._reference = str(signature.secret)
        self.secret: Callable[[], str] = _resolved(signature.secret, self.vault, where)

    def public_key(self) -> str:
        """Return what a receiver verifies with, as its scheme's provider shows it.

        Raises `ConfigurationError` for a scheme whose receivers hold the secret itself.
        """
        if self.scheme.symmetric:
            raise ConfigurationError(
                f"--public-key: a receiver of {self.scheme.name!r} is given {self._reference} itself, and no public "
                f"key. Those of {', '.join(s.name for s in SCHEMES if not s.symmetric)} are."
            )
        return self.scheme.public_key(self.secret())


def _url(receiver: Receiver | None) -> str:
    if receiver is None:
        raise ConfigurationError("harness.toml has no [receiver]. Say --to URL, or add the section.")
    if "{" in receiver.url:
        raise ConfigurationError(
            f"[receiver] url is {receiver.url}, and a {{port:...}} is chosen anew in every run. "
            "Start the receiver yourself and say --to URL."
        )
    return receiver.url


def _signature(options: DeliverOptions, described: Signature | None) -> Signature:
    """Return how deliveries are signed: what the options say, else what harness.toml does, else the scheme ``hmac``."""
    reference = _reference(options.secret) if options.secret else None
    if described is None or options.scheme:
        secret = reference or (described.secret if described else None)
        if secret is None:
            raise ConfigurationError("harness.toml has no [receiver] signature. Add it, or say --secret.")
        return Signature(scheme=options.scheme or "hmac", secret=secret, header=options.header)
    changes = {k: v for k, v in (("secret", reference), ("header", options.header)) if v}
    return msgspec.structs.replace(described, **changes)


def secret_behind(reference: str, vault: Vault) -> Callable[[], str]:
    """Return what reveals the secret that the option ``--secret`` refers to; raises `ConfigurationError`."""
    return _resolved(_reference(reference), vault, "--secret")


def _reference(text: str) -> SecretRef:
    reference = SecretRef.parse(text)
    if reference is None or reference.kind == "fresh":
        raise ConfigurationError(
            "--secret takes a reference, env:NAME or file:PATH; a secret on the command line is seen by others."
        )
    return reference


def _resolved(reference: SecretRef, vault: Vault, where: str) -> Callable[[], str]:
    if reference.kind == "fresh":
        raise ConfigurationError(
            f"[receiver] signature.secret is {reference}, which is made anew in every run of the gate. "
            f"Say --secret env:{reference.name}, with the value that your receiver has or has the public key of."
        )
    return vault.resolve(reference, where).reveal
