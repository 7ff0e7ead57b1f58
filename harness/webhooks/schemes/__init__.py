"""How webhooks are signed: the mechanics once, and one row for each scheme."""

from __future__ import annotations

from harness.webhooks.schemes.lookup import scheme_for, scheme_named
from harness.webhooks.schemes.scheme import Scheme
from harness.webhooks.schemes.table import SCHEMES

__all__ = ["SCHEMES", "Scheme", "scheme_for", "scheme_named"]
