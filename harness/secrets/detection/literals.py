"""Secrets written into a configuration where a reference belongs."""

from __future__ import annotations

from harness.model import SecretRef
from harness.secrets.detection.secret_names import is_secret_literal


def looks_like_secret(key: str, value: str) -> bool:
    """Tell whether ``value``, standing at ``key``, looks like a secret written literally; a reference does not."""
    if not value or SecretRef.parse(value) or value.startswith("{"):
        return False
    return is_secret_literal(key, value)
