"""Every client has the same TLS settings, whatever the defaults of the running Python."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import pytest

from harness.http.client_tls import client_context, restrict, tls_context, tls_failure

PLAIN = ssl.create_default_context


def python_3_11(**given: Any) -> ssl.SSLContext:
    """Return the default context of 3.11 and 3.12, which is lenient."""
    context = PLAIN(**given)
    context.verify_flags = ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST
    context.hostname_checks_common_name = True
    return context


def python_3_13(**given: Any) -> ssl.SSLContext:
    """Return the default context of 3.13 and newer, which is strict."""
    context = python_3_11(**given)
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT | ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context


def debian(**given: Any) -> ssl.SSLContext:
    """Return the default context of a Python that was built with the ciphers and versions of its system."""
    context = python_3_11(**given)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def features(context: ssl.SSLContext) -> tuple[object, ...]:
    return (
        context.verify_mode,
        context.check_hostname,
        context.hostname_checks_common_name,
        context.verify_flags,
        context.minimum_version,
        context.maximum_version,
        context.security_level,
        [cipher["name"] for cipher in context.get_ciphers()],
    )


@pytest.mark.parametrize("default", [python_3_11, python_3_13, debian])
def test_the_interpreters_defaults_change_nothing(
    default: Callable[..., ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client requires the same of a server, whatever Python's default context is."""
    expected = features(client_context())
    monkeypatch.setattr(ssl, "create_default_context", default)

    assert features(client_context()) == expected


def test_a_client_demands_what_senders_demand() -> None:
    """TLS 1.2 or 1.3, forward secrecy and keys of 2048 bits are required; a Common Name does not count."""
    context = tls_context()

    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.hostname_checks_common_name is False
    assert not context.verify_flags & ssl.VerifyFlags.VERIFY_X509_STRICT
    assert context.verify_flags & ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    assert (context.minimum_version, context.maximum_version) == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    assert context.security_level == 2
    names = {cipher["name"] for cipher in context.get_ciphers()}
    assert {"TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA"} < names
    assert all(name.startswith(("TLS_", "ECDHE-", "DHE-")) for name in names)


def test_all_clients_share_one_context() -> None:
    """The trust store is read once."""
    assert tls_context() is tls_context()


@pytest.mark.parametrize("begun", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_are_set_whatever_was_set_before(begun: ssl.TLSVersion) -> None:
    """A context that allowed only newer versions can be changed to older ones."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = begun
    restrict(context, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)

    assert context.minimum_version == context.maximum_version == ssl.TLSVersion.TLSv1_2


def test_a_failure_without_a_reason_names_no_line_of_python() -> None:
    """The text of OpenSSL is shown, without the line of Python's source."""
    failure = ssl.SSLError(1, "[SSL] legacy sigalg disallowed or unsupported (_ssl.c:992)")
    failure.reason = ""

    assert tls_failure(failure) == "TLS: [SSL] legacy sigalg disallowed or unsupported"
