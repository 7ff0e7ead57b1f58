"""``[provider]``: the Product API, its description and the test credential."""

from __future__ import annotations

from harness.model.config.base import Section
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


class Provider(Section, frozen=True):
    """``[provider]``: the Product API."""

    spec: str
    """Path of the OpenAPI document, relative to harness.toml, or its URL."""
    base_url: str
    auth: Bearer | ApiKey | Basic | None = None
