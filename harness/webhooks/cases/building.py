"""Building blocks of receiver cases: what a delivery is made from, and the usual ways to change it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec.structs import replace

from harness.errors import EventError
from harness.http.message import Headers, Request
from harness.model import Event
from harness.openapi.event_bodies import is_form, readable_document
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import Scheme


class Material(NamedTuple):
    """What a case builds its delivery from: an event nobody has seen, and what it takes to sign it."""

    scheme: Scheme
    event: Event
    secret: str
    timestamp: int
    """Unix seconds."""
    url: str = ""
    """The receiver's; some schemes sign it."""
    type_key: str = "type"
    """Key of the JSON body that holds the event's type; dots lead inwards."""

    @classmethod
    def of(cls, event_format: EventFormat, event: Event, *, secret: str, timestamp: int, url: str) -> Material:
        """Return what deliveries of ``event`` are built from, in the form that its own headers ask for."""
        scheme = event_format.scheme.of_delivery(event.headers)
        return cls(scheme, event, secret, timestamp, url=url, type_key=event_format.key_of_type)

    def __repr__(self) -> str:
        return f"<material of {self.event.name}>"

    @property
    def body(self) -> bytes:
        """The body of the honest delivery."""
        return self.event.body

    def signature(
        self, body: bytes | None = None, *, secret: str | None = None, timestamp: int | str | None = None
    ) -> str:
        """Return the bare signature over any body, with any secret, of any time; by default the honest one."""
        return self.scheme.signature(
            self.body if body is None else body,
            secret=self.secret if secret is None else secret,
            timestamp=self.timestamp if timestamp is None else timestamp,
            event_id=self.event.id,
            url=self.url,
        )

    def signed(
        self, body: bytes | None = None, *, secret: str | None = None, timestamp: int | str | None = None
    ) -> Request:
        """Return a delivery that is right for what is given."""
        scheme, event = self.scheme, self.event
        body = event.body if body is None else body
        headers = scheme.sign(
            body,
            secret=self.secret if secret is None else secret,
            timestamp=self.timestamp if timestamp is None else timestamp,
            event_id=event.id,
            url=self.url,
        )
        return self.with_headers(headers, body)

    def carrying(self, *signatures: str, timestamp: int | str | None = None) -> Request:
        """Return the body with any signatures, well written; with none, without the signature's header."""
        return self.with_headers(self.scheme.written(*signatures, timestamp=self._at(timestamp), body=self.body))

    def raw(self, value: str) -> Request:
        """Return the body with any text where the signature belongs; all else is as it should be."""
        return self.with_headers(self.scheme.raw(value, timestamp=self.timestamp, body=self.body))

    def value(self, signature: str | None = None, *, timestamp: int | str | None = None) -> str:
        """Return what stands in the signature's header of an honest delivery, or around any signature."""
        signature = self.signature() if signature is None else signature
        headers = self.scheme.written(signature, timestamp=self._at(timestamp), body=self.body)
        return dict(headers)[self.scheme.header]

    def with_headers(self, headers: Headers, body: bytes | None = None) -> Request:
        """Return a delivery with these headers beside the event's own."""
        body = self.body if body is None else body
        address, headers = self.scheme.address(self.url, body), (*self.event.headers, *headers)
        return Request(method="POST", url=address, headers=headers, body=body)

    def parsed(self) -> Any:
        """Return the body as JSON; raises `EventError` where it is none."""
        headers = self.event.headers
        document = None if is_form(headers, self.body) else readable_document(headers, self.body)
        if not isinstance(document, dict | list):
            raise EventError(f"{self.event.name} is not JSON, which this case changes")
        return document

    def document(self) -> dict[str, Any]:
        """Return the event as JSON, ready to be changed; the first of several where a body holds a list of them.

        Raises `EventError` where the body holds no JSON object.
        """
        found = self.parsed()
        document = next(iter(found), None) if isinstance(found, list) else found
        if not isinstance(document, dict):
            raise EventError(f"{self.event.name} holds no JSON object, which this case changes")
        return document

    def compact(self, document: dict[str, Any] | None = None, *, more: bytes = b"") -> bytes:
        """Return the body around a changed document, without white space; ``more`` is put after its last member."""
        whole = self.parsed()
        text = compact(self.document() if document is None else document)
        text = text[:-1] + b"," * bool(more) + more + text[-1:]
        rest = b"".join(b"," + compact(d) for d in whole[1:]) if isinstance(whole, list) else b""
        return b"[" + text + rest + b"]" if isinstance(whole, list) else text

    def _at(self, timestamp: int | str | None) -> int | str:
        return self.timestamp if timestamp is None else timestamp


Build = Callable[[Material], Request]


def compact(document: Any) -> bytes:
    """Return JSON without white space: what most JSON libraries write, and a receiver must not verify."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def signed_body(change: Callable[[Material], bytes]) -> Build:
    """Build a delivery of a changed body that is signed as it is sent."""
    return lambda m: m.signed(change(m))


def signed_document(change: Callable[[dict[str, Any]], Any]) -> Build:
    """Build a delivery of a changed JSON document that is signed as it is sent."""
    return lambda m: m.signed(m.compact(change(m.document())))


def replaced(built: Request, header: str, *values: str) -> Request:
    """Return the delivery with other values of one header, in whatever case it stands; with none, without it."""
    others = (each for each in built.headers if each[0].lower() != header.lower())
    return replace(built, headers=(*others, *((header, value) for value in values)))
