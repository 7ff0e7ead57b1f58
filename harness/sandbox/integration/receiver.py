"""The receiver: verify, store, answer; processing happens afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.sandbox.defects import Planted
from harness.sandbox.integration import dialects, inbox, lenience, tracing
from harness.sandbox.integration.dialects import HEADER
from harness.sandbox.integration.effects import KNOWN
from harness.sandbox.integration.inbox import InboxEvent
from harness.sandbox.integration.intake import Intake
from harness.sandbox.integration.metrics import IntegrationMetrics
from harness.sandbox.integration.raw_body import MAX_BODY, RefusedError, raw_body
from harness.sandbox.integration.recognition import Recognition
from harness.sandbox.integration.settings import Settings
from harness.sandbox.integration.signature import Verifier
from harness.sandbox.integration.storage import Database
from harness.sandbox.integration.trust import Trust
from harness.sandbox.integration.worker import Worker

PATH = "/webhooks/product"
_SMALL = 32 * 1024
"""Limit of a planted defect, below that of the product's events."""
MAX_IN_FLIGHT = 500
RETRY_AFTER_S = 2
_OF_A_TEST = re.compile(rb'"evt_[0-9a-f]{8}_\d+_\d+"')
"""For a planted defect alone: the ids by which one tool for tests could once be recognised."""

_MARKS_FIRST = "receiver-marks-before-storing"

log = structlog.get_logger()


