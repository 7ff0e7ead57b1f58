"""What the integration is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Credentials and places; the values of the credentials are left out of the repr."""

    api_key: str = field(repr=False)
    base_url: str
    webhook_secret: str = field(repr=False)
    database: str
    """SQLAlchemy URL."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What may never be logged."""
        return (self.api_key, self.webhook_secret)
