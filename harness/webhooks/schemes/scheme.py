"""A scheme: one way to sign webhooks, described as data."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from harness.http.message import Headers, header, media_type
from harness.openapi.event_bodies import begins_as_json
from harness.webhooks.schemes import algorithms
from harness.webhooks.schemes.algorithms import ALGORITHMS, KEY_FORMS
from harness.webhooks.schemes.body_signature import BodySignature
from harness.webhooks.schemes.derived import DERIVED, Values

NOTHING: Mapping[str, str] = {}


class Scheme(msgspec.Struct, frozen=True, kw_only=True):
    """One way to sign: what is signed, with what, and how the headers are written.

    Timestamps are in Unix seconds. One given as text is signed and sent unchanged: so a delivery can have a timestamp
    that is not a number.
    """

    name: str
    header: str
    """Header that carries the signature, in lower case; empty where the body does, or where there is none."""
    within: BodySignature | None = None
    """Where the body carries the signature."""
    signed: str
    """Template of the signed bytes: ``{body}``, ``{timestamp}``, ``{id}``, ``{url}``, ``{method}``, ``{key_id}``, the
    values derived from the body (`DERIVED`), and those that `within` names."""
    value: str
    """Template of the header's value: ``{signature}``, and ``{timestamp}`` where the same header has it."""
    another: str = ""
    """Template of each additional signature after the value, while secrets rotate; empty: only one signature."""
    label: str = ""
    """The word in ``value`` for the version or algorithm."""
    algorithm: str = "hmac-sha256"
    """Key of `ALGORITHMS`."""
    key_form: str = "text"
    """How the secret is written; key of `KEY_FORMS`."""
    encoding: str = "hex"
    """How the signature is written: ``hex`` or ``base64``."""
    timestamp_header: str = ""
    """Header that carries the timestamp; empty where the signature's header does, or where there is none."""
    timestamp_unit: str = "s"
    """``s`` or ``ms`` since 1970."""
    tolerance_s: float | None = None
    """How far from now a timestamp may be, in seconds; None where the provider documents no limit."""
    refuses_future: bool = False
    """Whether the provider's own library also refuses timestamps too far in the future."""
    id_header: str = ""
    """Header that carries the event id; empty where the body does."""
    further_id_headers: tuple[str, ...] = ()
    """Additional headers with an id of the event, by which a receiver may also recognise duplicates."""
    id_example: str = "evt_1NG8Du2eZvKYlo2CUI79vXWy"
    """An id as providers give them, for an event that comes without one."""
    id_key: str = "id"
    """Key of the event id in the JSON body, where no header has it; dots separate nested keys."""
    type_header: str = ""
    """Header that carries the event type; empty where the body does."""
    type_key: str = "type"
    """Key of the event type in the JSON body, where no header has it; dots separate nested keys."""
    beside: Headers = ()
    """Additional headers of every delivery; their values are templates like ``signed``, without ``{body}``."""
    sent: Headers = ()
    """Header lines of a delivery, spelled and ordered as the provider sends them; those without a value are written for
    each delivery. From the provider's pages, or from deliveries that receivers have published."""
    structured: str = ""
    """Prefix of the media types of deliveries that have id and type in the body, not in headers."""
    query: str = ""
    """Template of a query for a delivery's URL when its body is not a form."""
    key_id: str = "key-1"
    """Name by which the receiver finds the key, where the scheme sends one."""
    source: str
    """The page that describes the scheme."""

    @property
    def authenticates(self) -> bool:
        """Whether a delivery shows who sent it."""
        return bool(self.header or self.within)

    @property
    def timestamped(self) -> bool:
        """Whether the signature covers a timestamp, so that a delivery can be too old."""
        return "{timestamp}" in self.signed

    @property
    def signs_url(self) -> bool:
        """Whether the signature covers the URL to which the provider sends."""
        return "{url}" in self.signed

    @property
    def rotates(self) -> bool:
        """Whether one delivery can carry signatures of several secrets."""
        return bool(self.another)

    @property
    def symmetric(self) -> bool:
        """Whether the receiver has the secret itself, and not a public key."""
        return ALGORITHMS[self.algorithm].public is None

    @property
    def signs_body(self) -> bool:
        """Whether the signature covers the body."""
        return any(f"{{{name}}}" in self.signed for name in ("body", *DERIVED))

    @property
    def signs_id(self) -> bool:
        """Whether the signature covers the event id's header."""
        return bool(self.id_header) and "{id}" in self.signed

    @property
    def is_token(self) -> bool:
        """Whether a delivery has the secret itself in place of a signature."""
        return self.algorithm == "token"

    def of_delivery(self, headers: Headers) -> Scheme:
        """Return the scheme as it applies to a delivery with these headers."""
        if not self.structured or not media_type(header(headers, "content-type")).startswith(self.structured):
            return self
        return msgspec.structs.replace(self, id_header="", type_header="", beside=())

    def sign(self, body: bytes, *, timestamp: int | str, **named: str) -> Headers:
        """Return the headers that make ``body`` a genuine delivery; for the other arguments see `signature`.

        Where the body carries the signature, `sign_body` has to write it too.
        """
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
        """Return the bare signature, that of the first object where several are signed.

        Raises `SecretError` for a malformed secret.
        """
        message = self.message(body, timestamp=timestamp, event_id=event_id, url=url, method=method)
        return algorithms.sign_encoded(self.algorithm, self.key_form, self.encoding, secret, message)

    def sign_body(self, body: bytes, *, secret: str, timestamp: int | str) -> bytes:
        """Return the body of a genuine delivery: with its signatures, where it is the body that carries them.

        One without a place for them stays as it is. Raises `SecretError` for a malformed secret.
        """
        if self.within is None:
            return body
        messages = [self._filled(self.signed, timestamp, body, values) for values in self.within.values(body)]
        keyed = (self.algorithm, self.key_form, self.encoding, secret)
        signatures = [algorithms.sign_encoded(*keyed, message.encode()) for message in messages]
        return self.within.written(body, signatures, self.stamp(timestamp)) if signatures else body

    def message(
        self, body: bytes, *, timestamp: int | str, event_id: str = "", url: str = "", method: str = "POST"
    ) -> bytes:
        """Return the bytes that are signed."""
        values = {"id": event_id, "url": self.address(url, body), "method": method}
        if self.within:
            values |= next(iter(self.within.values(body)), dict.fromkeys(self.within.fields, ""))
        head, mark, tail = self.signed.partition("{body}")
        message = self._filled(head, timestamp, body, values).encode() + (body if mark else b"")
        return message + self._filled(tail, timestamp, body, values).encode()

    def address(self, url: str, body: bytes) -> str:
        """Return the URL that a genuine delivery of ``body`` goes to; unchanged where it has its query already."""
        if not self.query or not begins_as_json(body):
            return url
        query = self._filled(self.query, 0, body)
        if query in url.partition("?")[2].split("&"):
            return url
        return url + ("&" if "?" in url else "?") + query

    def stamp(self, timestamp: int | str) -> str:
        """Return the timestamp as it is sent."""
        if isinstance(timestamp, str):
            return timestamp
        return str(timestamp * 1000 if self.timestamp_unit == "ms" else timestamp)

    def written(self, *signatures: str, timestamp: int | str, body: bytes = b"") -> Headers:
        """Return the headers for given signatures, several where `rotates`; without any, all headers except theirs.

        This writes forged signatures, and those of an old and a new secret together.
        """
        beside = self._beside(timestamp, body)
        if not signatures or not self.header:
            return beside
        value = self.value.format(timestamp=self.stamp(timestamp), signature=signatures[0])
        for signature in signatures[1:]:
            value += self.another.format(signature=signature)
        return ((self.header, value), *beside)

    def raw(self, value: str, *, timestamp: int | str, body: bytes = b"") -> Headers:
        """Return the headers with exactly ``value`` in place of the signature; the others are correct."""
        return (*(((self.header, value),) if self.header else ()), *self._beside(timestamp, body))

    def new_secret(self) -> str:
        """Return a new random secret of the right form: for tests, and for wrong signatures."""
        return self.secret_of(os.urandom(32))

    def secret_of(self, random: bytes) -> str:
        """Return the secret derived from 32 random bytes, in the form of the scheme."""
        return KEY_FORMS[self.key_form].write(ALGORITHMS[self.algorithm].key_of(random))

    def public_key(self, secret: str) -> str:
        """Return the verifying key: the public key, or the secret itself where both sides share it."""
        return algorithms.public_key(self.algorithm, self.key_form, secret)

    def _beside(self, timestamp: int | str, body: bytes) -> Headers:
        stamped = ((self.timestamp_header, self.stamp(timestamp)),) if self.timestamp_header else ()
        if not self.beside:
            return stamped
        return (*stamped, *((name, self._filled(value, timestamp, body)) for name, value in self.beside))

    def _filled(self, template: str, timestamp: int | str, body: bytes, values: Mapping[str, str] = NOTHING) -> str:
        """Fill a template; values derived from the body are computed when the template names them."""
        if "{" not in template:
            return template
        return template.format_map(Values(body, values, timestamp=self.stamp(timestamp), key_id=self.key_id))
