"""A scheme: one way to sign webhooks, described by data alone."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from harness.http.message import Headers, header, media_type
from harness.openapi.event_bodies import begins_as_json
from harness.webhooks.schemes import algorithms
from harness.webhooks.schemes.algorithms import ALGORITHMS, ENCODINGS, KEY_FORMS
from harness.webhooks.schemes.derived import DERIVED, Values

NOTHING: Mapping[str, str] = {}


class Scheme(msgspec.Struct, frozen=True, kw_only=True):
    """One way to sign: what is signed, with what, and how the headers are written.

    Timestamps are given in Unix seconds. One given as text is signed and sent as it stands, whatever it says: that is
    how a delivery gets a timestamp that is no number.
    """

    name: str
    header: str
    """Header that carries the signature, in lower case."""
    signed: str
    """Template of the signed bytes: ``{body}``, ``{timestamp}``, ``{id}``, ``{url}``, ``{method}``, ``{key_id}``, and
    what is derived from the body: `DERIVED`."""
    value: str
    """Template of the header's value: ``{signature}``, and ``{timestamp}`` where it stands beside it."""
    another: str = ""
    """Template of each further signature, put after the value while secrets are rotated; empty: one signature alone."""
    label: str = ""
    """The word of ``value`` that names version or algorithm."""
    algorithm: str = "hmac-sha256"
    """Key of `ALGORITHMS`."""
    key_form: str = "text"
    """How the secret is written; key of `KEY_FORMS`."""
    encoding: str = "hex"
    """How the signature is written: ``hex`` or ``base64``."""
    timestamp_header: str = ""
    """Header that carries the timestamp; empty where the value does, or where there is none."""
    timestamp_unit: str = "s"
    """``s`` or ``ms`` since 1970."""
    tolerance_s: float | None = None
    """How far from now a timestamp may lie; None where the provider names no limit."""
    refuses_future: bool = False
    """Whether the provider's own library also refuses timestamps that lie too far ahead."""
    id_header: str = ""
    """Header that carries the event id; empty where the body holds it."""
    further_id_headers: tuple[str, ...] = ()
    """Further headers that name the event, by which a receiver may also know duplicates."""
    id_key: str = "id"
    """Key of the JSON body that holds the event id, where no header does; dots lead inwards."""
    type_header: str = ""
    """Header that carries the event type; empty where the body holds it."""
    type_key: str = "type"
    """Key of the JSON body that holds the event type, where no header does; dots lead inwards."""
    beside: Headers = ()
    """Further headers of every delivery; their values are templates like ``signed``, without ``{body}``."""
    structured: str = ""
    """Beginning of the media types of deliveries whose body holds id and type, and that have no headers for them."""
    query: str = ""
    """Template of a query that a delivery's URL gets when its body is no form."""
    key_id: str = "readiness-harness"
    """Name by which the receiver finds the key, where the scheme names it."""
    source: str
    """Where the scheme is described."""

    @property
    def timestamped(self) -> bool:
        """Whether the signature covers a timestamp, so that it can be too old."""
        return "{timestamp}" in self.signed

    @property
    def rotates(self) -> bool:
        """Whether one delivery can carry signatures of several secrets."""
        return bool(self.another)

    @property
    def symmetric(self) -> bool:
        """Whether the receiver holds the secret itself, and not a public key."""
        return ALGORITHMS[self.algorithm].public is None

    @property
    def signs_body(self) -> bool:
        """Whether the signature covers the body."""
        return any(f"{{{name}}}" in self.signed for name in ("body", *DERIVED))

    @property
    def signs_id(self) -> bool:
        """Whether the signature covers the event id's header."""
        return "{id}" in self.signed

    def of_delivery(self, headers: Headers) -> Scheme:
        """Return the scheme as it holds for a delivery with these headers."""
        if not self.structured or not media_type(header(headers, "content-type")).startswith(self.structured):
            return self
        return msgspec.structs.replace(self, id_header="", type_header="", beside=())

    def sign(self, body: bytes, *, timestamp: int | str, **named: str) -> Headers:
        """Return the headers that make ``body`` a genuine delivery; for the other arguments see `signature`."""
        return self.written(self.signature(body, timestamp=timestamp, **named), timestamp=timestamp, body=body)

    def signature(
        self,
        body: bytes,
        *,
        secret: str,
        timestamp: int | str,
        event_id: str = "",
        url: str = "",
        method: str = "POST",
    ) -> str:
        """Return the bare signature; raises `SecretError` for a secret that is not written as the scheme wants it."""
        values = {"id": event_id, "url": self.address(url, body), "method": method}
        head, mark, tail = self.signed.partition("{body}")
        message = self._filled(head, timestamp, body, values).encode() + (body if mark else b"")
        message += self._filled(tail, timestamp, body, values).encode()
        return ENCODINGS[self.encoding](algorithms.sign(self.algorithm, self.key_form, secret, message))

    def address(self, url: str, body: bytes) -> str:
        """Return the URL that a genuine delivery of ``body`` goes to."""
        if not self.query or not begins_as_json(body):
            return url
        return url + ("&" if "?" in url else "?") + self._filled(self.query, 0, body)

    def stamp(self, timestamp: int | str) -> str:
        """Return the timestamp as it is sent."""
        if isinstance(timestamp, str):
            return timestamp
        return str(timestamp * 1000 if self.timestamp_unit == "ms" else timestamp)

    def written(self, *signatures: str, timestamp: int | str, body: bytes = b"") -> Headers:
        """Return the headers for signatures made elsewhere, several where `rotates`; for none, all headers but theirs.

        That is how forged ones are written, and how those of an old and a new secret are sent together.
        """
        if not signatures:
            return self._beside(timestamp, body)
        first, *more = signatures
        value = self.value.format(timestamp=self.stamp(timestamp), signature=first)
        for signature in more:
            value += self.another.format(signature=signature)
        return self.raw(value, timestamp=timestamp, body=body)

    def raw(self, value: str, *, timestamp: int | str, body: bytes = b"") -> Headers:
        """Return the headers with exactly ``value`` where the signature belongs, the others as they should be."""
        beside = self._beside(timestamp, body) if self.timestamp_header or self.beside else ()
        return ((self.header, value), *beside)

    def new_secret(self) -> str:
        """Return a secret of the right form that nobody else has: for tests, and to sign wrongly on purpose."""
        return self.secret_of(os.urandom(32))

    def secret_of(self, random: bytes) -> str:
        """Return the secret that 32 random bytes lead to, in the form that the scheme wants."""
        return KEY_FORMS[self.key_form].write(ALGORITHMS[self.algorithm].key_of(random))

    def public_key(self, secret: str) -> str:
        """Return what a receiver verifies with: the public key, or the secret itself where both sides share it."""
        return algorithms.public_key(self.algorithm, self.key_form, secret)

    def _beside(self, timestamp: int | str, body: bytes) -> Headers:
        stamped = ((self.timestamp_header, self.stamp(timestamp)),) if self.timestamp_header else ()
        return (*stamped, *((name, self._filled(value, timestamp, body)) for name, value in self.beside))

    def _filled(self, template: str, timestamp: int | str, body: bytes, values: Mapping[str, str] = NOTHING) -> str:
        """Fill a template; what is derived from the body is computed when it is named."""
        if "{" not in template:
            return template
        return template.format_map(Values(body, values, timestamp=self.stamp(timestamp), key_id=self.key_id))
