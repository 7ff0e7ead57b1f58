"""Access tokens of the product, as the harness asks for them."""

from __future__ import annotations

import re

import pytest

from harness.contract.access_tokens import AccessTokens
from harness.errors import TokenError
from harness.http.client import Network
from harness.model import SecretRef
from harness.model.config import ClientAuth, ClientCredentials
from tests.waiting import wait_for

from .conftest import Product, Start


def tokens_of(product: Product, *, secret: str = "", auth: ClientAuth = ClientAuth.BASIC) -> AccessTokens:
    section = ClientCredentials(
        token_url=f"{product.url}/oauth/token", client_id="sandbox", client_secret=SecretRef("env:S"), client_auth=auth
    )
    values = {"env:S": secret or product.client_secret}
    return AccessTokens(section, lambda text: values.get(text, text), Network().client, lambda _: None)


@pytest.mark.parametrize("auth", ClientAuth)
def test_a_token_opens_the_api_until_it_expires(start: Start, auth: ClientAuth) -> None:
    """The secret may come in a header or in the form; what expired is refused as RFC 6750 section 3.1 describes."""
    product = start("--token-lifetime", "1.5")
    with product.client(tokens_of(product, auth=auth).current()) as client:
        assert client.get("/projects").status_code == 200
        wait_for(lambda: client.get("/projects").status_code == 401)
        assert 'error="invalid_token"' in client.get("/projects").headers["www-authenticate"]


@pytest.mark.parametrize("auth", ClientAuth)
def test_a_wrong_secret_gets_no_token(product: Product, auth: ClientAuth) -> None:
    """The harness then states what to compare."""
    with pytest.raises(TokenError, match=re.escape("HTTP 401, invalid_client. Compare client_id and client_secret")):
        tokens_of(product, secret="wrong", auth=auth).current()
