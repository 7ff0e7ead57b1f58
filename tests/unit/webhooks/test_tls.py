"""The way to the receiver, looked at on servers with real TLS and certificates made for the test."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.http.client_tls import client_context
from harness.model import Finding, Level, Outcome
from harness.webhooks import tls
from tests.unit.conftest import stay_silent

from .conftest import EVENT, Listen, Under, read_request, reply

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Authority(NamedTuple):
    """Who vouches for certificates."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    folder: Path

    @classmethod
    def founded(cls, folder: Path, *, by: Authority | None = None, name: str = "Test authority") -> Authority:
        """Return a new one, at the root or under another."""
        key = ec.generate_private_key(ec.SECP256R1())
        own = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        made = _builder(own, by.certificate.subject if by else own, key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        return cls(made.sign(by.key if by else key, hashes.SHA256()), key, folder)

    def serving(
        self,
        *,
        host: str = "127.0.0.1",
        until: dt.datetime = NOW + DAY,
        with_chain: bool = False,
        alternative: bool = True,
        key: Key | None = None,
    ) -> Path:
        """Return a PEM file with the key and the certificate of a server, which has no Authority Key Identifier."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        leaf = _builder(name, self.certificate.subject, key, until)
        if alternative:
            names = x509.SubjectAlternativeName([_named(host)])
            leaf = leaf.add_extension(names, critical=False)
        chain = [leaf.sign(self.key, hashes.SHA256()), *([self.certificate] if with_chain else [])]
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = self.folder / f"{x509.random_serial_number()}.pem"
        path.write_bytes(pem + b"".join(c.public_bytes(Encoding.PEM) for c in chain))
        return path

    def trusted(self) -> ssl.SSLContext:
        """Return a context that trusts this authority alone."""
        return client_context(self.certificate.public_bytes(Encoding.PEM).decode())


def _named(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(name: x509.Name, issuer: x509.Name, key: Key, until: dt.datetime = NOW + DAY) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 10 * DAY)
        .not_valid_after(until)
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.founded(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def look(listen: Listen, under: Under, root: Authority) -> Callable[..., Finding]:
    """Look once at a server: ``look(case_id, certificate, …)``."""

    def at(
        case_id: str,
        certificate: Path,
        *,
        versions: tuple[ssl.TLSVersion, ssl.TLSVersion] = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3),
        plain: int = 0,
        ciphers: str = "ALL",
        trusted: Authority = root,
    ) -> Finding:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        context.load_cert_chain(certificate)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = versions
        url = listen(partial(_either, context, plain)).replace("http:", "https:")
        return found(case_id, url, under, trusted)

    return at


def found(case_id: str, url: str, under: Under, root: Authority) -> Finding:
    case = next(c for c in tls.CASES if c.id == case_id)
    return tls.judge(case, tls.TlsTarget(under(url), EVENT, root.trusted))


def _either(context: ssl.SSLContext, plain: int, connection: socket.socket) -> None:
    """Speak TLS to who begins so, and answer plain HTTP with a status, or not at all."""
    if connection.recv(1, socket.MSG_PEEK) == b"\x16":
        with context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(1)
    elif plain:
        read_request(connection)
        connection.sendall(reply(plain))


OLD = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
ANY = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_3)


@pytest.mark.parametrize("case_id", [c.id for c in tls.CASES if c.id != "https"])
def test_a_receiver_behind_good_tls_passes(case_id: str, look: Callable[..., Finding], root: Authority) -> None:
    """A trusted certificate, TLS 1.2 and 1.3, and a redirect for plain HTTP are all that is asked."""
    finding = look(case_id, root.serving(), plain=308)

    assert finding.outcome is Outcome.PASS, finding.observed


def test_a_certificate_that_is_trusted_tells_how_long(look: Callable[..., Finding], root: Authority) -> None:
    """Version and end date are told, for whoever has to renew it."""
    observed = look("certificate", root.serving()).observed

    assert observed.startswith("TLSv1.3, valid until ")
    assert observed.endswith(f"{NOW + DAY:%Y} GMT")


@pytest.mark.parametrize(
    "made, said",
    [
        (lambda a: a.serving(until=NOW - DAY), "certificate has expired"),
        (lambda a: a.serving(host="127.0.0.2"), "IP address mismatch, certificate is not valid for '127.0.0.1'."),
        (lambda a: Authority.founded(a.folder, name="A stranger").serving(), "unable to get local issuer certificate"),
        (lambda a: Authority.founded(a.folder, by=a, name="Between").serving(), "unable to get local issuer"),
    ],
    ids=["expired", "another-host", "unknown-authority", "chain-incomplete"],
)
def test_a_certificate_that_senders_refuse_fails(
    made: Callable[[Authority], Path], said: str, look: Callable[..., Finding], root: Authority
) -> None:
    """The finding says what OpenSSL found wrong, and what to do about it."""
    finding = look("certificate", made(root))

    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.MUST)
    assert finding.observed.startswith("TLS: the certificate is not valid: ")
    assert said in finding.observed
    assert "serve it with its intermediate certificates" in finding.fix


def test_a_chain_that_is_served_whole_passes(look: Callable[..., Finding], root: Authority) -> None:
    """An intermediate authority is fine when its certificate comes along."""
    between = Authority.founded(root.folder, by=root, name="Between")

    assert look("certificate", between.serving(with_chain=True)).outcome is Outcome.PASS


@pytest.mark.parametrize("strict", [False, True], ids=["python-3.11", "python-3.13"])
def test_a_certificate_that_python_alone_refuses_passes(
    look: Callable[..., Finding], root: Authority, monkeypatch: pytest.MonkeyPatch, *, strict: bool
) -> None:
    """A certificate without an Authority Key Identifier passes, because curl, Node.js, Go and Java accept it."""
    plain = ssl.create_default_context

    def default(**given: Any) -> ssl.SSLContext:
        context = plain(**given)
        context.verify_flags = ssl.VerifyFlags.VERIFY_X509_STRICT if strict else ssl.VerifyFlags.VERIFY_DEFAULT
        return context

    monkeypatch.setattr(ssl, "create_default_context", default)

    assert look("certificate", root.serving()).outcome is Outcome.PASS


def test_an_authority_that_is_trusted_need_not_be_a_root(look: Callable[..., Finding], root: Authority) -> None:
    """A chain may end at an intermediate certificate that is in the trust store."""
    between = Authority.founded(root.folder, by=root, name="Between")

    assert look("certificate", between.serving(), trusted=between).outcome is Outcome.PASS


def test_a_certificate_for_a_common_name_alone_fails(listen: Listen, under: Under, root: Authority) -> None:
    """The host must be one of the alternative names, as RFC 9110 requires and senders written in Go check."""
    outcomes = {}
    for alternative in (True, False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(root.serving(alternative=alternative, host="localhost"))
        url = listen(partial(_either, context, 0)).replace("http://127.0.0.1", "https://localhost")
        outcomes[alternative] = found("certificate", url, under, root).outcome

    assert outcomes == {True: Outcome.PASS, False: Outcome.FAIL}


def test_a_key_that_is_too_short_fails(look: Callable[..., Finding], root: Authority) -> None:
    """RSA with 1024 bits fails, as it does with the OpenSSL of distributions, whatever the settings of this machine."""
    finding = look("certificate", root.serving(key=rsa.generate_private_key(65537, 1024)))

    assert (finding.outcome, finding.observed) == (
        Outcome.FAIL,
        "TLS: the certificate is not valid: EE certificate key too weak",
    )


@pytest.mark.parametrize(
    "ciphers, outcome",
    [("ECDHE-RSA-AES128-SHA", Outcome.PASS), ("AES128-GCM-SHA256:AES128-SHA", Outcome.FAIL)],
    ids=["forward-secret", "key-exchange-by-rsa"],
)
def test_ciphers_without_forward_secrecy_are_not_enough(
    ciphers: str, outcome: Outcome, look: Callable[..., Finding], root: Authority
) -> None:
    """One forward-secret cipher is enough; without one, senders written in Go or for Java 24 cannot connect."""
    certificate = root.serving(key=rsa.generate_private_key(65537, 2048))
    versions = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)

    assert look("modern-tls", certificate, versions=versions, ciphers=ciphers).outcome is outcome


def test_old_versions_are_to_be_refused(look: Callable[..., Finding], root: Authority) -> None:
    """A server that takes TLS 1.1 beside newer ones is told so, as a warning."""
    finding = look("old-tls", root.serving(), versions=ANY)

    assert (finding.outcome, finding.level, finding.observed) == (Outcome.FAIL, Level.SHOULD, "it accepts TLSv1.1")


def test_old_versions_alone_are_not_enough(look: Callable[..., Finding], root: Authority) -> None:
    """A server without TLS 1.2 fails for that, and for taking TLS 1.1."""
    modern, old = (look(case_id, root.serving(), versions=OLD) for case_id in ("modern-tls", "old-tls"))

    assert (modern.outcome, modern.level) == (Outcome.FAIL, Level.MUST)
    assert modern.observed.startswith("no handshake: TLS: ")
    assert (old.outcome, old.observed) == (Outcome.FAIL, "it accepts TLSv1.1")


def test_what_this_machine_cannot_offer_is_not_run(
    look: Callable[..., Finding], root: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An OpenSSL without the old versions says so, and does not pass for a server that refuses them."""
    monkeypatch.setattr(tls, "_can_offer", lambda _context: False)
    finding = look("old-tls", root.serving(), versions=ANY)

    assert finding.outcome is Outcome.NOT_RUN
    assert finding.observed == f"{ssl.OPENSSL_VERSION}, as configured here, cannot offer TLS 1.1 or older"


def test_a_context_without_any_common_version_cannot_offer() -> None:
    """What OpenSSL refuses to begin is told from what a server refuses."""
    context = tls._trusting(*OLD, tls._OLD_CIPHERS)
    assert tls._can_offer(context)

    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")  # of TLS 1.2 alone
    assert not tls._can_offer(context)


def test_a_delivery_taken_over_plain_http_fails(look: Callable[..., Finding], root: Authority) -> None:
    """The finding names the address that took it."""
    finding = look("plain-http", root.serving(), plain=200)

    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.SHOULD)
    assert finding.observed.startswith("http://127.0.0.1:")
    assert finding.observed.endswith("/hook: HTTP 200")


