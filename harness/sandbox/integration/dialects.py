"""Where a delivery has its signature and its id: as the product sends them, or as a planted defect needs them."""

from __future__ import annotations

from dataclasses import replace
from email.utils import parsedate_to_datetime

from starlette.requests import Request

from harness.sandbox.defects import Planted
from harness.sandbox.integration.inbox import InboxEvent

HEADER = "x-product-signature"
_ID_HEADER = "x-product-event-id"
_RETRIES = "receiver-drops-marked-retries"
_TWO_IDS = "receiver-reads-two-ids"


def signature(request: Request, planted: Planted) -> str:
    """Return the signature with its time, in the form of the product."""
    headers = request.headers
    if _RETRIES in planted:  # as Slack signs
        given = headers.get("x-slack-signature", "").removeprefix("v0=")
        return f"t={headers.get('x-slack-request-timestamp', '')},v1={given}"
    header = ",".join(headers.getlist(HEADER))
    if "receiver-reads-signature-from-query" in planted:
        return header or request.query_params.get("signature", "")
    return header


def now(request: Request, planted: Planted) -> float | None:
    """Return the time by which the age of a delivery is judged; None for that of the clock."""
    stated = parsedate_to_datetime(request.headers["date"]) if "date" in request.headers else None
    return stated.timestamp() if "receiver-trusts-the-date" in planted and stated else None


def signed(request: Request, body: bytes, planted: Planted) -> bytes:
    """Return what is signed beside the time: the body; where a header has the id, that before it."""
    if _TWO_IDS in planted:
        return ",".join(request.headers.getlist(_ID_HEADER)[:1]).encode("latin-1") + b"." + body
    return body


def known(request: Request, event: InboxEvent, planted: Planted) -> InboxEvent:
    """Return the event under the id that it is known by."""
    if "receiver-reads-ids-from-query" in planted and (stated := request.query_params.get("id")):
        return replace(event, event_id=stated)
    ids = request.headers.getlist(_ID_HEADER)
    return replace(event, event_id=ids[-1]) if _TWO_IDS in planted and ids else event


def is_dropped(request: Request, planted: Planted) -> bool:
    """Whether a delivery is acknowledged and set aside, because its sender states that it is not the first one."""
    return _RETRIES in planted and "x-slack-retry-num" in request.headers
