"""From a name, or from ``[receiver] signature``, to a scheme."""

from __future__ import annotations

import msgspec

from harness.errors import ConfigurationError, nearest
from harness.model.config import Signature
from harness.webhooks.schemes.scheme import Scheme
from harness.webhooks.schemes.table import SCHEMES


def scheme_named(name: str) -> Scheme:
    """Return the scheme of that name; raises `ConfigurationError` with the nearest one."""
    by_name = {s.name: s for s in SCHEMES}
    if name not in by_name:
        raise ConfigurationError(f"No signature scheme is called {name!r}. {nearest(name, by_name)}")
    return by_name[name]


def scheme_for(signature: Signature) -> Scheme:
    """Return the scheme that ``[receiver] signature`` describes, with its own header name where it gives one."""
    scheme = scheme_named(signature.scheme)
    return msgspec.structs.replace(scheme, header=signature.header.lower()) if signature.header else scheme
