"""Group D, redeliveries: a sender tries again because the first delivery may never have arrived."""

from __future__ import annotations

from collections.abc import Mapping

from harness.http.message import Headers, Request
from harness.webhooks.cases.building import Material, replaced
from harness.webhooks.cases.receiver_case import Expected, ReceiverCase, worded_case
from harness.webhooks.schemes import Scheme

RETRIED: Mapping[str, Headers] = {
    "slack": (("x-slack-retry-num", "1"), ("x-slack-retry-reason", "http_timeout")),
    "square": (("square-retry-number", "1"), ("square-retry-reason", "http_timeout")),
}
"""What a provider writes above a delivery that it tries again, by scheme."""


def _retried(m: Material) -> Request:
    built = m.signed()
    for name, value in RETRIED[m.scheme.name]:
        built = replaced(built, name, value)
    return built


def _unmarked(scheme: Scheme) -> str:
    return "" if scheme.name in RETRIED else f"{scheme.name} does not mark a delivery that it tries again"


CASES: tuple[ReceiverCase, ...] = (
    worded_case(
        id="retried",
        item="webhooks.idempotent",
        summary="a delivery that is marked as tried again, of an event that never arrived",
        source="docs.slack.dev, Events API: X-Slack-Retry-Num; developer.squareup.com: square-retry-number",
        expected=Expected.ACKNOWLEDGED,
        takes_effect=True,
        fix="Recognise a repeated event by its id alone: the first delivery of one that is marked may have been lost.",
        build=_retried,
        not_applicable_to=_unmarked,
    ),
)
