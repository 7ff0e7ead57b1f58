"""From a target to what the drills of its client need to know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import msgspec

from harness.context.receiver_parts import asker_of
from harness.contract.conformance import response_violations
from harness.contract.idempotency import promises_keys
from harness.http.address import origin_of
from harness.http.message import header_bytes
from harness.openapi.response_bodies import place_of_schema
from harness.openapi.value_schemas import DescribedValue, described_values
from harness.resilience.client_drill import DrillSetting
from harness.resilience.runner import TOKENS
from harness.resilience.token_server import TokenGate
from harness.webhooks.effects import EffectProbe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.context.run_context import RunContext
    from harness.http.message import Request, Response
    from harness.model.config.receiver import EffectSource
    from harness.openapi.spec_document import Spec
    from harness.resilience.runner import ClientUnderTest

_KEYLESS = (
    "the spec declares no Idempotency-Key header, and no member idempotency_key of a body; where the provider accepts "
    "one, declare it there, or name the header in [client] idempotency_header"
)


def keyless(run_context: RunContext) -> str:
    """Return why the provider counts as one that stores no idempotency keys; empty where it stores them."""
    client = run_context.config.client
    named = client is not None and client.idempotency_header is not None
    return "" if named or promises_keys(run_context.spec) else _KEYLESS


def _tokens_of(run_context: RunContext, client: ClientUnderTest) -> TokenGate | None:
    words = (*client.command, *client.env.values())
    if not client.token_url or not any(TOKENS in word for word in words):
        return None
    return TokenGate(url=client.token_url, http=client.http, learn=run_context.secrets.issued_tokens.keep)


def allows(spec: Spec, base_url: str) -> Callable[[Request, Response], bool]:
    """Return what decides whether a document allows a response to a request."""
    base = base_url.rstrip("/")

    def allowed(request: Request, response: Response) -> bool:
        sent = msgspec.structs.replace(request, url=base + request.target)
        return spec.find(sent.method, sent.url) is not None and not [*response_violations(spec, sent, response)]

    return allowed


def describes(spec: Spec, base_url: str) -> Callable[[Request, Response], Sequence[DescribedValue]]:
    """Return what finds the schemas of a document for each value of a response."""
    base = base_url.rstrip("/")

    def described(request: Request, response: Response) -> Sequence[DescribedValue]:
        operation = spec.find(request.method, base + request.target)
        sent = httpx.Response(response.status, headers=header_bytes(response.headers))
        place = place_of_schema(operation, sent) if operation else ""
        return described_values(spec, spec.at(place), msgspec.json.decode(response.body)) if place else ()

    return described


def successes(spec: Spec, base_url: str) -> Callable[[Request], Sequence[int]]:
    """Return what finds the statuses of success that a document has for a request."""
    base = base_url.rstrip("/")

    def documented(request: Request) -> Sequence[int]:
        operation = spec.find(request.method, base + request.target)
        return sorted(int(s) for s in operation.responses if s.isdigit() and s[0] == "2") if operation else ()

    return documented


def drill_setting_of(run_context: RunContext, client: ClientUnderTest, *, apart: bool) -> DrillSetting:
    """Return what a drill of ``client`` knows; for ``apart`` see `ClientDrill`. Raises `SpecError`."""
    section = run_context.config.client
    assert section is not None
    return DrillSetting(
        client=client,
        apart=apart,
        allows=allows(run_context.spec, client.upstream),
        describes=describes(run_context.spec, client.upstream),
        successes=successes(run_context.spec, client.upstream),
        needed_members=section.needed_members,
        label=client.undisturbed().operations.label_of,
        keyless=keyless(run_context),
        tokens=_tokens_of(run_context, client),
        at_once=section.at_once,
        ours=run_context.target.ours,
        persisted=asker_of(run_context, section.persisted, "[client] persisted") if section.persisted else None,
        created=created_of(run_context, section.created) if section.created else None,
    )


def created_of(run_context: RunContext, probe: EffectSource) -> Callable[[str], int]:
    """Return what counts resources; it is sent the credential where it asks the provider."""
    provider, where = run_context.provider, "[client] created"
    http = None
    if probe.url is not None and origin_of(probe.url) == origin_of(provider.section.base_url):
        headers = provider.credentials.headers_for("GET", probe.url)
        http = run_context.network.client(headers=headers, keep_alive=False)
    ask = asker_of(run_context, probe, where, client=http, counts=True)
    return EffectProbe(ask, count=probe.count, where=where).effects
