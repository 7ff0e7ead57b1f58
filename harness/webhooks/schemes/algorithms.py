"""What turns a key and a message into a signature, and how a key is written as text."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from harness.errors import SecretError


class Algorithm(NamedTuple):
    """One way to sign."""

    sign: Callable[[bytes, bytes], bytes]
    """Key and message to signature."""
    new_key: Callable[[], bytes]
    public: Callable[[bytes], bytes] | None = None
    """Signing key to the key that verifies; None where both are the same."""


class KeyForm(NamedTuple):
    """One way to write a key."""

    read: Callable[[str], bytes]
    """Raises ValueError when the text is no such key."""
    write: Callable[[bytes], str]
    described: str
    """For a person whose key is not one."""


def _prefixed(prefix: str, sizes: range) -> KeyForm:
    def read(text: str) -> bytes:
        key = base64.b64decode(text.removeprefix(prefix), validate=True)
        if key and len(key) not in sizes:
            raise ValueError(f"{len(key)} bytes")
        return key

    described = f"{prefix} and then {sizes[0]} to {sizes[-1]} bytes in base64"
    return KeyForm(read, lambda key: prefix + base64.b64encode(key).decode(), described)


ENCODINGS: Mapping[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": lambda mac: base64.b64encode(mac).decode(),
}

ALGORITHMS: Mapping[str, Algorithm] = {
    "hmac-sha256": Algorithm(partial(hmac.digest, digest="sha256"), lambda: os.urandom(32)),
    "hmac-sha1": Algorithm(partial(hmac.digest, digest="sha1"), lambda: os.urandom(32)),
    "hmac-sha512": Algorithm(partial(hmac.digest, digest="sha512"), lambda: os.urandom(32)),
}

KEY_FORMS: Mapping[str, KeyForm] = {
    "text": KeyForm(str.encode, bytes.hex, "any text"),
    "stripe": KeyForm(str.encode, lambda key: f"whsec_{key.hex()}", "the whole text, whsec_ included"),
    "whsec": _prefixed("whsec_", range(24, 65)),
    "hex": KeyForm(bytes.fromhex, bytes.hex, "bytes in hexadecimal"),
}


def read_key(form: str, text: str) -> bytes:
    """Return the key that ``text`` writes; raises `SecretError` that tells the form and nothing of the text."""
    try:
        return KEY_FORMS[form].read(text)
    except (ValueError, binascii.Error):
        raise SecretError(
            f"The signing secret is not written as its scheme wants it: {KEY_FORMS[form].described}. "
            "Copy it again from where the provider shows it, without quotes or spaces."
        ) from None
