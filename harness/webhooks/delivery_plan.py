"""What `harness deliver` is to do: from its options, and from harness.toml for options that are not given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from harness.errors import ConfigurationError
from harness.http.address import Address, public_url
from harness.http.client import Network
from harness.model import SecretRef
from harness.model.config import Receiver, Signature
from harness.packs.shelf import pack_named, pack_of_scheme
from harness.secrets import Vault
from harness.webhooks.body_overrides import Override
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import SCHEMES, Scheme, scheme_for


class DeliverOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to deliver and where, as given by the command's options; None for an option that is not given."""

    url: str | None = None
    scheme: str | None = None
    header: str | None = None
    secret: str | None = None
    overlay: str | None = None
    """Name of the overlay of harness.toml."""
    altered: str | None = None
    """Id of the receiver case by which every delivery is forged."""
    count: int = 1
    """How many times each event is delivered."""
    rate: float | None = None
    """Deliveries per second; None: as fast as the receiver answers."""
    concurrency: int = 8
    timeout_s: float = 15.0
    provider: str | None = None
    """Name of the pack whose events and scheme are meant; None: the one of the scheme."""
    override: tuple[str, ...] = ()
    """``KEY=VALUE`` for the body of each event."""
    keep_ids: bool = False
    """Whether events are delivered under the ids of their fixtures."""


class DeliveryPlan:
    """Where deliveries go and how they are signed."""

    def __init__(
        self, options: DeliverOptions, *, receiver: Receiver | None, production: bool = False, root: Path
    ) -> None:
        """Complete ``options`` from the section ``receiver`` of harness.toml, None where there is none.

        ``production`` is whether the target is production; paths of secrets are relative to ``root``. Raises
        `ConfigurationError`.
        """
        pack = pack_named(options.provider, "--provider") if options.provider else None
        if pack and not options.scheme:
            options = msgspec.structs.replace(options, scheme=pack.scheme)
        self.options = options
        self.overrides = tuple(map(Override.parse, options.override))
        self.vault = Vault(seed="", root=root)
        named = options.url or _url(receiver)
        self.url = revealed_url(named, self.vault, "--to" if options.url else "[receiver] url")
        signature = _signature(options, receiver.signature if receiver else None)
        self.scheme: Scheme = scheme_for(signature)
        self.format = EventFormat(
            scheme=self.scheme,
            id_key=(receiver.event_id if receiver else None) or (pack.event_id if pack else None) or None,
            type_key=receiver.event_type if receiver else None,
        )
        if Address.of(self.url).authorization and self.scheme.header == "authorization":
            raise ConfigurationError(
                f"The receiver's URL has credentials, which are sent as the header Authorization; so is the token of "
                f"{self.scheme.name!r}. Remove the credentials from the URL."
            )
        self.network = Network([self.url], production=production)
        where = "--secret" if options.secret else "harness.toml: [receiver.signature] secret"
        self._reference = str(signature.secret)
        self.secret = _resolved(signature.secret, self.vault, where) if signature.secret else str

    @property
    def pack(self) -> str:
        """The name of the pack that has the vendor's events; empty where there is none."""
        return self.options.provider or pack_of_scheme(self.scheme.name)

    secret: Callable[[], str]
    """Reveals the signing secret; empty where the scheme has none."""

    def public_key(self) -> str:
        """Return the public key that a receiver verifies with, as the scheme's provider shows it.

        Raises `ConfigurationError` for a scheme whose receivers have the secret itself.
        """
        if self.scheme.symmetric:
            raise ConfigurationError(
                f"--public-key: {self.scheme.name!r} has no public key; its receiver needs {self._reference} itself. "
                f"Schemes with a public key: {', '.join(s.name for s in SCHEMES if not s.symmetric)}."
            )
        return self.scheme.public_key(self.secret())


def _url(receiver: Receiver | None) -> str:
    if receiver is None:
        raise ConfigurationError("harness.toml has no [receiver]. Add the section, or give --to URL.")
    if "{" in receiver.url:
        raise ConfigurationError(
            f"[receiver] url is {public_url(receiver.url)}, and the gate chooses a new {{port:...}} for each run. "
            "Start the receiver yourself and give --to URL."
        )
    return receiver.url


def _signature(options: DeliverOptions, described: Signature | None) -> Signature:
    """Return how deliveries are signed: by the options, else by harness.toml, else with the scheme ``hmac``."""
    reference = _reference(options.secret) if options.secret else None
    if described is None or options.scheme:
        secret = reference or (described.secret if described else None)
        if options.scheme == "none":
            return Signature(scheme="none")
        if secret is None:
            raise ConfigurationError("harness.toml has no [receiver] signature. Add it, or give --secret.")
        return Signature(scheme=options.scheme or "hmac", secret=secret, header=options.header)
    changes = {k: v for k, v in (("secret", reference), ("header", options.header)) if v}
    return msgspec.structs.replace(described, **changes)


def secret_behind(reference: str, vault: Vault, where: str = "--secret") -> Callable[[], str]:
    """Return a function that reveals the secret behind the option ``where``; raises `ConfigurationError`."""
    return _resolved(_reference(reference, where), vault, where)


def revealed_url(text: str, vault: Vault, where: str) -> str:
    """Return a URL, or the one behind a reference to it, which is a secret; raises `ConfigurationError`."""
    reference = SecretRef.parse(text)
    if reference and reference.kind == "fresh":
        raise ConfigurationError(f"{where} is {reference}, which is no URL. Write a URL, or env:NAME.")
    url = vault.resolve(reference, where).reveal() if reference else text
    if reference and "://" not in url:
        raise ConfigurationError(f"{where}: {reference} is not a URL. Set it to http://HOST:PORT/PATH, or https.")
    address = Address.of(url)
    if address.authorization:
        vault.add("credentials in a URL", url.partition("://")[2].rpartition("@")[0])
        vault.add("Basic credentials of a URL", address.authorization.removeprefix("Basic "))
    return url


def _reference(text: str, where: str = "--secret") -> SecretRef:
    reference = SecretRef.parse(text)
    if reference is None or reference.kind == "fresh":
        raise ConfigurationError(
            f"{where} takes a reference, env:NAME or file:PATH; others could see a secret on the command line."
        )
    return reference


def _resolved(reference: SecretRef, vault: Vault, where: str) -> Callable[[], str]:
    if reference.kind == "fresh":
        raise ConfigurationError(
            f"[receiver] signature.secret is {reference}, and the gate generates a new one for each run. "
            f"Give --secret env:{reference.name}, with the secret that your receiver uses (or has the public key of)."
        )
    return vault.resolve(reference, where).reveal
