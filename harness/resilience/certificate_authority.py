"""A private certificate authority of one run: a right certificate, and those that no client may take."""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.http.loopback_server import HOST

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

TRUSTING = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name trusted authorities: to OpenSSL, Go, Ruby and httpx; to Node.js; to requests; to curl."""
_DAY = dt.timedelta(days=1)
_ANOTHER_NAME = "another-name.example"


class Certificate(enum.StrEnum):
    """What a server presents."""

    UNTRUSTED = "a certificate of an authority that nobody trusts"
    EXPIRED = "a certificate that expired a day ago"
    OTHER_NAME = "a certificate for another name"
    RIGHT = "a right certificate"


class CertificateAuthority:
    """Issues certificates for loopback; its own certificate and the latest key are in a folder that ends with a run."""

    def __init__(self, folder: Path) -> None:
        """Write the authority's own certificate."""
        from cryptography import x509  # takes a while to import, and few processes need it
        from cryptography.hazmat.primitives.asymmetric import ec

        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test authority of one run")])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = self._builder(self._name, self._key, expired=False).add_extension(constraints, critical=True)
        self._trusted = folder / "trusted.pem"
        self._trusted.write_bytes(self._signed(builder.add_extension(_may_sign(), critical=True)))

    @property
    def env(self) -> Mapping[str, str]:
        """Lets a process trust the authority, where its TLS reads one of the usual variables."""
        return dict.fromkeys(TRUSTING, str(self._trusted))

    def context(self, kind: Certificate) -> ssl.SSLContext:
        """Return the context of a server that presents such a certificate."""
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]
        if kind is Certificate.OTHER_NAME:
            names = [x509.DNSName(_ANOTHER_NAME)]
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Server of one run")])
        builder = self._builder(name, key, expired=kind is Certificate.EXPIRED)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        chain = self._folder / "chain.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain.write_bytes(private + self._signed(builder))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, expired: bool) -> x509.CertificateBuilder:
        from cryptography import x509

        now = dt.datetime.now(tz=dt.UTC)
        begins, ends = (now - 30 * _DAY, now - _DAY) if expired else (now - 60 * _DAY, now + _DAY)
        builder = x509.CertificateBuilder(self._name, name, key.public_key(), x509.random_serial_number(), begins, ends)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        subject = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return builder.add_extension(issuer, critical=False).add_extension(subject, critical=False)

    def _signed(self, builder: x509.CertificateBuilder) -> bytes:
        from cryptography.hazmat.primitives import hashes, serialization

        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _may_sign() -> x509.KeyUsage:
    from cryptography import x509

    others = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    unused = dict.fromkeys((*others, "crl_sign", "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(key_cert_sign=True, **unused)
