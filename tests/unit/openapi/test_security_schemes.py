"""Which credentials an operation takes, and what of ``[provider.credentials]`` contradicts the document."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import ConfigurationError
from harness.model import SecretRef
from harness.model.config import ApiKey, Auth, Basic, Bearer, ClientCredentials, Provider
from harness.openapi.json_document import JsonDocument
from harness.openapi.security_schemes import check_credentials, chosen, schemes_of, uncallable, unlike
from harness.openapi.spec_document import Spec

REF = SecretRef("env:KEY")
BEARER, BASIC = Bearer(token=REF), Basic(username="me", password=REF)
OAUTH = ClientCredentials(token_url="http://127.0.0.1/token", client_id="me", client_secret=REF)
APP, KEY = ApiKey(key=REF, header="X-App-Id"), ApiKey(key=REF)
BOTH: dict[str, list[str]] = {"app": [], "key": []}
SCHEMES: dict[str, dict[str, Any]] = {
    "app": {"type": "apiKey", "in": "header", "name": "x-app-id"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "admin": {"type": "oauth2", "flows": {}},
}

# A security requirement, the schemes that have a credential, and those whose credentials are sent.
CHOICES: dict[str, tuple[list[Any], set[str], tuple[str, ...]]] = {
    "the only one": ([{"key": []}], {"key"}, ("key",)),
    "both of two": ([BOTH], {"app", "key"}, ("app", "key")),
    "one of two is missing": ([BOTH], {"key"}, ()),
    "the first of those that are given": ([{"admin": ["a"]}, {"app": []}, {"key": []}], {"key", "app"}, ("app",)),
    "a later alternative that is whole": ([BOTH, {"admin": []}], {"app", "admin"}, ("admin",)),
    "none is needed, and one is taken": ([{}, {"key": []}], {"key"}, ("key",)),
    "none is needed": ([{}], {"key"}, ()),
    "no security at all": ([], {"key"}, ()),
    "another one": ([{"admin": []}], {"key"}, ()),
    "what is no requirement": (["key", None], {"key"}, ()),
}


@pytest.mark.parametrize("security, given, names", CHOICES.values(), ids=CHOICES.keys())
def test_the_first_alternative_that_is_whole_is_chosen(
    security: list[Any], given: set[str], names: tuple[str, ...]
) -> None:
    """Otherwise the call takes [provider] auth."""
    assert chosen(security, given) == names


# A credential, a scheme, and how the scheme is otherwise.
KINDS: dict[str, tuple[Auth, dict[str, Any], str]] = {
    "bearer": (BEARER, {"type": "http", "scheme": "bearer"}, ""),
    "a token of oauth2": (BEARER, {"type": "oauth2"}, ""),
    "oauth2": (OAUTH, {"type": "openIdConnect"}, ""),
    "basic": (BASIC, {"type": "http", "scheme": "Basic"}, ""),
    "basic of 2.0": (BASIC, {"type": "basic"}, ""),
    "a header in other letters": (APP, SCHEMES["app"], ""),
    "a key in Authorization": (BEARER, {"type": "apiKey", "in": "header", "name": "Authorization"}, ""),
    "nothing of a request": (KEY, {"type": "mutualTLS"}, ""),
    "another header": (KEY, SCHEMES["app"], "is sent in the header x-app-id"),
    "the query": (KEY, {"type": "apiKey", "in": "query", "name": "Key"}, "is sent in the query Key"),
    "a cookie": (ApiKey(key=REF, query="Key"), {"type": "apiKey", "in": "cookie", "name": "Key"}, "in the cookie Key"),
    "a key for bearer": (KEY, {"type": "http", "scheme": "bearer"}, "is sent in the header authorization"),
    "bearer for basic": (BEARER, {"type": "http", "scheme": "basic"}, "is HTTP basic authentication"),
    "basic for bearer": (BASIC, {"type": "http", "scheme": "bearer"}, "is not HTTP basic authentication"),
}


@pytest.mark.parametrize("auth, scheme, how", KINDS.values(), ids=KINDS.keys())
def test_a_credential_of_another_kind_than_its_scheme_is_seen(auth: Auth, scheme: dict[str, Any], how: str) -> None:
    """What is compared is the place, and whether it is basic authentication; no more is known of a scheme."""
    found = unlike(auth, scheme)
    assert found.endswith(how)
    assert bool(found) is bool(how)


def document(**paths: Any) -> Spec:
    described = {f"/{name}": {"get": {"security": security, "responses": {}}} for name, security in paths.items()}
    raw = {"openapi": "3.1.0", "info": {}, "components": {"securitySchemes": SCHEMES}, "paths": described}
    return Spec(raw, "openapi.yaml")


# Credentials by name, and the message.
REFUSED: dict[str, tuple[dict[str, Auth], str]] = {
    "a mistyped name": (
        {"admn": OAUTH},
        (
            "harness.toml: [provider] credentials.admn: 'admn' is no security scheme of openapi.yaml, so nothing takes "
            "this credential. Did you mean 'admin'?"
        ),
    ),
    "a name of nothing": (
        {"xyz": OAUTH},
        (
            "harness.toml: [provider] credentials.xyz: 'xyz' is no security scheme of openapi.yaml, so nothing takes "
            "this credential. Known: admin, app, key."
        ),
    ),
    "another place": (
        {"key": KEY, "app": KEY},
        (
            "harness.toml: [provider] credentials.app is sent in the header x-api-key, and the scheme app of "
            "openapi.yaml is sent in the header x-app-id. Write the type and the place that the document has."
        ),
    ),
}


@pytest.mark.parametrize("credentials, message", REFUSED.values(), ids=REFUSED.keys())
def test_a_credential_that_fits_no_scheme_is_refused(credentials: dict[str, Auth], message: str) -> None:
    """The message names the key, and the names or the place that the document has."""
    with pytest.raises(ConfigurationError) as refused:
        check_credentials(SCHEMES, credentials, file="harness.toml", spec="openapi.yaml")
    assert str(refused.value) == message


def test_a_document_without_schemes_is_named_as_such() -> None:
    """There is nothing to choose from; schemes of OpenAPI 2.0 are schemes too."""
    with pytest.raises(ConfigurationError, match=r"so nothing takes this credential\. It describes none\.$"):
        check_credentials(schemes_of(JsonDocument({"openapi": "3.1.0"})), {"key": KEY}, file="x", spec="y")
    older = JsonDocument({"swagger": "2.0", "securityDefinitions": SCHEMES})
    check_credentials(schemes_of(older), {"key": KEY}, file="x", spec="y")


def test_what_cannot_be_called_is_one_line_for_each_scheme() -> None:
    """[provider] auth serves an operation whose scheme it fits; those that are left out need no credential."""
    spec = document(
        a=[{"admin": []}], b=[{"admin": []}, BOTH], c=[{"key": []}], d=[{}, {"admin": []}], e=[BOTH], f=[{"admin": []}]
    )
    section = Provider(spec="x", base_url="http://127.0.0.1", auth=KEY, credentials={"key": KEY})
    operations = [operation for operation in spec.operations if operation.path != "/f"]

    assert list(uncallable(operations, schemes_of(spec), section, file="harness.toml")) == [
        (
            "harness.toml: [provider] credentials: no credential for the scheme admin, so 2 operations cannot be "
            "called: GET /a, GET /b. Add [provider.credentials.admin], or name them in [provider] exclude."
        ),
        (
            "harness.toml: [provider] credentials: no credential for the scheme app, so 1 operation cannot be "
            "called: GET /e. Add [provider.credentials.app], or name it in [provider] exclude."
        ),
    ]
