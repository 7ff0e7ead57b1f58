"""Signing keys of a target that the harness starts: made as the scheme wants them, and given to it as public keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from harness.errors import ConfigurationError
from harness.model import SecretRef

if TYPE_CHECKING:
    from harness.model.config import Configuration, Signature

PLACEHOLDER = re.compile(r"\{public_key(:previous)?\}")
"""In the environment of a process: the public key of ``[receiver] signature`` secret, or previous."""


def shapes(config: Configuration) -> Mapping[str, Callable[[bytes], str]]:
    """Return, by the NAME of ``fresh:NAME``, what writes random bytes as a secret of the receiver's scheme."""
    signature = config.receiver.signature if config.receiver else None
    if signature is None or signature.scheme == "hmac":  # which takes any text
        return {}

    def written(random: bytes) -> str:
        from harness.webhooks.schemes import scheme_for

        return scheme_for(signature).secret_of(random)

    references = (signature.secret, signature.previous)
    return {ref.name: written for ref in references if ref is not None and ref.kind == "fresh"}


def with_public_keys(value: str, where: str, *, config: Configuration, reveal: Callable[[SecretRef], str]) -> str:
    """Fill the placeholders of the value at key ``where``; raises `ConfigurationError` where there is no public key."""
    signature = config.receiver.signature if config.receiver else None

    def filled(match: re.Match[str]) -> str:
        from harness.webhooks.schemes import scheme_for

        if reason := _no_key_because(signature, previous=bool(match[1])):
            raise ConfigurationError(f"harness.toml: {where} holds {match[0]}, but {reason}")
        assert signature is not None
        secret = signature.previous if match[1] else signature.secret
        assert secret is not None
        return scheme_for(signature).public_key(reveal(secret))

    return PLACEHOLDER.sub(filled, value)


def names_given(given: Mapping[str, str], secret: SecretRef, *, previous: bool) -> tuple[str, ...]:
    """Return the variables in which a process is given a secret or its public key; it inherits the harness' own too."""
    placeholder = "{public_key:previous}" if previous else "{public_key}"
    names = [name for name, value in given.items() if value == secret or placeholder in value]
    return (*names, *([] if secret.kind == "file" else [secret.name]))


def _no_key_because(signature: Signature | None, *, previous: bool) -> str:
    """Return why there is no public key, and what to do; empty where there is one."""
    from harness.webhooks.schemes import scheme_for

    if signature is None:
        return "there is no [receiver] signature. Add it, or remove the placeholder."
    if signature.secret is None:
        return f"a receiver of {signature.scheme!r} has no key. Remove the placeholder."
    if scheme_for(signature).symmetric:
        return f"a receiver of {signature.scheme!r} verifies with the secret itself. Write {signature.secret} there."
    if previous and signature.previous is None:
        return "[receiver] signature has no `previous`. Add it, or remove the placeholder."
    return ""
