"""The harness refuses the certificates that real senders refuse, and no others."""

from __future__ import annotations

import os
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pytest_httpserver import HTTPServer

from harness.http.client_tls import client_context
from tests.real.conftest import Need
from tests.unit.webhooks.test_tls import DAY, NOW, Authority

NODE = "require('https').get(process.argv[1], r => r.resume()).on('error', () => process.exit(1))"
SENDERS = {
    "curl": ["curl", "--silent", "--noproxy", "*", "--cacert", "{authority}", "{url}"],
    "node": ["node", "--eval", NODE, "{url}"],
}
CERTIFICATES: dict[str, tuple[Callable[[Authority], Path], bool]] = {
    "without an Authority Key Identifier": (lambda a: a.serving(), True),
    "through an intermediate": (
        lambda a: Authority.founded(a.folder, by=a, name="Between").serving(with_chain=True),
        True,
    ),
    "expired": (lambda a: a.serving(until=NOW - DAY), False),
    "for another host": (lambda a: a.serving(host="127.0.0.2"), False),
    "of an unknown authority": (lambda a: Authority.founded(a.folder, name="A stranger").serving(), False),
    "without its intermediate": (lambda a: Authority.founded(a.folder, by=a, name="Between").serving(), False),
}


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("made, good", CERTIFICATES.values(), ids=CERTIFICATES)
def test_a_certificate_is_judged_as_senders_judge_it(
    made: Callable[[Authority], Path], sender: str, need: Need, tmp_path: Path, *, good: bool
) -> None:
    """The sender accepts the certificates that the harness accepts, and refuses the others."""
    program = need(sender)
    authority = Authority.founded(tmp_path)
    root = tmp_path / "root.pem"
    root.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made(authority))

    with HTTPServer(host="127.0.0.1", ssl_context=context) as server:
        server.expect_request("/").respond_with_data("ok")
        url = server.url_for("/")
        words = [word.format(authority=root, url=url) if word[:1] == "{" else word for word in SENDERS[sender][1:]]
        sent = subprocess.run(
            [program, *words], env={**os.environ, "NODE_EXTRA_CA_CERTS": str(root)}, capture_output=True, check=False
        )
        assert (sent.returncode == 0) is good, sent.stderr
        assert accepts(url, root) is good


def accepts(url: str, root: Path) -> bool:
    with httpx.Client(verify=client_context(root.read_text(encoding="utf-8")), trust_env=False) as client:
        try:
            return client.get(url).is_success
        except httpx.ConnectError:
            return False
