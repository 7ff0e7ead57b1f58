"""``[provider]``: the Product API, its OpenAPI document and the test credential."""

from __future__ import annotations

import enum
import re
from typing import Any

from harness.model.config.base import Duration, Section
from harness.model.reference import SecretRef


class Probes(enum.StrEnum):
    """What the requests that the harness makes up may do at the provider."""

    NONE = "none"
    """Nothing is sent."""
    READ = "read"
    """Requests of safe methods alone (RFC 9110 section 9.2.1)."""
    WRITE = "write"
    """Requests that create and change things too; deleting needs `Provider.destructive`."""


_SCHEME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""RFC 9110 section 11.1: a token."""


def _check_scheme(scheme: str | None) -> None:
    if scheme is not None and not _SCHEME.fullmatch(scheme):
        raise ValueError(f"`scheme` is {scheme!r}: write one word, such as Token; the credential follows after a space")


class Bearer(Section, frozen=True, tag_field="type", tag="bearer"):
    """``Authorization: Bearer …`` (RFC 6750)."""

    FORMS = {"scheme": _SCHEME}

    token: SecretRef
    """Reference to the token, such as ``env:PRODUCT_API_KEY``."""
    scheme: str = "Bearer"
    """The word before the token, such as ``Token``."""

    def __post_init__(self) -> None:
        """Raise ValueError for a ``scheme`` that is not one word."""
        _check_scheme(self.scheme)


_PLACED = re.compile(r"[A-Za-z0-9._~\[\]-]+")
"""What may name a parameter or a cookie: characters that neither a URL nor a shell reads otherwise."""


class ApiKey(Section, frozen=True, tag_field="type", tag="api-key"):
    """A key in a header, in the query of the URL, or in a cookie."""

    FORMS = {"scheme": _SCHEME, "query": _PLACED, "cookie": _PLACED}

    key: SecretRef
    """Reference to the key, such as ``env:PRODUCT_API_KEY``."""
    header: str | None = None
    """Name of the header; ``X-API-Key``, unless ``query`` or ``cookie`` names another place."""
    query: str | None = None
    """Name of the parameter in the query that carries the key, where the provider takes it nowhere else."""
    cookie: str | None = None
    """Name of the cookie that carries the key."""
    scheme: str | None = None
    """The word before the key, such as ``Apikey``; None where the header holds the key alone."""

    def __post_init__(self) -> None:
        """Raise ValueError for a ``scheme`` that is not one word, and for more than one place."""
        _check_scheme(self.scheme)
        given = [name for name in ("header", "query", "cookie") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"`{given[0]}` and `{given[1]}` are both given: write the one place that has the key")
        if self.scheme and given and given != ["header"]:
            raise ValueError(f"`scheme` is a word before the key in a header, and `{given[0]}` is none: leave it out")
        for name in ("query", "cookie"):
            value = getattr(self, name)
            if value is not None and not _PLACED.fullmatch(value):
                raise ValueError(f"`{name}` is {value!r}: write a name such as api_key")


class Basic(Section, frozen=True, tag_field="type", tag="basic"):
    """``Authorization: Basic …`` (RFC 7617)."""

    username: str
    """The name, or a reference to it such as ``env:NAME``."""
    password: SecretRef
    """Reference to the password, such as ``env:PRODUCT_PASSWORD``."""


class ClientAuth(enum.StrEnum):
    """How the client proves to the authorization server who it is (RFC 6749 section 2.3.1)."""

    BASIC = "client_secret_basic"
    """In a header ``Authorization: Basic``."""
    POST = "client_secret_post"
    """In the form that is posted."""


_SCOPE = re.compile(r"[!#-\[\]-~]+( [!#-\[\]-~]+)*")
"""RFC 6749 section 3.3."""


class ClientCredentials(Section, frozen=True, tag_field="type", tag="oauth2-client-credentials"):
    """An access token of an authorization server, sent as a bearer token (RFC 6749 section 4.4)."""

    CALLED = ("token_url",)
    FORMS = {"scope": _SCOPE}

    token_url: str
    """URL of the authorization server that issues access tokens."""
    client_id: str
    """Id of the client, or a reference to it such as ``env:NAME``."""
    client_secret: SecretRef
    """Reference to its secret, such as ``env:PRODUCT_CLIENT_SECRET``."""
    client_auth: ClientAuth = ClientAuth.BASIC
    """How id and secret are sent: ``client_secret_basic`` or ``client_secret_post``."""
    scope: str | None = None
    """Scopes to ask for, with spaces between them; None for those that the server grants by itself."""
    parameters: dict[str, str] = {}
    """Further members of the form that is posted, such as ``audience`` or ``resource``."""

    def __post_init__(self) -> None:
        """Raise ValueError for a malformed ``scope``, and for a member of the form that has a key of its own."""
        if self.scope is not None and not _SCOPE.fullmatch(self.scope):
            raise ValueError(f"`scope` is {self.scope!r}: write words with one space between them, such as runs:read")
        own = {"grant_type", "client_id", "client_secret", "scope"} & self.parameters.keys()
        if own:
            raise ValueError(f"`parameters` names {min(own)}: write it as a key of [provider] auth, or leave it out")


Auth = Bearer | ApiKey | Basic | ClientCredentials
"""The kinds of ``[provider] auth``."""


class ProviderWebhooks(Section, frozen=True):
    """``[provider.webhooks]``: how the provider is given the URL at which the harness catches its webhooks."""

    BELONGS_TO = {"secret_at": "register", "body": "register"}
    RANGES = {"port": (1, (1 << 16) - 1)}

    register: str | None = None
    """Operation that registers a URL, such as ``POST /webhook-endpoints``; None if you register it by hand."""
    body: dict[str, Any] = {}
    """JSON body for the operation; ``{catcher}`` is replaced by the URL."""
    secret_at: str | None = None
    """Dotted key of the signing secret in the operation's response; None if it issues none."""
    port: int | None = None
    """Port to listen on; None for any free one."""
    url: str | None = None
    """URL at which the provider reaches the catcher, such as a tunnel's; None for the loopback address."""
    within: Duration = Duration(10)
    """Time after the workflow within which a first webhook must arrive."""
    again_within: Duration = Duration(30)
    """Time within which a webhook that was answered with 503 must be sent again."""

    def __post_init__(self) -> None:
        """Raise ValueError for ``secret_at`` or ``body`` without ``register``, and for an impossible port."""
        if alone := self.given_alone():
            what = {"secret_at": "a key of the response to", "body": "the body of the request"}[alone[0]]
            raise ValueError(f"`{alone[0]}` is {what} `register`, which is missing")
        if self.out_of_range():
            raise ValueError(f"`port` is {self.port}: write a number from 1 to 65535")


