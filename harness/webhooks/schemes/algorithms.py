"""Signature algorithms, and the text forms of their keys."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
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
    verify: Callable[[bytes, bytes, bytes], bool] | None = None
    """From the verifying key, message and signature to whether it is right; raises ValueError for what is no key."""


class KeyForm(NamedTuple):
    """One text form of keys."""

    read: Callable[[str], bytes]
    """Raises ValueError when the text is not such a key."""
    write: Callable[[bytes], str]
    described: str
    """The form in words, for the message about a malformed key."""
    write_public: Callable[[bytes], str] = bytes.hex
    read_public: Callable[[str], bytes] = bytes.fromhex


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _prefixed(prefix: str, sizes: range, *, public: str = "") -> KeyForm:
    def read(text: str) -> bytes:
        key = base64.b64decode(text.removeprefix(prefix), validate=True)
        if key and len(key) not in sizes:
            raise ValueError(f"{len(key)} bytes")
        return key

    described = f"{f'{prefix} followed by ' if prefix else ''}{sizes[0]} to {sizes[-1]} bytes in base64"
    return KeyForm(
        read,
        lambda key: prefix + _base64(key),
        described,
        lambda key: public + _base64(key),
        lambda text: base64.b64decode(text.removeprefix(public), validate=True),
    )


def _read_basic(text: str) -> bytes:
    """Return user and password as HTTP Basic joins them (RFC 7617 section 2); nothing stands for two empty ones."""
    if text and ":" not in text:
        raise ValueError("no colon")
    return text.encode() or b":"


def _read_pem(text: str) -> bytes:
    lines = [line for line in text.split() if line and "-----" not in line]
    plain = [line for line in lines if line not in {"PRIVATE", "PUBLIC", "KEY", "EC"}]
    return base64.b64decode("".join(plain), validate=True)


ENCODINGS: Mapping[str, Callable[[bytes], str]] = {"hex": bytes.hex, "base64": _base64, "text": bytes.decode}
_DECODED: Mapping[str, Callable[[str], bytes]] = {
    "hex": bytes.fromhex,
    "base64": partial(base64.b64decode, validate=True),
}

ALGORITHMS: Mapping[str, Algorithm] = {
    "hmac-md5": Algorithm(partial(hmac.digest, digest="md5")),  # no provider's; a forgery that a receiver must refuse
    "hmac-sha1": Algorithm(partial(hmac.digest, digest="sha1")),
    "hmac-sha256": Algorithm(partial(hmac.digest, digest="sha256")),
    "hmac-sha512": Algorithm(partial(hmac.digest, digest="sha512")),
    "ed25519": Algorithm(asymmetric.sign_ed25519, public=asymmetric.public_ed25519, verify=asymmetric.verify_ed25519),
    "ecdsa-p256-sha256": Algorithm(
        asymmetric.sign_p256, asymmetric.p256_of, asymmetric.public_p256, asymmetric.verify_p256
    ),
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
    "octets": _prefixed("", range(1, 4097)),
    "base64": _prefixed("", range(32, 65)),
    "pem": KeyForm(_read_pem, _base64, "a private key (PKCS 8) as PEM, or only its base64", _base64, _read_pem),
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


def verifies(algorithm: str, form: str, encoding: str, key: str, message: bytes, words: Sequence[bytes]) -> bool:
    """Whether one of ``words`` is the signature of ``message`` by a key pair; ``key`` is either half of it.

    Raises `SecretError` for what is neither.
    """
    publics = list(_public_halves(ALGORITHMS[algorithm], KEY_FORMS[form], key.strip()))
    if not publics:
        raise _no_key(form, half="key")
    signatures = list(_decoded(words, encoding))
    verify = ALGORITHMS[algorithm].verify
    return verify is not None and any(verify(public, message, word) for public in publics for word in signatures)


def _public_halves(algorithm: Algorithm, form: KeyForm, key: str) -> Iterator[bytes]:
    """Yield the verifying keys that a text may stand for: itself, and that of the signing key that it is."""
    assert algorithm.public is not None
    assert algorithm.verify is not None
    with suppress(ValueError):
        public = form.read_public(key)
        algorithm.verify(public, b"", b"")
        yield public
    with suppress(ValueError):
        yield algorithm.public(form.read(key))


def _decoded(words: Sequence[bytes], encoding: str) -> Iterator[bytes]:
    for word in words:
        with suppress(ValueError):
            yield _DECODED[encoding](word.decode("latin-1"))


def public_key(algorithm: str, form: str, secret: str) -> str:
    """Return the verifying key as text: the public key, or the secret where both sides share it."""
    public = ALGORITHMS[algorithm].public
    if public is None:
        return secret
    try:
        return KEY_FORMS[form].write_public(public(KEY_FORMS[form].read(secret)))
    except ValueError:
        raise _no_key(form) from None


def _no_key(form: str, *, half: str = "signing secret") -> SecretError:
    return SecretError(
        f"The {half} does not have the form of its scheme: {KEY_FORMS[form].described}. "
        "Copy it again from the provider's page, without quotes or spaces."
    )
