"""Finds the scheme of captured deliveries: each row of the table, then the space of HMACs, then tokens.

An answer is never a guess: what is found signs each delivery as it came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from harness.errors import SecretError
from harness.http.message import Request, header
from harness.http.request_head import is_mark
from harness.webhooks.discovery.hmac_search import HmacSearch
from harness.webhooks.discovery.scheme_description import SchemeDescription, hmac_descriptions
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import SCHEMES, Scheme, scheme_for
from harness.webhooks.sender_urls import sender_urls
from harness.webhooks.signature_check import TOO_FAR_OFF, signature_complaint

MOST_URLS = 24
_OPEN = frozenset({"hmac", "token", "none"})
"""Schemes that describe no provider of their own."""
_HEADER_KEYS = frozenset({"timestamp", "id_header", "header"})


class SchemeSearch(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the scheme of some deliveries."""

    found: tuple[SchemeDescription, ...]
    """Each describes every delivery; one is the answer, of several another delivery decides."""
    why_not: str = ""
    """Where nothing was found: why, and what to do next."""
    decided_by: str = ""
    """Where several were found: which delivery decides."""


def find_scheme(deliveries: Sequence[Request], secret: str, *, url: str = "") -> SchemeSearch:
    """Return the scheme that signed all of ``deliveries``, at least one, with ``secret``, or a public key.

    ``url`` is the URL that the provider has, where it is known.
    """
    first, *others = deliveries
    found, why_not = _of_one(first, secret, url)
    for each in others:
        found = tuple(d for d in found if _signs(d, each, secret, url))
    if deliveries[1:] and not found:
        why_not = why_not or "What signs the first delivery does not sign another one. Were they of one provider?"
    decided_by = _decided_by(first, found) if len(found) > 1 else ""
    return SchemeSearch(found=found, why_not="" if found else why_not, decided_by=decided_by)


def _of_one(request: Request, secret: str, url: str) -> tuple[tuple[SchemeDescription, ...], str]:
    urls = _urls(request, url)
    if named := tuple(_named(request, secret, urls)):
        return named, ""
    search = HmacSearch(request, urls, secret)
    if message := search.found():
        request = msgspec.structs.replace(request, body=message.body)
        described = [d for d in hmac_descriptions(message) if _signs(d, request, secret, url)]
        place = f"{message.word.header}, {message.recipes[0].template!r} with hmac-{message.word.digest}"
        return tuple(dict.fromkeys(described)), f"It is signed ({place}), but no keys of harness.toml can write that."
    if tokens := tuple(_tokens(request, secret)):
        return tokens, ""
    return (), _why_nothing(search, request)


def _urls(request: Request, url: str) -> list[str]:
    found = dict.fromkeys(sender_urls(request, given=url)) if url or request.header("host") else {}
    return list(found)[:MOST_URLS]


def _named(request: Request, secret: str, urls: Sequence[str]) -> Iterator[SchemeDescription]:
    for scheme in SCHEMES:
        if scheme.name not in _OPEN and _has_its_headers(scheme, request) and _is_of(scheme, request, secret, urls):
            yield SchemeDescription((("scheme", scheme.name),))


def _has_its_headers(scheme: Scheme, request: Request) -> bool:
    """Whether a delivery has what every delivery of a scheme has beside the signature: another may copy its header."""
    scheme = scheme.of_delivery(request.headers)
    beside = [name for name, _ in scheme.beside]
    named = [scheme.type_header, scheme.timestamp_header, *(beside if scheme.header == "authorization" else ())]
    return all(request.header(name) for name in (*named, scheme.id_header if scheme.signs_id else "") if name)


def _signs(description: SchemeDescription, request: Request, secret: str, url: str) -> bool:
    scheme = scheme_for(description.signature("env:SECRET"))
    return _is_of(scheme, request, secret, _urls(request, url), event_id=description.event_id or None)


def _is_of(scheme: Scheme, request: Request, secret: str, urls: Sequence[str], *, event_id: str | None = None) -> bool:
    """Whether a delivery is genuine by a scheme, whenever it was sent."""
    if scheme.is_token:
        return _is_token(scheme, request, secret)
    lower = tuple((name.lower(), value) for name, value in request.headers)
    event = EventFormat(scheme=scheme, id_key=event_id).received(lower, request.body)
    try:
        wrong = signature_complaint(scheme, event, secret=secret, urls=urls or [""], now=0, method=request.method)
    except SecretError:  # the secret has the form of another scheme
        return False
    return wrong is None or wrong.cause == TOO_FAR_OFF


def _is_token(scheme: Scheme, request: Request, secret: str) -> bool:
    if scheme.structured and not (request.header(scheme.id_header) or scheme.of_delivery(request.headers) != scheme):
        return False
    try:
        signed = scheme.sign(request.body, secret=secret, timestamp=0)
    except SecretError:
        return False
    return bool(scheme.header) and request.header(scheme.header) == header(signed, scheme.header)


def _tokens(request: Request, secret: str) -> Iterator[SchemeDescription]:
    """Yield each header that ends with the secret itself."""
    for name, value in request.headers:
        if value.endswith(secret):
            keys: dict[str, str | bool] = {"scheme": "token"}
            prefix = value.removesuffix(secret)
            if name.lower() != "authorization":
                keys["header"] = name.lower()
            if prefix != ("Bearer " if name.lower() == "authorization" else ""):
                keys["prefix"] = prefix.replace("{", "{{").replace("}", "}}")
            yield SchemeDescription(tuple(keys.items()))


def _why_nothing(search: HmacSearch, request: Request) -> str:
    empty = [name.lower() for name, value in request.headers if not value and not is_mark(name, value)]
    if not search.words and empty:
        return (
            f"The delivery has no value in {', '.join(empty)}. `harness capture` stores no signature: give --secret to "
            "it, and it names the scheme itself; or save the request as it came."
        )
    if not search.words:
        return (
            "No header of the delivery has the form of an HMAC, and none has the secret. Save the request with all its "
            "headers; if it is signed with a key pair, give the provider's public key as --secret."
        )
    seen = ", ".join(dict.fromkeys(word.header for word in search.words))
    unknown = "" if _urls(request, "") else " The delivery has no Host, so give --url if the URL is signed."
    bounded = "" if search.complete else " The search ended at its bound: a smaller body allows more."
    return (
        f"What {seen} has is not the HMAC of this delivery by any scheme or template. Check that the secret is the "
        f"one of this endpoint, and that the body has every byte as it was sent.{unknown}{bounded}"
    )


def _decided_by(request: Request, found: Sequence[SchemeDescription]) -> str:
    if not request.body:
        return "a delivery with a body"
    keys = [dict(description.keys) for description in found]
    differing = sorted({key for each in keys for key in each if len({str(k.get(key)) for k in keys}) > 1})
    named = sorted({str(k[key]) for k in keys for key in differing if key in k and key in _HEADER_KEYS})
    if "template" not in differing and named:
        return f"a delivery in which {' and '.join(named)} differ"
    if differing == ["scheme"]:
        return "the headers that your receiver reads"
    return "a delivery with other values in its headers"