_WHOAMI = re.compile(r"GET /[^{}\s]*")


class Provider(Section, frozen=True):
    """``[provider]``: the Product API."""

    BELONGS_TO = {"credentials": "auth"}
    CALLED = ("spec", "base_url")
    FORMS = {"whoami": _WHOAMI}

    spec: str
    """Path of the OpenAPI document, relative to harness.toml, or its URL."""
    base_url: str
    """URL of the API, or ``env:NAME`` of the variable that has it."""
    auth: Auth | None = None
    """The test credential."""
    credentials: dict[str, Auth] = {}
    """Further credentials, by the name of the document's security scheme that each is for; ``auth`` for all else."""
    ours: bool | None = None
    """Whether your team can correct the provider; unless set, true for a ``[process]`` of the harness."""
    probes: Probes | None = None
    """What made-up requests may do; unless set, ``write`` at a ``[process]`` of the harness, else ``read``."""
    destructive: bool = False
    """Whether made-up requests may delete what this run did not create."""
    include: tuple[str, ...] = ()
    """Operations that made-up requests may call: ``GET``, ``/path/*``, ``GET /path``, ``tag:NAME`` or an operationId;
    all unless set."""
    exclude: tuple[str, ...] = ()
    """Operations that they may not call, in the same notation."""
    whoami: str | None = None
    """Operation that shows whether the credential still works, ``GET /path``; unless set, the first that can."""
    error_body: dict[str, Any] | str | None = None
    """Body of the provider's errors, for those that the harness scripts: ``{status}`` and ``{title}`` are replaced;
    unless set, made from the document, or a recorded one."""
    webhooks: ProviderWebhooks | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a ``whoami`` that is no GET of one path, and for ``credentials`` without ``auth``."""
        if self.given_alone():
            raise ValueError("`credentials` are beside `auth`, which is missing: write there what all other calls take")
        if self.whoami is not None and not _WHOAMI.fullmatch(self.whoami):
            raise ValueError(f"`whoami` is {self.whoami!r}: write GET and a path without parameters, such as GET /me")
