"""The schemes that send the secret itself in place of a signature, one row each."""

from __future__ import annotations

import msgspec

from harness.webhooks.schemes.scheme import Scheme

_TOKEN = Scheme(
    name="token",
    header="authorization",
    signed="",
    value="Bearer {signature}",
    algorithm="token",
    key_form="token",
    encoding="text",
    source="RFC 6750 section 2.1, for a token in Authorization",
)

TOKEN_SCHEMES: tuple[Scheme, ...] = (
    msgspec.structs.replace(
        _TOKEN,
        name="cloudevents",
        id_header="ce-id",
        id_example="c7b1d5a0-3e8f-4b62-9d14-6f0a2e5c8b73",
        type_header="ce-type",
        beside=(("ce-specversion", "1.0"), ("ce-source", "/events")),
        structured="application/cloudevents",
        source="CloudEvents 1.0, HTTP 1.1 Web Hooks for Event Delivery, section 3",
    ),
    _TOKEN,
    msgspec.structs.replace(
        _TOKEN,
        name="basic",
        value="Basic {signature}",
        key_form="basic",
        encoding="base64",
        source="RFC 7617",
    ),
    msgspec.structs.replace(
        _TOKEN,
        name="gitlab",
        header="x-gitlab-token",
        value="{signature}",
        id_header="idempotency-key",
        id_example="f5e5f430-f57b-4e6e-9fac-d9128cd7232f",
        further_id_headers=("x-gitlab-event-uuid",),
        type_header="x-gitlab-event",
        source="docs.gitlab.com, Webhooks: delivery headers, secret token",
    ),
    msgspec.structs.replace(
        _TOKEN,
        name="telegram",
        header="x-telegram-bot-api-secret-token",
        value="{signature}",
        id_key="update_id",
        type_key="",
        source="core.telegram.org, Bot API: setWebhook, secret_token",
    ),
)
