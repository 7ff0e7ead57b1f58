"""From a target to its client under test: the command, behind a fault server and the real provider."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from harness.cassettes.store.cassette_paths import FOLDER
from harness.context.provider_rules import probes_of
from harness.contract.credential_forms import key_field
from harness.contract.keyed_writes import takes_key
from harness.errors import CassetteError, SpecError
from harness.http.credential_places import COOKIE, QUERY
from harness.model.config import ApiKey, ClientCredentials, Probes
from harness.openapi.error_examples import ErrorExamples
from harness.openapi.inputs import credential_names
from harness.resilience.error_bodies import TEXT, ErrorBodies
from harness.resilience.key_places import ANY_KEY, KeyPlaces
from harness.resilience.runner import ClientUnderTest
from harness.resilience.sent_heads import DeclaredPlaces
from harness.resilience.workflow_operations import Documented, DocumentedOperation, undocumented

if TYPE_CHECKING:
    import httpx

    from harness.context.run_context import RunContext
    from harness.http.message import Response

NEEDS = ("client.command", "provider.base_url")
"""Keys of harness.toml that name the client and the provider."""
MOST_CASSETTES = 500
"""Cassettes in which a recorded error is looked for."""
LOG = "client"
"""Stem of the file that takes its output."""


def client_of(run_context: RunContext, *, http: httpx.Client | None = None) -> ClientUnderTest:
    """Return the target's client; only where ``[client] command`` and ``[provider] base_url`` are set.

    ``http`` reaches the provider; by default it is the run's client.
    """
    client = run_context.config.client
    assert client is not None
    return ClientUnderTest(
        command=client.command,
        env=run_context.environment(client.env, "[client] env"),
        cwd=run_context.target.root,
        timeout_s=client.timeout,
        policy=client.policy,
        log=run_context.processes.logs / f"{LOG}{run_context.processes.log_suffix}.log",
        upstream=run_context.provider.section.base_url,
        http=http or run_context.client,
        token_url=token_url_of(run_context),
        declared=_declared(run_context),
        error_bodies=error_bodies_of(run_context),
        keys=KeyPlaces((client.idempotency_header,)) if client.idempotency_header else ANY_KEY,
        run_dir=run_context.run.directory,
        parallel=client.parallel,
        live_once=probes_of(run_context.config) is not Probes.WRITE,
        documented=_documented(run_context),
    )


def _declared(run_context: RunContext) -> DeclaredPlaces:
    """Return where the credentials of ``[provider]`` and the document are placed."""
    credentials = run_context.provider.credentials
    keys = [key_field(auth) for auth in credentials.auths.values() if isinstance(auth, ApiKey)]
    own = {name.lstrip(QUERY + COOKIE).lower() for name in keys}
    documented: frozenset[str] = frozenset()
    if not run_context.target.missing(("provider.spec",)):
        with suppress(SpecError):  # which the checks of the document report
            documented = credential_names(run_context.spec)
    return DeclaredPlaces(query=credentials.key_names, fields=documented | own)


def token_url_of(run_context: RunContext) -> str:
    """Return where the client gets its access tokens: as it, else as the harness is configured; empty for nowhere."""
    client, auth = run_context.config.client, run_context.provider.section.auth
    own = client.token_url if client else None
    return own or (auth.token_url if isinstance(auth, ClientCredentials) else "")


def error_bodies_of(run_context: RunContext) -> ErrorBodies:
    """Return the bodies that the provider's errors have; only where ``[provider]`` is set."""
    return ErrorBodies(
        run_context.provider.section.error_body,
        described=lambda: ErrorExamples(run_context.spec, text=TEXT),
        recorded=lambda: _recorded(run_context),
    )


def _recorded(run_context: RunContext) -> Iterator[Response]:
    """Yield the responses of all cassettes; one that is unreadable is reported by the check of cassettes."""
    from harness.cassettes.store.parse_cache import FOLDER as CACHE
    from harness.cassettes.store.storage import Storage
    from harness.cassettes.store.vcr_messages import recorded_exchanges

    root = run_context.target.root
    storage = Storage(root / CACHE)
    for path in sorted((root / FOLDER).rglob("*.yaml"))[:MOST_CASSETTES]:
        with suppress(CassetteError):
            exchanges = recorded_exchanges(storage.read(path), place=str(path))
            yield from (exchange.response for exchange in exchanges if exchange.response is not None)


def _documented(run_context: RunContext) -> Documented:
    """Return what finds the operation of a call in the provider's document, where there is one."""
    if run_context.target.missing(("provider.spec",)):
        return undocumented
    client, base_url = run_context.config.client, run_context.provider.section.base_url.rstrip("/")
    named = client is not None and client.idempotency_header is not None

    def documented(method: str, target: str) -> DocumentedOperation | None:
        operation = run_context.spec.find(method, base_url + target)
        if operation is None:
            return None
        return DocumentedOperation(operation.label, takes_key=named or takes_key(run_context.spec, operation))

    return documented
