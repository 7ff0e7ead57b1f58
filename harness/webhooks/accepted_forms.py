"""In which form a receiver accepts an event: as it is, or only as a library writes it again, which is a fault.

In that form everything else about such a receiver can still be judged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from harness.model import Delivery, Event
from harness.openapi.event_bodies import is_json_event, readable_document
from harness.webhooks.cases.building import compact
from harness.webhooks.fixture_checks import hint
from harness.webhooks.lockouts import since_forgeries


def _stripped(event: Event) -> bytes:
    return event.body.strip()


def _compact(event: Event) -> bytes:
    is_json = is_json_event(event.headers, event.body)
    return compact(readable_document(event.headers, event.body)) if is_json else event.body


def _spaced(event: Event) -> bytes:
    is_json = is_json_event(event.headers, event.body)
    return json.dumps(readable_document(event.headers, event.body)).encode() if is_json else event.body


Rewrite = Callable[[Event], bytes]
_REWRITES: dict[Rewrite, str] = {
    _stripped: "without the white space around it",
    _compact: "as JSON without white space",
    _spaced: "as JSON with one space after each comma and colon",
}
"""Each form, with the words for it."""


class AcceptedForm(NamedTuple):
    """An event as the receiver accepts it, or why it accepts none."""

    event: Event
    error: str = ""
    rewrite: Rewrite | None = None

    @property
    def how(self) -> str:
        """What was done to it, in words; empty where it was accepted as it is."""
        return _REWRITES[self.rewrite] if self.rewrite else ""


class AcceptedForms:
    """The forms in which one receiver accepts events; each is determined once, by genuine deliveries."""

    def __init__(self, control: Callable[[Event], Delivery], *, timeout_s: float) -> None:
        """``control`` makes a genuine delivery; ``timeout_s`` is the time that it waits for an answer, in seconds."""
        self._control = control
        self._timeout_s = timeout_s
        self._known: dict[str, AcceptedForm] = {}

    def of(self, event: Event) -> tuple[AcceptedForm, bool]:
        """Return the form of an event, and whether it was determined by this call."""
        if form := self._known.get(event.name):
            return form, False
        form, lasting = self._tried(event)
        if not form.error or lasting:
            self._known[event.name] = form
        return form, True

    def alike(self, event: Event) -> Event:
        """Return another event in the form in which one is accepted."""
        rewrite = next((form.rewrite for form in self._known.values() if form.rewrite), None)
        return replace(event, body=rewrite(event)) if rewrite else event

    def _tried(self, event: Event) -> tuple[AcceptedForm, bool]:
        """Return the accepted form, and whether it is valid for all further rows."""
        control = self._control(event)
        if control.acknowledged:
            return AcceptedForm(event), True
        if control.status is not None:
            for form in _rewritten(event):
                if self._control(form.event).acknowledged:
                    once_more = self._control(event).acknowledged  # a receiver that was only busy accepts both
                    return AcceptedForm(event) if once_more else form, True
        hangs = control.status is None and control.seconds >= self._timeout_s  # each further row would wait as long
        return AcceptedForm(event, error=unjudged(control)), hangs


def _rewritten(event: Event) -> Iterator[AcceptedForm]:
    seen = {event.body}
    for rewrite in _REWRITES:
        if (body := rewrite(event)) not in seen:
            seen.add(body)
            yield AcceptedForm(replace(event, body=body), rewrite=rewrite)


def unjudged(control: Delivery, *, since: bool = False) -> str:
    """Return why nothing can be judged after a genuine delivery that was not acknowledged.

    ``since`` is whether earlier ones were, before forgeries.
    """
    what_to_do = since_forgeries(control) if since else ""
    return f"cannot be judged: a genuine delivery got {control.seen}{what_to_do or hint(control)}"
