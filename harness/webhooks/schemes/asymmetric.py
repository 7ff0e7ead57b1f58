"""Signatures with a key pair: the provider signs with the private key, the receiver verifies with the public one.

cryptography is imported for the first such signature: most targets never need it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEED_BYTES = 32
"""Length of an Ed25519 private key; one of 64 bytes ends with the public key (RFC 8032, section 5.1.5)."""

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def sign_ed25519(key: bytes, message: bytes) -> bytes:
    """Sign as in RFC 8032; raises ValueError for an invalid key."""
    return _ed25519(key).sign(message)


def public_ed25519(key: bytes) -> bytes:
    """Return the 32 bytes of the public key; raises ValueError for an invalid key."""
    return _ed25519(key).public_key().public_bytes_raw()


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is right (RFC 8032); raises ValueError for an invalid key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(public)
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def sign_p256(key: bytes, message: bytes) -> bytes:
    """Return the deterministic ECDSA signature over SHA-256 (RFC 6979) as DER; raises ValueError for an invalid key."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    return _p256(key).sign(message, ECDSA(SHA256(), deterministic_signing=True))


def public_p256(key: bytes) -> bytes:
    """Return the public key as DER (SubjectPublicKeyInfo); raises ValueError for an invalid key."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return _p256(key).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def verify_p256(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an ECDSA signature over SHA-256, as DER, is right; raises ValueError for an invalid key."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(public)
    except UnsupportedAlgorithm as exc:
        raise ValueError(str(exc)) from None
    if not isinstance(key, EllipticCurvePublicKey):
        raise ValueError("not an elliptic curve key")  # noqa: TRY004 - what all of this module raises
    try:
        key.verify(signature, message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def p256_of(random: bytes) -> bytes:
    """Return the private key derived from random bytes, as DER (PKCS 8)."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = derive_private_key(int.from_bytes(random) % (_P256_ORDER - 1) + 1, SECP256R1())
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _ed25519(key: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(key[:SEED_BYTES])


def _p256(key: bytes) -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    loaded = load_der_private_key(key, password=None)
    if not isinstance(loaded, EllipticCurvePrivateKey):
        raise ValueError("not an elliptic curve key")  # noqa: TRY004 - what all of this module raises
    return loaded
