"""Signature algorithms, and the text forms of their keys."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from harness.errors import SecretError
from harness.webhooks.schemes import asymmetric


class Algorithm(NamedTuple):
    """One signature algorithm."""

    sign: Callable[[bytes, bytes], bytes]
    """From key and message to signature; raises ValueError for bytes that are not a key."""
    key_of: Callable[[bytes], bytes] = bytes
    """From 32 random bytes to a key of this algorithm."""
    public: Callable[[bytes], bytes] | None = None
    """From the signing key to the verifying key; None where both are the same."""


class KeyForm(NamedTuple):
    """One text form of keys."""

    read: Callable[[str], bytes]
    """Raises ValueError when the text is not such a key."""
    write: Callable[[bytes], str]
    described: str
    """The form in words, for the message about a malformed key."""
    write_public: Callable[[bytes], str] = bytes.hex


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _prefixed(prefix: str, sizes: range, *, public: str = "") -> KeyForm:
    def read(text: str) -> bytes:
        key = base64.b64decode(text.removeprefix(prefix), validate=True)
        if key and len(key) not in sizes:
            raise ValueError(f"{len(key)} bytes")
        return key

    described = f"{f'{prefix} followed by ' if prefix else ''}{sizes[0]} to {sizes[-1]} bytes in base64"
    return KeyForm(read, lambda key: prefix + _base64(key), described, lambda key: public + _base64(key))


def _read_basic(text: str) -> bytes:
    """Return user and password as HTTP Basic joins them (RFC 7617 section 2); nothing stands for two empty ones."""
    if text and ":" not in text:
        raise ValueError("no colon")
    return text.encode() or b":"


def _read_pem(text: str) -> bytes:
    lines = [line for line in text.split() if line and "-----" not in line]
    plain = [line for line in lines if line not in {"PRIVATE", "KEY", "EC"}]
    return base64.b64decode("".join(plain), validate=True)


ENCODINGS: Mapping[str, Callable[[bytes], str]] = {"hex": bytes.hex, "base64": _base64, "text": bytes.decode}

ALGORITHMS: Mapping[str, Algorithm] = {
    "hmac-md5": Algorithm(partial(hmac.digest, digest="md5")),  # no provider's; a forgery that a receiver must refuse
    "hmac-sha1": Algorithm(partial(hmac.digest, digest="sha1")),
    "hmac-sha256": Algorithm(partial(hmac.digest, digest="sha256")),
    "hmac-sha512": Algorithm(partial(hmac.digest, digest="sha512")),
    "ed25519": Algorithm(asymmetric.sign_ed25519, public=asymmetric.public_ed25519),
    "ecdsa-p256-sha256": Algorithm(asymmetric.sign_p256, asymmetric.p256_of, asymmetric.public_p256),
    # A token proves who the sender is, and nothing about the content.
    "token": Algorithm(lambda key, _: key, lambda random: random.hex().encode()),
}

KEY_FORMS: Mapping[str, KeyForm] = {
    "text": KeyForm(str.encode, bytes.hex, "any text"),
    "token": KeyForm(str.encode, bytes.decode, "any text"),
    "stripe": KeyForm(str.encode, lambda key: f"whsec_{key.hex()}", "the whole text, whsec_ included"),
    "whsec": _prefixed("whsec_", range(24, 65)),
    "whsk": _prefixed("whsk_", range(32, 65), public="whpk_"),
    "basic": KeyForm(_read_basic, lambda key: f"webhooks:{key.decode()}", "USER:PASSWORD"),
    "hex": KeyForm(bytes.fromhex, bytes.hex, "bytes in hexadecimal"),
    "base64": _prefixed("", range(32, 65)),
    "pem": KeyForm(_read_pem, _base64, "a private key (PKCS 8) as PEM, or only its base64", _base64),
}


def sign(algorithm: str, form: str, secret: str, message: bytes) -> bytes:
    """Return the signature of ``message``; raises `SecretError` with the form of the secret but none of its text."""
    try:
        return ALGORITHMS[algorithm].sign(KEY_FORMS[form].read(secret), message)
    except ValueError:
        raise _no_key(form) from None


def sign_encoded(algorithm: str, form: str, encoding: str, secret: str, message: bytes) -> str:
    """Return the signature of ``message`` as text; raises `SecretError` like `sign`."""
    return ENCODINGS[encoding](sign(algorithm, form, secret, message))


def verify_hex_ed25519(public: str, message: bytes, signature: bytes) -> bool:
    """Whether a signature in hexadecimal is right; raises `SecretError` for what is no public key in hexadecimal."""
    try:
        key = bytes.fromhex(public.strip())
        asymmetric.verify_ed25519(key, b"", b"")
    except ValueError:
        raise SecretError(
            "The public key does not have the form of its scheme: 32 bytes in hexadecimal. "
            "Copy it again from the provider's page, without quotes or spaces."
        ) from None
    try:
        return asymmetric.verify_ed25519(key, message, bytes.fromhex(signature.decode()))
    except ValueError:  # a word that is no signature
        return False


def public_key(algorithm: str, form: str, secret: str) -> str:
    """Return the verifying key as text: the public key, or the secret where both sides share it."""
    public = ALGORITHMS[algorithm].public
    if public is None:
        return secret
    try:
        return KEY_FORMS[form].write_public(public(KEY_FORMS[form].read(secret)))
    except ValueError:
        raise _no_key(form) from None


def _no_key(form: str) -> SecretError:
    return SecretError(
        f"The signing secret does not have the form of its scheme: {KEY_FORMS[form].described}. "
        "Copy it again from the provider's page, without quotes or spaces."
    )
