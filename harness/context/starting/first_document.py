"""The OpenAPI document of a first target; one behind a credential is fetched with it, from the provider alone."""

from __future__ import annotations

from pathlib import Path

import httpx

from harness.context.starting.first_credential import GivenCredential
from harness.context.starting.start_answers import StartAnswers
from harness.contract.credential_forms import credential_for
from harness.errors import ConfigurationError, SpecError
from harness.http.address import origin_of
from harness.http.client import Network
from harness.model import SecretRef
from harness.model.config import ApiKey, Basic, Bearer
from harness.openapi.document_servers import first_server
from harness.openapi.reading import BEHIND_A_CREDENTIAL
from harness.openapi.spec_document import Spec, load_spec
from harness.secrets import Vault

_SAVE_IT = "Or save the document, and give the path of that file."


def first_document(answers: StartAnswers) -> Spec | None:
    """Return the document of the answers, None where they name none; raises `ConfigurationError` and `SpecError`."""
    if not answers.spec:
        return None
    fetch = _Fetching(answers).fetch
    spec = load_spec(answers.spec, root=answers.root, named_by="--spec", fetch=fetch, base_url=answers.base_url)
    if not (answers.base_url or first_server(spec.raw, answers.spec)):
        raise ConfigurationError(
            f"{answers.spec} names no server by a whole URL. Give the address of the provider: --base-url URL."
        )
    return spec


class _Fetching:
    """Fetches what is asked for without a credential, and with it only where that is refused."""

    def __init__(self, answers: StartAnswers) -> None:
        self._answers = answers
        self._network = Network([answers.spec])

    def fetch(self, url: str) -> bytes:
        try:
            return self._network.fetch(url)
        except httpx.HTTPStatusError as exc:
            if (status := exc.response.status_code) not in BEHIND_A_CREDENTIAL:
                raise
        self._require_own(url, status)
        given = GivenCredential.read(self._answers.credential, self._answers.auth)
        try:
            return self._network.fetch(url, _headers(given, self._answers.root))
        except httpx.HTTPStatusError as exc:
            again = exc.response.status_code
        raise SpecError(
            f"--spec: {url} cannot be read: it was answered with HTTP {again} with --credential too, sent "
            f"{_sent(given)} save the document, and give the path of that file."
        )

    def _require_own(self, url: str, status: int) -> None:
        """Raise `SpecError` unless the credential may be sent to a URL."""
        seen = f"--spec: {url} cannot be read: it was answered with HTTP {status}, so it is behind a credential."
        if not self._answers.credential:
            raise SpecError(
                f"{seen} Name it with --credential, and the address of the provider with --base-url. {_SAVE_IT}"
            )
        if not self._answers.base_url:
            raise SpecError(
                f"{seen} Give the address of the provider with --base-url: the credential is sent there alone. "
                f"{_SAVE_IT}"
            )
        if origin_of(url) != origin_of(self._answers.base_url):
            raise SpecError(
                f"{seen} The credential is not sent there, because --base-url names another host. Save the document, "
                "and give the path of that file."
            )


def _sent(given: GivenCredential) -> str:
    """Return how it was sent, and the way to send it otherwise."""
    if given.place:
        [(kind, name)] = given.place.items()
        return f"as --auth {kind}:{name}. Correct the place or the key, or"
    if given.user:
        return "as Basic. Correct the user name or the password, or"
    return "as a bearer token. Name another place (--auth header:NAME or query:NAME), or"


def _headers(given: GivenCredential, root: Path) -> dict[str, str]:
    """Return the headers of the credential before the document shows how it is sent; raises `SecretError`."""
    reference = SecretRef.parse(given.reference)
    assert reference is not None  # `read` has checked it
    vault = Vault(seed="", root=root)
    auth: Basic | Bearer | ApiKey = Bearer(token=reference)
    if given.place:
        auth = ApiKey(key=reference, **given.place)
    elif given.user:
        auth = Basic(username=given.user, password=reference)
    return credential_for(auth, lambda ref: vault.resolve(ref, "--credential").reveal()).headers()
