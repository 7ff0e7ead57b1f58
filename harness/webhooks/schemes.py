"""How webhooks are signed, as data: a scheme is a row."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping

import msgspec

from harness.errors import ConfigurationError, nearest
from harness.model.config import Signature

Headers = tuple[tuple[str, str], ...]

ENCODINGS: Mapping[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": lambda mac: base64.b64encode(mac).decode(),
}


class Scheme(msgspec.Struct, frozen=True, kw_only=True):
    """One way to sign: what is signed, with what, and how the header is written."""

    name: str
    header: str
    """Header that carries the signature, in lower case."""
    signed: str
    """Template of the signed bytes: ``{timestamp}`` and ``{body}``."""
    value: str
    """Template of the header's value: ``{timestamp}`` and ``{signature}``."""
    digest: str = "sha256"
    encoding: str = "hex"
    id_header: str = ""
    """Header that carries the event id; empty where the body holds it."""
    type_header: str = ""
    """Header that carries the event type; empty where the body holds it."""
    source: str
    """Where the scheme is described."""

    def sign(self, body: bytes, *, secret: str, timestamp: int) -> Headers:
        """Return the headers that make ``body`` a genuine delivery; ``timestamp`` in Unix seconds."""
        head, _, tail = self.signed.partition("{body}")
        message = head.format(timestamp=timestamp).encode() + body + tail.format(timestamp=timestamp).encode()
        mac = hmac.new(secret.encode(), message, self.digest).digest()
        return self.written(ENCODINGS[self.encoding](mac), timestamp=timestamp)

    def written(self, signature: str, *, timestamp: int) -> Headers:
        """Return the headers for a signature made elsewhere: how forged ones are written."""
        return ((self.header, self.value.format(timestamp=timestamp, signature=signature)),)

    def signature_in(self, headers: Headers, *, timestamp: int) -> str:
        """Return the bare signature inside headers that `sign` made."""
        before, _, after = self.value.format(timestamp=timestamp, signature="\0").partition("\0")
        value = dict(headers)[self.header]
        return value[len(before) : len(value) - len(after)]


SCHEMES: tuple[Scheme, ...] = (
    Scheme(
        name="hmac",
        header="x-product-signature",
        signed="{timestamp}.{body}",
        value="t={timestamp},v1={signature}",
        source="the integration guide, Webhooks",
    ),
    Scheme(
        name="github",
        header="x-hub-signature-256",
        signed="{body}",
        value="sha256={signature}",
        id_header="x-github-delivery",
        type_header="x-github-event",
        source="docs.github.com, Validating webhook deliveries",
    ),
)


def scheme_named(name: str) -> Scheme:
    """Return the scheme of that name; raises `ConfigurationError` with the nearest one."""
    by_name = {s.name: s for s in SCHEMES}
    if name not in by_name:
        raise ConfigurationError(f"No signature scheme is called {name!r}. {nearest(name, by_name)}")
    return by_name[name]


def scheme_for(signature: Signature) -> Scheme:
    """Return the scheme that ``[receiver] signature`` describes, with its own header name where it gives one."""
    scheme = scheme_named(signature.scheme)
    return msgspec.structs.replace(scheme, header=signature.header.lower()) if signature.header else scheme
