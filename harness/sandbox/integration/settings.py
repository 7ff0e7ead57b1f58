"""Settings of the integration from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import make_url

from harness.sandbox.defects import Planted
from harness.sandbox.integration.credentials import ApiCredential, CredentialError
from harness.sandbox.integration.tokens import TokenCredential


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Credentials and places; no credential's value is in the repr."""

    api_key: ApiCredential
    base_url: str
    webhook_secret: ApiCredential
    previous_webhook_secret: ApiCredential | None = None
    """Still accepted while the sender changes over."""
    database: str = field(repr=False)
    """SQLAlchemy URL; may hold a password."""
    simulate: bool = False
    """Obey ``data.simulate`` of an event; see `harness.sandbox.integration.effects`."""

    @classmethod
    def from_environment(cls, database: str, environ: Mapping[str, str], *, planted: Planted) -> Settings:
        """Read the environment; raises `CredentialError` that names what is missing."""
        if not environ.get("PRODUCT_BASE_URL"):
            raise CredentialError("PRODUCT_BASE_URL is not set. Set it to the base URL of the product.")
        current, previous = "PRODUCT_WEBHOOK_SECRET", "PRODUCT_WEBHOOK_SECRET_PREVIOUS"
        if "receiver-keeps-previous-secret" in planted:
            environ = _remembering(previous, environ, Path(f"{database}.{previous}"))
        word = "None" if "receiver-starts-with-a-word-for-no-secret" in planted else ""
        starts = bool(word) or "receiver-starts-without-secret" in planted
        unset = ApiCredential(current, value=word) if starts and not environ.get(current) else None
        rotating = environ.get(previous) or environ.get(f"{previous}_FILE")
        empty = ApiCredential(previous) if "receiver-accepts-empty-previous-secret" in planted else None
        return cls(
            api_key=TokenCredential.or_key("PRODUCT_API_KEY", environ, planted=planted),
            base_url=environ["PRODUCT_BASE_URL"],
            webhook_secret=unset or ApiCredential.from_environment(current, environ),
            previous_webhook_secret=ApiCredential.from_environment(previous, environ) if rotating else empty,
            database=database_url(database),
            simulate=environ.get("SANDBOX_SIMULATE") == "1",
        )

    def webhook_secrets(self) -> tuple[str, ...]:
        """Return the secrets that sign webhooks as of now, the current one first."""
        previous = self.previous_webhook_secret
        return (self.webhook_secret.current(), *([previous.current()] if previous else []))

    def secrets(self) -> frozenset[str]:
        """Return what may never be logged."""
        password = make_url(self.database).password
        previous = self.previous_webhook_secret
        return (
            self.api_key.seen
            | self.webhook_secret.seen
            | (previous.seen if previous else frozenset())
            | ({str(password)} if password else frozenset())
        )


def _remembering(name: str, environ: Mapping[str, str], kept: Path) -> Mapping[str, str]:
    """Return the environment with a credential that was given once, though it is not given now: a planted defect."""
    if value := environ.get(name):
        kept.touch(mode=0o600)
        kept.write_text(value, encoding="utf-8")
    return {**environ, f"{name}_FILE": str(kept)} if kept.is_file() else environ


def database_url(given: str) -> str:
    """Return the SQLAlchemy URL of an SQLite file, or of a database named as its own tools name it."""
    if "://" not in given:
        return f"sqlite:///{Path(given)}"
    scheme, rest = given.split("://", 1)
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else given
