"""From harness.toml to a scheme: what ``hmac`` leaves open, and what does not go together."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harness.errors import ConfigurationError
from harness.model import SecretRef
from harness.model.config import Duration, Signature
from harness.webhooks.schemes import SCHEMES, scheme_for, scheme_named

NOW = 1_790_000_000


def signature(scheme: str = "hmac", **keys: Any) -> Signature:
    return Signature(scheme=scheme, secret=SecretRef("env:X"), **keys)


@pytest.mark.parametrize(
    "keys, headers",
    [
        ({}, {"x-product-signature": f"t={NOW},v1=SIG"}),
        ({"header": "X-Acme-Signature"}, {"x-acme-signature": f"t={NOW},v1=SIG"}),
        ({"template": "{body}"}, {"x-product-signature": "SIG"}),
        ({"template": "{body}", "prefix": "sha256="}, {"x-product-signature": "sha256=SIG"}),
        (
            {"template": "{timestamp}:{body}", "timestamp": "X-Time", "timestamp_unit": "ms"},
            {"x-product-signature": "SIG", "x-time": f"{NOW}000"},
        ),
        ({"prefix": "ts={timestamp},sig="}, {"x-product-signature": f"ts={NOW},sig=SIG"}),
    ],
)
def test_headers_are_written_as_described(keys: dict[str, str], headers: dict[str, str]) -> None:
    """Header, prefix, timestamp and its unit come from harness.toml; what is not said follows from what is."""
    assert dict(scheme_for(signature(**keys)).written("SIG", timestamp=NOW)) == headers


def test_a_described_scheme_signs_what_the_template_says() -> None:
    """Template, hash and encoding are the ones named."""
    scheme = scheme_for(
        signature(template="{method} {url} {id} {body}", digest="sha512", encoding="base64", id_header="X-Event-Id")
    )
    sign = {"secret": "key", "timestamp": NOW, "event_id": "evt_1", "url": "http://127.0.0.1/hook"}

    assert scheme.signature(b"{}", **sign) != scheme.signature(b"{ }", **sign)  # type: ignore[arg-type]
    assert scheme.signature(b"{}", **sign).endswith("==")  # type: ignore[arg-type]
    assert (scheme.id_header, scheme.timestamped, scheme.tolerance_s) == ("x-event-id", False, None)


def test_what_can_be_repeated_rotates() -> None:
    """A value of fields separated by commas takes a second signature; one without takes none."""
    scheme = scheme_for(signature(prefix="ts={timestamp},sig="))

    assert dict(scheme.written("a", "b", timestamp=NOW))[scheme.header] == f"ts={NOW},sig=a,sig=b"
    assert not scheme_for(signature(template="{body}", prefix="sha256=")).rotates


def test_tolerance_and_key_id_are_the_receivers() -> None:
    """Where they are named they take the place of the scheme's, for any scheme."""
    found = scheme_for(signature("rfc9421", tolerance=Duration(60), key_id="acme"))

    assert found.tolerance_s == 60
    assert 'keyid="acme"' in dict(found.written("SIG", timestamp=NOW))["signature-input"]
    assert scheme_named("rfc9421").tolerance_s == 86_400


def test_whether_a_header_has_several_signatures_can_be_named() -> None:
    """WorkOS separates timestamp and signature by a comma and sends one signature alone."""
    prefix = "t={timestamp}, v1="

    assert not scheme_for(signature(prefix=prefix, multiple=False)).rotates
    assert scheme_for(signature(prefix=prefix)).another == ", v1={signature}"
    assert scheme_for(signature(template="{body}", prefix="v1=", multiple=True)).another == ",v1={signature}"


@pytest.mark.parametrize(
    "keys, headers",
    [
        ({}, {"authorization": "Bearer SIG"}),
        ({"prefix": "Token "}, {"authorization": "Token SIG"}),
        ({"header": "X-Acme-Token"}, {"x-acme-token": "SIG"}),
        ({"header": "X-Acme-Token", "prefix": "tok:"}, {"x-acme-token": "tok:SIG"}),
    ],
)
def test_a_token_is_sent_in_any_header_behind_any_prefix(keys: dict[str, str], headers: dict[str, str]) -> None:
    """In Authorization it is a Bearer token unless another prefix is named; in other headers it is bare."""
    assert dict(scheme_for(signature("token", **keys)).written("SIG", timestamp=NOW)) == headers


@pytest.mark.parametrize("name", [s.name for s in SCHEMES])
def test_the_header_of_the_id_can_be_named_for_every_scheme(name: str) -> None:
    """The scheme's own headers of ids still get new values."""
    secret = None if name == "none" else SecretRef("env:X")
    own = scheme_named(name)
    found = scheme_for(Signature(scheme=name, secret=secret, id_header="X-Acme-Event"))

    assert found.id_header == "x-acme-event"
    assert found.further_id_headers == (*filter(None, [own.id_header]), *own.further_id_headers)


def test_one_of_the_schemes_own_headers_can_be_the_id() -> None:
    """A receiver may recognise Shopify's duplicates by the webhook's id."""
    found = scheme_for(signature("shopify", id_header="X-Shopify-Webhook-Id"))

    assert (found.id_header, found.further_id_headers) == ("x-shopify-webhook-id", ("x-shopify-event-id",))


@pytest.mark.parametrize(
    "keys, said",
    [
        ({"scheme": "none", "secret": SecretRef("env:X")}, "the scheme 'none' has no secret; remove `secret`"),
        ({"scheme": "github"}, "`secret` is missing: write a reference such as env:NAME"),
    ],
)
def test_every_scheme_but_none_has_a_secret(keys: dict[str, Any], said: str) -> None:
    """A receiver without authentication has nothing to share."""
    with pytest.raises(ValueError, match=re.escape(said)):
        Signature(**keys)


@pytest.mark.parametrize(
    "keys, said",
    [
        (
            {"scheme": "github", "template": "{body}"},
            "signature.template is only for scheme 'hmac'; 'github' defines how it signs",
        ),
        ({"template": "{timestamp}"}, "must contain {body} exactly once"),
        ({"template": "{bdy}"}, "contains {bdy}, which is not known. Did you mean 'body'?"),
        ({"template": "{body"}, "is not a template"),
        (
            {"scheme": "github", "prefix": "x"},
            "signature.prefix is only for scheme 'hmac' or 'token'; 'github' defines how it signs",
        ),
        (
            {"scheme": "mailgun", "header": "x-signature"},
            "signature.header names a header for the signature, which 'mailgun' has in the body. Remove the key",
        ),
        ({"scheme": "token", "prefix": "{token}"}, "signature.prefix '{token}' contains {token}, which is not known"),
        ({"prefix": "v1="}, "signs a {timestamp} that no header carries. Name its header (timestamp ="),
        ({"prefix": "{body}"}, "signature.prefix '{body}' contains {body}, which is not known"),
    ],
)
def test_keys_that_do_not_go_together_are_told(keys: dict[str, str], said: str) -> None:
    """The message names the key, and what to write in its place."""
    with pytest.raises(ConfigurationError) as caught:
        scheme_for(signature(**keys))

    assert said in str(caught.value)