@pytest.mark.parametrize("case_id", ["certificate", "modern-tls"])
def test_who_says_nothing_is_over_soon(
    case_id: str, listen: Listen, under: Under, root: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes connections and stays silent is an error within the limit."""
    monkeypatch.setattr(tls, "WITHIN_S", 0.2)
    finding = found(case_id, listen(stay_silent).replace("http:", "https:"), under, root)

    assert "cannot be judged: no answer within 0.2 s. Is the receiver up" in finding.observed
    assert finding.outcome is Outcome.ERROR


def test_a_receiver_that_is_away_is_an_error(under: Under, root: Authority, closed_port: int) -> None:
    """Nothing is known of its TLS then."""
    findings = [
        found(c, f"https://127.0.0.1:{closed_port}/hook", under, root) for c in ("certificate", "modern-tls", "old-tls")
    ]

    assert {f.outcome for f in findings} == {Outcome.ERROR}


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as held:  # bound and not listening, so that nobody else takes it
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_loopback_url_without_tls_is_none_of_this(under: Under, root: Authority) -> None:
    """What does not leave the machine needs no TLS; the reason names the URL."""
    findings = [found(c.id, "http://127.0.0.1:3000/hook", under, root) for c in tls.CASES]

    assert {f.outcome for f in findings} == {Outcome.NOT_APPLICABLE}
    assert findings[0].observed == "http://127.0.0.1:3000/hook does not leave this machine"
    assert findings[1].observed == "[receiver] url is not https: http://127.0.0.1:3000/hook"


def test_plain_http_outside_is_a_warning(under: Under, root: Authority) -> None:
    """Without TLS the deliveries can be read on their way; nothing is sent to find that out."""
    findings = {c.id: found(c.id, "http://hooks.example.com/hook", under, root) for c in tls.CASES}

    assert (findings["https"].outcome, findings["https"].level) == (Outcome.FAIL, Level.SHOULD)
    assert {f.outcome for name, f in findings.items() if name != "https"} == {Outcome.NOT_APPLICABLE}
    assert found("https", "https://hooks.example.com/hook", under, root).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "url, plain",
    [
        ("https://hooks.example.com/in?a=1", "http://hooks.example.com:80/in?a=1"),
        ("https://hooks.example.com:8443/in", "http://hooks.example.com:8443/in"),
        ("https://[::1]/in", "http://[::1]:80/in"),
    ],
)
def test_plain_http_is_looked_for_where_it_would_be(url: str, plain: str) -> None:
    """Port 80 stands beside 443; another port may answer plain HTTP itself."""
    assert tls.plain_url(url) == plain


def test_cases_behind_a_bad_certificate_say_so(listen: Listen, under: Under, root: Authority) -> None:
    """A genuine delivery that TLS stops is told as that, with what to do, and not as a wrong URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(root.serving(until=NOW - DAY))
    (finding,) = under(listen(lambda _: None, tls=context)).judge_acceptance([EVENT])

    assert finding.outcome is Outcome.ERROR
    assert "no answer: TLS: the certificate is not valid: " in finding.observed
    assert finding.observed.endswith("see webhooks.tls for what to do")