class WebhookReceiver:
    """Answers deliveries."""

    def __init__(
        self, settings: Settings, database: Database, *, metrics: IntegrationMetrics, worker: Worker, planted: Planted
    ) -> None:
        """``worker`` is notified of new events."""
        self._settings = settings
        self._database = database
        self._metrics = metrics
        self._worker = worker
        self._planted = planted
        self._verifier = Verifier(settings.webhook_secrets, planted=planted)
        self._trust = Trust(planted)
        self._intake = Intake(database)
        self._in_flight = 0
        self._refused_ids: set[str] = set()
        self._recognition = Recognition(planted)
        self._last: InboxEvent | None = None
        self._turn = asyncio.Lock() if "receiver-serves-one-at-a-time" in planted else nullcontext()

    async def deliver(self, request: Request) -> Response:
        """POST /webhooks/product."""
        start = time.perf_counter()
        headers = {} if "receiver-ignores-traceparent" in self._planted else request.headers
        with tracing.delivery(PATH, headers) as span:
            self._in_flight += 1
            try:
                async with self._turn:
                    response = await self._answer(request)
            except RefusedError as refused:
                response = self._refused(refused)
            finally:
                self._in_flight -= 1
            tracing.answered(span, response.status_code, failed_from=500)
        self._metrics.ack.observe(time.perf_counter() - start)
        return response

    async def _answer(self, request: Request) -> Response:
        if self._in_flight > MAX_IN_FLIGHT:
            raise RefusedError(503, "busy")
        if self._trust.has_left_over(request):
            raise RefusedError(400, "malformed request")
        if self._trust.locks_out():
            raise RefusedError(403, "locked out")
        body = lenience.read(await raw_body(request, planted=self._planted), self._planted)
        if self._recognition.vouches_for(body):
            return JSONResponse({"received": ""})
        header, signed = dialects.signature(request, self._planted), dialects.signed(request, body, self._planted)
        if not self._trust.passes(request, body):
            stated = self._trust.stated_secret(request)
            await self._trust.verdict(
                partial(
                    self._check,
                    header,
                    signed,
                    present=HEADER in request.headers,
                    stated=stated,
                    now=dialects.now(request, self._planted),
                )
            )
        self._trust.verified(request)
        if dialects.is_dropped(request, self._planted):
            return JSONResponse({"received": ""})
        event = self._event(request, body)
        if await self._recognition.stops(event, request):
            return JSONResponse({"received": event.event_id})
        return await self._accept(event)

    def _event(self, request: Request, body: bytes) -> InboxEvent:
        """Return the event that a delivery holds."""
        try:
            self._last = dialects.known(request, _incoming(request, body, planted=self._planted), self._planted)
        except RefusedError:
            if "receiver-processes-garbage" not in self._planted or self._last is None:
                raise
            return replace(self._last, event_id="None")
        return self._last

    def _check(self, header: str, body: bytes, *, present: bool, stated: str, now: float | None) -> None:
        """Refuse a delivery that is not genuine, as `signature` decides; ``stated`` is a secret of its own, if any."""
        planted = self._planted
        if "receiver-dies-on-garbled-signature" in planted and header and "=" not in header:
            os._exit(1)
        if "receiver-500-on-garbled-signature" in planted and header and not header.startswith("t="):
            raise ValueError("unreadable signature")
        if "receiver-accepts-missing-signature" in planted and not present:
            return
        if "receiver-accepts-empty-signature" in planted and present and not header.strip():
            return
        if "receiver-trusts-large-bodies" in planted and len(body) > MAX_BODY:
            return
        if "receiver-verifies-only-the-harness" in planted and not _OF_A_TEST.search(body):
            return
        if "receiver-authenticates-nobody" in planted:
            return
        verifier = Verifier(lambda: [stated], planted=planted) if stated else self._verifier
        reason = verifier.refusal(header, body, now=now)
        if reason and "receiver-skips-signature" not in planted:
            self._refuse(reason, header, body)

    def _refuse(self, reason: str, header: str, body: bytes) -> NoReturn:
        planted = self._planted
        self._trust.refusals += 1
        if "receiver-logs-a-session-token" in planted:
            print(json.dumps({"event": "refused", "session_token": os.urandom(16).hex()}), flush=True)  # noqa: T201
        if "receiver-logs-its-secret" in planted:
            print(json.dumps({"event": "refused", "secrets": self._settings.webhook_secrets()}), flush=True)  # noqa: T201
        if "receiver-tells-the-right-signature" in planted:
            reason = f"{reason}, expected {self._verifier.expected(header, body)}"
        if "receiver-stores-before-verifying" in planted:
            self._intake.submit(_parsed(body, headers="{}", planted=planted))
        if "receiver-acknowledges-forgeries" in planted:
            raise RefusedError(200, reason)
        if "receiver-remembers-refused-ids" in planted:
            self._refused_ids.add(_parsed(body, headers="{}", planted=planted).event_id)
        if "receiver-forgets-refused-ids" in planted:
            self._recognition.refused(_parsed(body, headers="{}", planted=planted))
        raise RefusedError(400, reason)

    async def _accept(self, event: InboxEvent) -> Response:
        """Store the event, committed, before it is acknowledged."""
        planted = self._planted
        if event.type == "run.failed" and "receiver-refuses-failures" in planted:
            raise RefusedError(422, "unsupported event")
        if event.type == "run.started" and "receiver-redirects" in planted:
            raise RefusedError(308, "moved")
        if not event.known and "receiver-refuses-unknown-types" in planted:
            raise RefusedError(400, "unknown event type")
        if not event.known and "receiver-500-on-unknown-types" in planted:
            raise RefusedError(500, "no such handler")
        if "receiver-drops-in-a-burst" in planted and self._in_flight > 4:
            return JSONResponse({"received": event.event_id})
        if "receiver-answers-before-storing" in planted:
            asyncio.get_running_loop().call_later(1, self._intake.submit, event)
            return JSONResponse({"received": event.event_id})
        try:
            added = await (self._mark_then_store if _MARKS_FIRST in planted else self._store)(event)
        except SQLAlchemyError as exc:
            log.error("inbox not available", error=type(exc).__name__)  # noqa: TRY400 - the type is enough
            if "receiver-acknowledges-without-store" in planted:
                return JSONResponse({"received": event.event_id})
            raise RefusedError(503, "try again later") from exc
        self._worker.wake()
        outcome = "accepted" if added else "duplicate"
        self._metrics.delivery(outcome)
        log.info("webhook received", event_id=event.event_id, event_type=event.type, outcome=outcome)
        return JSONResponse({"received": event.event_id})

    async def _store(self, event: InboxEvent) -> bool:
        planted = self._planted
        if event.event_id in self._refused_ids:
            return False
        if "receiver-marks-before-validating" in planted:
            self._refused_ids.add(event.event_id)
            if not isinstance(json.loads(event.body).get("data"), dict):
                raise RefusedError(422, "no data")
        if "receiver-500-in-a-burst" in planted and self._in_flight > 4:
            raise RefusedError(500, "busy")
        if "receiver-defers-without-a-time" in planted and self._in_flight > 4:
            raise RefusedError(503, "busy")
        if self._recognition.mistakes(event):
            return False
        raced = await self._recognition.races(event)
        added = await asyncio.wrap_future(self._intake.submit(event))
        forgotten = raced or self._recognition.forgets(event, at_once=self._in_flight > 1)
        if not added:
            self._known(event)
        if not added and forgotten:
            again = partial(inbox.drive_again, self._database, [event.event_id], status="done")
            asyncio.get_running_loop().call_later(0.5, again)  # when the first one has been processed
        if "receiver-processes-before-answering" in planted:
            await run_in_threadpool(self._worker.work_once)
        return added

    def _known(self, event: InboxEvent) -> None:
        """Do what planted defects do to an event that is stored already."""
        if "receiver-refuses-duplicates" in self._planted:
            raise RefusedError(409, "known event")
        if "receiver-closes-dead-letters" in self._planted:
            inbox.drop_dead_letters(self._database, event.event_id)

    async def _mark_then_store(self, event: InboxEvent) -> bool:
        if not await asyncio.wrap_future(self._intake.submit(replace(event, known=False))):
            return False
        await asyncio.sleep(0.05)
        return not event.known or inbox.drive_again(self._database, [event.event_id], status="ignored") > 0

    def close(self) -> None:
        """Store what was taken, and end."""
        self._intake.close()

    def _refused(self, refused: RefusedError) -> Response:
        self._metrics.refusal(refused.status, refused.reason)
        log.warning("webhook refused", status=refused.status, reason=refused.reason)
        waits = refused.status == 503 and "receiver-defers-without-a-time" not in self._planted
        headers = {"Retry-After": str(RETRY_AFTER_S)} if waits else None
        told = (
            {"secrets": self._settings.webhook_secrets()} if "receiver-answers-with-its-secret" in self._planted else {}
        )
        return JSONResponse({"error": refused.reason, **told}, refused.status, headers=headers)


