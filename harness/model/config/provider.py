"""``[provider]``: the Product API, its description and the test credential."""

from __future__ import annotations

from typing import Any

from harness.model.config.base import Duration, Section
from harness.model.reference import SecretRef


class Bearer(Section, frozen=True, tag_field="type", tag="bearer"):
    """``Authorization: Bearer …`` (RFC 6750)."""

    token: SecretRef


class ApiKey(Section, frozen=True, tag_field="type", tag="api-key"):
    """A key in a header of its own."""

    key: SecretRef
    header: str = "X-API-Key"


class Basic(Section, frozen=True, tag_field="type", tag="basic"):
    """``Authorization: Basic …`` (RFC 7617)."""

    username: str
    password: SecretRef


class ProviderWebhooks(Section, frozen=True):
    """``[provider.webhooks]``: how the provider learns where the harness catches its webhooks."""

    register: str | None = None
    """Operation that registers a URL, such as ``POST /webhook-endpoints``; None where it is done by hand."""
    body: dict[str, Any] = {}
    """JSON that the operation gets; ``{catcher}`` stands for the URL."""
    secret_at: str | None = None
    """Key of the operation's answer that holds the signing secret, dots leading inwards; None: it hands none out."""
    port: int | None = None
    """Port to listen on; None: a free one."""
    url: str | None = None
    """The way from outside, such as a tunnel's; None: the loopback address."""
    within: Duration = Duration(10)
    """How soon after the workflow a first webhook is to arrive."""
    again_within: Duration = Duration(30)
    """How soon one that was answered with 503 is to come again."""

    def __post_init__(self) -> None:
        """Raise ValueError for a secret in the answer to a registration that is not made."""
        if self.secret_at and not self.register:
            raise ValueError("`secret_at` is a key of the answer to `register`, which is not there")


class Provider(Section, frozen=True):
    """``[provider]``: the Product API."""

    CALLED = ("spec", "base_url")

    spec: str
    """Path of the OpenAPI document, relative to harness.toml, or its URL."""
    base_url: str
    auth: Bearer | ApiKey | Basic | None = None
    webhooks: ProviderWebhooks | None = None
