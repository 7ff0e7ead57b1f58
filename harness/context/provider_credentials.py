"""The credentials of ``[provider]``: that of ``auth``, and those that the document's security schemes ask for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.model.config import ApiKey, ClientCredentials
from harness.model.strict import where_is

if TYPE_CHECKING:
    import httpx

    from harness.context.secret_access import SecretAccess
    from harness.context.target import Target
    from harness.contract.access_tokens import AccessTokens
    from harness.contract.credential_forms import Credential
    from harness.contract.operation_credentials import OperationCredentials
    from harness.http.client import Network
    from harness.model.config import Auth, Provider
    from harness.openapi.spec_document import Spec


class ProviderCredentials:
    """What authenticates calls to the provider; nothing is asked for before it is needed."""

    def __init__(
        self, target: Target, secrets: SecretAccess, network: Network, folder: Path, spec: Callable[[], Spec]
    ) -> None:
        """``folder`` is the run's; ``spec`` returns the provider's document, which may have to be fetched first."""
        self._target = target
        self._secrets = secrets
        self._network = network
        self._folder = folder
        self._spec = spec

    @property
    def _section(self) -> Provider:
        provider = self._target.config.provider
        assert provider is not None
        return provider

    @property
    def auths(self) -> dict[str, Auth]:
        """All of them, by their keys in ``[provider]``, such as ``auth`` or ``credentials.appId``."""
        provider = self._target.config.provider
        if provider is None or provider.auth is None:
            return {}
        return {"auth": provider.auth, **{f"credentials.{name}": each for name, each in provider.credentials.items()}}

    @cached_property
    def all(self) -> dict[str, Credential]:
        """How each is sent, by the same keys."""
        return {key: self._credential(key, auth) for key, auth in self.auths.items()}

    @cached_property
    def tokens(self) -> dict[str, AccessTokens]:
        """Where the access tokens come from of those that an authorization server issues, by the same keys."""
        kinds = {key: auth for key, auth in self.auths.items() if isinstance(auth, ClientCredentials)}
        return {key: self._tokens(key, auth) for key, auth in kinds.items()}

    @cached_property
    def by_operation(self) -> OperationCredentials | None:
        """What finds the credentials of an operation, by `document`; None where all take ``[provider] auth``."""
        from harness.contract.operation_credentials import OperationCredentials

        if not self.auths or not self._section.credentials:
            return None
        return OperationCredentials(
            lambda: self.document, {name: self.all[f"credentials.{name}"] for name in self._section.credentials}
        )

    @property
    def key_names(self) -> frozenset[str]:
        """Names of the parameters that authenticate in the query of a URL."""
        return frozenset(a.query for a in self.auths.values() if isinstance(a, ApiKey) and a.query)

    def headers_for(self, method: str, url: str) -> Mapping[str, str]:
        """Return the headers by which a request authenticates; none where ``[provider] auth`` is not set."""
        own = self.by_operation.choose(method, url) if self.by_operation else None
        if own is not None:
            return own.now()
        return self.all["auth"].headers() if self.all else {}

    def client_options(self) -> dict[str, Any]:
        """Return by which options a client of httpx authenticates; a header of a request takes precedence."""
        if self.by_operation is None:
            return {"headers": self.headers_for("", "")}
        return {"auth": self._authenticate}

    def _authenticate(self, request: httpx.Request) -> httpx.Request:
        for name, value in self.headers_for(request.method, str(request.url)).items():
            request.headers.setdefault(name, value)
        return request

    def ask_tokens(self) -> None:
        """Ask for every access token that is needed, where nothing records it; raises `TokenError`."""
        for tokens in self.tokens.values():
            tokens.current()

    def uncallable(self, permitted: Collection[str]) -> Iterator[str]:
        """Yield, for each scheme without a credential, which ``permitted`` operations need it, in one line."""
        from harness.openapi.security_schemes import schemes_of, uncallable

        if self.auths and self._section.credentials:
            called = (operation for operation in self.document.operations if operation.label in permitted)
            yield from uncallable(called, schemes_of(self.document), self._section, file=self._target.summary.config)

    @cached_property
    def document(self) -> Spec:
        """The provider's document; raises `ConfigurationError` where ``[provider.credentials]`` contradicts it."""
        from harness.openapi.security_schemes import check_credentials, schemes_of

        spec = self._spec()
        file = self._target.summary.config
        check_credentials(schemes_of(spec), self._section.credentials, file=file, spec=spec.source)
        return spec

    def _credential(self, key: str, auth: Auth) -> Credential:
        from harness.contract.credential_forms import credential_for
        from harness.process.run_notes import MADE_UP, MOST_MADE_UP, RunNotes

        note = RunNotes(self._folder / MADE_UP, most=MOST_MADE_UP).add
        token = self.tokens[key].current if key in self.tokens else str
        return credential_for(auth, self._secrets.reveal, note, token)

    def _tokens(self, key: str, auth: ClientCredentials) -> AccessTokens:
        from harness.contract.access_tokens import AccessTokens

        self._network.token_urls |= {auth.token_url}
        # An answer that hands out a token is not searched for it: a server may hand the same one out again.
        http = partial(self._network.client, keep_alive=False, answer_observer=lambda _: None)
        where = where_is(("provider", key))
        return AccessTokens(auth, self._secrets.text, http, self._secrets.issued_tokens.keep, key=where)
