"""Planted ways to take an event for another one, or not to know it again."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from starlette.requests import Request

from harness.sandbox.defects import Planted
from harness.sandbox.integration.inbox import InboxEvent
from harness.sandbox.integration.raw_body import RefusedError

_REMEMBERED = 100
"""Ids that a receiver with too small a memory knows."""

_LATE_S = 300
_MEANWHILE_S = 0.001
_STORING_S = 0.05
_WORKING_S = 6


def _content(event: InboxEvent) -> str:
    return json.dumps({**json.loads(event.body), "id": ""}, sort_keys=True)


def _is_late(event: InboxEvent) -> bool:
    try:
        happened = datetime.fromisoformat(json.loads(event.body)["createdAt"])
    except (LookupError, RecursionError, TypeError, ValueError):
        return False
    return time.time() - happened.timestamp() > _LATE_S


SAME: Mapping[str, Callable[[InboxEvent], str]] = {
    "receiver-deduplicates-by-content": _content,
    "receiver-shortens-ids": lambda event: event.event_id[:-1],
}
"""By what a new event is taken for one that came before, by the defect."""


class Recognition:
    """What the receiver remembers of events beside its inbox: nothing that counts, where nothing is planted."""

    def __init__(self, planted: Planted) -> None:
        """Begin without a memory."""
        self._planted = planted
        self._known: dict[str, str] = {}
        self._bodies: set[bytes] = set()
        self._ids: list[str] = []
        self._marked: set[str] = set()
        self._refused: set[str] = set()

    def mistakes(self, event: InboxEvent) -> bool:
        """Whether an event is taken for another one, by something that both have."""
        if "receiver-drops-late-events" in self._planted and _is_late(event):
            return True
        for defect, key_of in SAME.items():
            if defect in self._planted and self._known.setdefault(key_of(event), event.event_id) != event.event_id:
                return True
        return False

    def vouches_for(self, body: bytes) -> bool:
        """Whether a delivery is acknowledged unverified, because it has the id of an event that is known."""
        return "receiver-recognises-before-verifying" in self._planted and any(
            f'"{known}"'.encode() in body for known in self._ids
        )

    def refused(self, event: InboxEvent) -> None:
        """Note an event that was refused, as one that was not processed."""
        self._refused.add(event.event_id)

    async def stops(self, event: InboxEvent, request: Request) -> bool:
        """Whether nothing comes of an event, although it is marked, because its sender has hung up."""
        if "receiver-acknowledges-what-it-works-on" in self._planted:
            return await self._works_on(event)
        if "receiver-acknowledges-failing-duplicates" in self._planted:
            return await self._fails(event)
        if "receiver-stops-with-its-sender" not in self._planted:
            return False
        if event.event_id in self._marked:
            return True
        self._marked.add(event.event_id)
        await asyncio.sleep(_STORING_S)
        return await request.is_disconnected()

    async def _works_on(self, event: InboxEvent) -> bool:
        """Whether another delivery of a slow event is being worked on, which is stored only after that."""
        if event.event_id in self._marked:
            return True
        if b'"processingSeconds"' in event.body:
            self._marked.add(event.event_id)
            await asyncio.sleep(_WORKING_S)
        return False

    async def _fails(self, event: InboxEvent) -> bool:
        """Whether another delivery of an event without data is being worked on, which is refused only after that."""
        if event.event_id in self._marked:
            return True
        if b'"data":null' in event.body:
            self._marked.add(event.event_id)
            await asyncio.sleep(_STORING_S)
            self._marked.remove(event.event_id)
            raise RefusedError(422, "no data")
        return False

    async def races(self, event: InboxEvent) -> bool:
        """Whether an event counts as new that another delivery brings at the same time: one is marked after a wait."""
        if "receiver-waits-before-marking" not in self._planted or event.event_id in self._marked:
            return False
        await asyncio.sleep(_MEANWHILE_S)
        self._marked.add(event.event_id)
        return True

    def forgets(self, event: InboxEvent, *, at_once: bool) -> bool:
        """Whether an event that comes again is processed again; ``at_once`` is whether another delivery goes on."""
        planted = self._planted
        body = hashlib.sha256(event.body).digest()
        forgotten = (
            "receiver-processes-duplicates" in planted
            or ("receiver-races-duplicates" in planted and at_once)
            or event.event_id in self._refused
            or ("receiver-deduplicates-by-body" in planted and body not in self._bodies)
            or ("receiver-forgets-ids-in-a-restart" in planted and event.event_id not in self._ids)
            or ("receiver-forgets-old-ids" in planted and event.event_id not in self._ids[-_REMEMBERED:])
        )
        if planted.names:
            self._bodies.add(body)
            self._ids.append(event.event_id)
        return forgotten
