"""From a target to what the drills of its client need to know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from harness.context.receiver_parts import asker_of
from harness.contract.conformance import response_violations
from harness.contract.idempotency import promises_keys
from harness.resilience.client_drill import DrillSetting
from harness.resilience.runner import TOKENS
from harness.resilience.token_server import TokenGate

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.context.run_context import RunContext
    from harness.http.message import Request, Response
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


def drill_setting_of(run_context: RunContext, client: ClientUnderTest) -> DrillSetting:
    """Return what the drills of ``client`` know; raises `SpecError`."""
    section = run_context.config.client
    assert section is not None
    return DrillSetting(
        client=client,
        allows=allows(run_context.spec, client.upstream),
        label=client.undisturbed().operations.label_of,
        keyless=keyless(run_context),
        tokens=_tokens_of(run_context, client),
        persisted=asker_of(run_context, section.persisted, "[client] persisted") if section.persisted else None,
    )