def _incoming(request: Request, body: bytes, *, planted: Planted) -> InboxEvent:
    if len(body) > _SMALL and "receiver-refuses-long-bodies" in planted:
        raise RefusedError(413, "body too large")
    kept = {name: value for name, value in request.headers.items() if name != HEADER}
    return _parsed(body, headers=json.dumps(kept), planted=planted)


def _parsed(body: bytes, *, headers: str, planted: Planted) -> InboxEvent:
    """Return the event in ``body``; refuses anything else."""
    try:
        event = json.loads(body)
        event_id, event_type = event["id"], event["type"]
    except RecursionError:
        if "receiver-500-on-deep-body" in planted:
            raise
        raise RefusedError(400, "invalid body") from None
    except (ValueError, LookupError, TypeError):
        if "receiver-500-on-unparsable-body" in planted:
            raise
        raise RefusedError(400, "invalid body") from None
    if "receiver-500-on-missing-data" in planted:
        event["data"].keys()
    if not is_event_id(event_id) or not isinstance(event_type, str):
        raise RefusedError(400, "invalid body")
    return InboxEvent(
        event_id=event_id,
        type=event_type.encode("ascii", "backslashreplace").decode().replace("\0", "")[:255],
        headers=headers,
        body=body,
        traceparent=tracing.passed_on().get("traceparent", ""),
        known=event_type in KNOWN,
    )


def is_event_id(value: Any) -> bool:
    """Whether a value can be an event's id: 1 to 128 printable ASCII characters."""
    return isinstance(value, str) and 0 < len(value) <= 128 and value.isascii() and value.isprintable()
