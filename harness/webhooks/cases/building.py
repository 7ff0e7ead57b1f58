"""Building blocks of receiver cases: the material of a delivery, and the usual ways to change it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec.structs import replace

from harness.core.encodable import readable_json
from harness.errors import EventError
from harness.http.message import Headers, Request, header
from harness.model import Event
from harness.openapi.event_bodies import is_form, is_json_event, readable_document
from harness.webhooks.events import EventFormat
from harness.webhooks.header_layout import as_sent
from harness.webhooks.schemes import Scheme


class Material(NamedTuple):
    """What a case builds its delivery from: an event that is new to the receiver, and what is needed to sign it."""

    scheme: Scheme
    event: Event
    secret: str
    timestamp: int
    """Unix seconds."""
    url: str = ""
    """The receiver's URL; some schemes sign it."""
    type_key: str = "type"
    """Key of the event's type in the JSON body; dots separate nested keys."""

    @classmethod
    def of(cls, event_format: EventFormat, event: Event, *, secret: str, timestamp: int, url: str) -> Material:
        """Return the material for deliveries of ``event``, in the form that its own headers require."""
        scheme = event_format.scheme.of_delivery(event.headers)
        if scheme.within:
            event = replace(event, body=scheme.within.renewed(event.body))
        return cls(scheme, event, secret, timestamp, url=url, type_key=event_format.key_of_type)

    def __repr__(self) -> str:
        return f"<material of {self.event.name}>"

    @property
    def body(self) -> bytes:
        """The body of the genuine delivery."""
        return self.event.body

    @property
    def signed_id(self) -> str:
        """The id that is signed: that of its header, where the scheme has one."""
        return header(self.event.headers, self.scheme.id_header) if self.scheme.signs_id else self.event.id

    def signature(
        self, body: bytes | None = None, *, secret: str | None = None, timestamp: int | str | None = None
    ) -> str:
        """Return the bare signature for any body, secret and time; by default the genuine one."""
        return self.scheme.signature(
            self.body if body is None else body,
            secret=self.secret if secret is None else secret,
            timestamp=self.timestamp if timestamp is None else timestamp,
            event_id=self.signed_id,
            url=self.url,
        )

    def signed(
        self, body: bytes | None = None, *, secret: str | None = None, timestamp: int | str | None = None
    ) -> Request:
        """Return a delivery with a correct signature for the given body, secret and time."""
        scheme, at = self.scheme, self._at(timestamp)
        body = self.event.body if body is None else body
        secret = self.secret if secret is None else secret
        headers = scheme.sign(body, secret=secret, timestamp=at, event_id=self.signed_id, url=self.url)
        return self.with_headers(headers, scheme.sign_body(body, secret=secret, timestamp=at))

    def signed_as(self, signature_of: bytes, body: bytes) -> Request:
        """Return a delivery of ``body`` with the right signature of another body."""
        headers = self.scheme.written(self.signature(signature_of), timestamp=self.timestamp, body=signature_of)
        return self.with_headers(headers, body)

    def carrying(self, *signatures: str, timestamp: int | str | None = None) -> Request:
        """Return the body with any signatures, correctly formatted; without any, without the signature's header."""
        headers = self.scheme.written(*signatures, timestamp=self._at(timestamp), body=self.body)
        return self.with_headers(headers, self._holding(*(signatures or (None,)), timestamp=timestamp))

    def raw(self, value: str) -> Request:
        """Return a delivery with any text in place of the signature; everything else is correct."""
        headers = self.scheme.raw(value, timestamp=self.timestamp, body=self.body)
        return self.with_headers(headers, self._holding(value))

    def value(self, signature: str | None = None, *, timestamp: int | str | None = None) -> str:
        """Return the value of the signature's header in a genuine delivery, or with another signature in it."""
        signature = self.signature() if signature is None else signature
        if not self.scheme.header:
            return signature
        headers = self.scheme.written(signature, timestamp=self._at(timestamp), body=self.body)
        return dict(headers)[self.scheme.header]

    def with_headers(self, headers: Headers, body: bytes | None = None) -> Request:
        """Return a delivery with these headers added to the event's own, as the provider lays them out."""
        body = self.body if body is None else body
        own = dict(self.event.headers)
        constant = {name for name, value in self.scheme.beside if "{" not in value and name in own}
        headers = (*self.event.headers, *(h for h in headers if h[0] not in constant))
        headers = as_sent(headers, self.event.layout)
        return Request(method="POST", url=self.scheme.address(self.url, body), headers=headers, body=body)

    def parsed(self) -> Any:
        """Return the body as JSON; raises `EventError` where it is not JSON."""
        headers = self.event.headers
        if not is_json_event(headers, self.body):
            raise EventError(f"{self.event.name} is not JSON, which this case changes")
        return readable_document(headers, self.body)

    def document(self) -> dict[str, Any]:
        """Return the event as JSON, ready to be changed; the first event where the body is a list of events.

        Raises `EventError` where the body contains no JSON object.
        """
        found = self.parsed()
        document = next(iter(found), None) if isinstance(found, list) else found
        if not isinstance(document, dict):
            raise EventError(f"{self.event.name} contains no JSON object, which this case changes")
        return document

    def compact(self, document: dict[str, Any] | None = None, *, more: bytes = b"") -> bytes:
        """Return the body with a changed document, without white space; ``more`` follows its last member."""
        whole = self.parsed()
        text = compact(self.document() if document is None else document)
        text = text[:-1] + b"," * bool(more) + more + text[-1:]
        rest = b"".join(b"," + compact(d) for d in whole[1:]) if isinstance(whole, list) else b""
        return b"[" + text + rest + b"]" if isinstance(whole, list) else text

    def extended(self, value: bytes) -> bytes:
        """Return the body with these bytes in one more member or field; behind a body that has neither."""
        if is_form(self.event.headers, self.body):
            return self.body + b"&" * bool(self.body) + b"extra=" + value
        if not is_json_event(self.event.headers, self.body):
            return self.body + value
        return self.compact(more=b'"extra":"' + value + b'"')

    def _holding(self, *signatures: str | None, timestamp: int | str | None = None) -> bytes:
        """Return the body with any signatures in it, where it is the body that carries them.

        Raises `EventError` where it has no place for them.
        """
        within = self.scheme.within
        if within is None:
            return self.body
        if not within.values(self.body):
            raise EventError(
                f"{self.event.name} has no place for the signature of {self.scheme.name}, which this case changes"
            )
        return within.written(self.body, signatures, self.scheme.stamp(self._at(timestamp)))

    def _at(self, timestamp: int | str | None) -> int | str:
        return self.timestamp if timestamp is None else timestamp


Build = Callable[[Material], Request]


def compact(document: Any) -> bytes:
    """Return JSON without white space, as most JSON libraries write it; a receiver must not verify over this."""
    return readable_json(document, separators=(",", ":"))


def signed_body(change: Callable[[Material], bytes]) -> Build:
    """Return a builder of deliveries with a changed body that is signed as sent."""
    return lambda m: m.signed(change(m))


def signed_document(change: Callable[[dict[str, Any]], Any]) -> Build:
    """Return a builder of deliveries with a changed JSON document that is signed as sent."""
    return lambda m: m.signed(m.compact(change(m.document())))


def replaced(built: Request, header: str, *values: str) -> Request:
    """Return the delivery with other values of one header, matched in any case; without values, without the header.

    They have the place of the first old one, or the last place.
    """
    names = [name.lower() for name, _ in built.headers]
    at = names.index(header.lower()) if header.lower() in names else len(names)
    before, after = built.headers[:at], tuple(each for each in built.headers[at:] if each[0].lower() != header.lower())
    named = built.headers[at][0] if at < len(names) else header
    return replace(built, headers=(*before, *((named, value) for value in values), *after))
