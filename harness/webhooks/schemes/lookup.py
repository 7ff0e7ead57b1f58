"""Finds the scheme for a name or for ``[receiver] signature``."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

import msgspec

from harness.errors import ConfigurationError, nearest
from harness.model.config import Signature
from harness.webhooks.schemes.scheme import Scheme
from harness.webhooks.schemes.table import SCHEMES

OPEN: Mapping[str, tuple[str, ...]] = {
    "template": ("hmac",),
    "digest": ("hmac",),
    "encoding": ("hmac",),
    "secret_encoding": ("hmac",),
    "prefix": ("hmac", "token"),
    "multiple": ("hmac",),
    "timestamp": ("hmac",),
    "timestamp_unit": ("hmac",),
}
"""Keys of ``[receiver] signature`` that only some schemes leave open, and which ones do."""
SECRET_FORMS: Mapping[str, str] = {"text": "text", "hex": "hex", "base64": "octets", "whsec": "whsec"}
"""The key forms of ``secret_encoding``."""
PLACEHOLDERS = frozenset({"body", "timestamp", "id", "url", "method"})


def scheme_named(name: str) -> Scheme:
    """Return the scheme of that name; raises `ConfigurationError` with the nearest name."""
    by_name = {s.name: s for s in SCHEMES}
    if name not in by_name:
        raise ConfigurationError(f"No signature scheme is called {name!r}. {nearest(name, by_name)}")
    return by_name[name]


def scheme_for(signature: Signature) -> Scheme:
    """Return the scheme that ``[receiver] signature`` describes.

    Raises `ConfigurationError` for a scheme that does not exist, and for keys that contradict each other.
    """
    scheme = scheme_named(signature.scheme)
    given = {key: value for key in OPEN if (value := getattr(signature, key)) is not None}
    for key in given:
        _check_open(key, scheme)
    changes = _described(scheme, given) if scheme.name == "hmac" and given else _placed(scheme, signature)
    if signature.id_header:
        changes |= _identified(scheme, signature.id_header.lower())
    if signature.header:
        changes["header"] = signature.header.lower()
    if signature.tolerance is not None:
        changes["tolerance_s"] = float(signature.tolerance)
    if signature.key_id is not None:
        changes["key_id"] = signature.key_id
    return msgspec.structs.replace(scheme, **changes) if changes else scheme


def _check_open(key: str, scheme: Scheme) -> None:
    if scheme.name not in OPEN[key]:
        raise ConfigurationError(
            f"[receiver] signature.{key} is only for scheme {' or '.join(map(repr, OPEN[key]))}; {scheme.name!r} "
            'defines how it signs. Remove the key, or describe the signature with scheme = "hmac".'
        )


def _placed(scheme: Scheme, signature: Signature) -> dict[str, Any]:
    """Return the changes to a scheme that has no open keys but ``prefix``; raises `ConfigurationError`."""
    if signature.header and not scheme.header:
        where = "in the body" if scheme.within else "nowhere"
        raise ConfigurationError(
            f"[receiver] signature.header names a header for the signature, which {scheme.name!r} has {where}. "
            "Remove the key, or name another scheme."
        )
    elsewhere = (signature.header or scheme.header).lower() != scheme.header
    if scheme.name != "token" or (signature.prefix is None and not elsewhere):
        return {}
    prefix = signature.prefix or ""  # any other header has the bare token
    _check_placeholders("prefix", prefix, set())
    return {"value": prefix + "{signature}"}


def _identified(scheme: Scheme, header: str) -> dict[str, Any]:
    """Return the changes to a scheme whose events have their id in another header; the former gets new ids too."""
    former = (scheme.id_header,) if scheme.id_header else ()
    further = (*former, *scheme.further_id_headers)
    return {"id_header": header, "further_id_headers": tuple(name for name in further if name != header)}


def _described(scheme: Scheme, given: dict[str, Any]) -> dict[str, Any]:
    """Return the changes to the scheme ``hmac`` for its open keys."""
    template = given.get("template", scheme.signed)
    _check_placeholders("template", template, PLACEHOLDERS)
    if template.count("{body}") != 1:
        raise ConfigurationError(f"[receiver] signature.template {template!r} must contain {{body}} exactly once.")
    stamped, header = "{timestamp}" in template, given.get("timestamp", "").lower()
    prefix = given.get("prefix", "t={timestamp},v1=" if stamped and not header else "")
    _check_placeholders("prefix", prefix, {"timestamp"})
    if stamped and not header and "{timestamp}" not in prefix:
        raise ConfigurationError(
            "[receiver] signature.template signs a {timestamp} that no header carries. "
            'Name its header (timestamp = "x-timestamp"), or put {timestamp} into the prefix.'
        )
    repeats = "," in prefix  # as in "t=...,v1=...": its last field can stand there once more
    repeats = given.get("multiple", repeats)
    return {
        "signed": template,
        "value": prefix + "{signature}",
        "another": f",{prefix.rpartition(',')[2]}{{signature}}" if repeats else "",
        "label": prefix.rpartition(",")[2].strip().rstrip("="),
        "algorithm": f"hmac-{given.get('digest', 'sha256')}",
        "encoding": given.get("encoding", scheme.encoding),
        "key_form": SECRET_FORMS[given.get("secret_encoding", "text")],
        "timestamp_header": header,
        "timestamp_unit": given.get("timestamp_unit", "s"),
        "tolerance_s": scheme.tolerance_s if stamped else None,
    }


def _check_placeholders(key: str, text: str, known: frozenset[str] | set[str]) -> None:
    try:
        named = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as exc:
        raise ConfigurationError(f"[receiver] signature.{key} {text!r} is not a template: {exc}.") from None
    for name in sorted(named - known):
        raise ConfigurationError(
            f"[receiver] signature.{key} {text!r} contains {{{name}}}, which is not known. {nearest(name, known)}"
        )
