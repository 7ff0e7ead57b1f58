"""Group D, bodies: a receiver answers any signed body, whatever it contains, and nothing breaks."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.model import Level
from harness.webhooks.cases.alterations import retyped
from harness.webhooks.cases.building import Material, compact, signed_body, signed_document
from harness.webhooks.cases.receiver_case import Expected, ReceiverCase, worded_case
from harness.webhooks.similar_ids import similar_id

_A_TYPE = "something.happened"
_SOURCE = "A 5xx makes the sender retry and pages people (Standard Webhooks, Webhook consumers)"
_FORWARD = "docs.stripe.com, Webhooks: handle additional event types and fields"
_PARSE = (
    "Catch the exceptions of parsing and of lookups in the parsed event; answer 400, or acknowledge and set it aside."
)
_DEPTH = "Limit the depth of what you parse, or catch the parser's error; answer 400."


def _without_nested(document: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in document.items() if not isinstance(v, dict | list)}


def _nested_as(value: Any, document: dict[str, Any]) -> dict[str, Any]:
    return {k: value if isinstance(v, dict | list) else v for k, v in document.items()}


def _nulled(value: Any) -> Any:
    """Return the document with null for every value in its nested objects."""
    return {k: _hollow(v) if isinstance(v, dict) else v for k, v in value.items()}


def _hollow(value: Any) -> Any:
    return {k: _hollow(v) for k, v in value.items()} if isinstance(value, dict) else None


def _with_nul(m: Material) -> bytes:
    m.parsed()
    return m.body.replace(b'": "', b'": "\\u0000').replace(b'":"', b'":"\\u0000')


def _deep(opening: bytes, closing: bytes, depth: int) -> bytes:
    return opening * depth + closing * depth


_body = partial(worded_case, item="webhooks.robust", source=_SOURCE, expected=Expected.ANSWERED, fix=_PARSE)
_garbage = partial(_body, is_garbage=True)
_unlike = partial(_body, is_readable=True)
_no_event = partial(_unlike, is_garbage=True)
_deep_body = partial(_body, fix=_DEPTH, verbs=("Survived", "Did not survive"))


def _exactly(body: bytes) -> Any:
    return signed_body(lambda _: body)


CASES: tuple[ReceiverCase, ...] = (
    _unlike(id="without-data", summary="an event without its nested objects", build=signed_document(_without_nested)),
    _unlike(
        id="null-data",
        summary="an event with null in place of its nested objects",
        build=signed_document(partial(_nested_as, None)),
    ),
    _unlike(
        id="text-data",
        summary="an event with text in place of its nested objects",
        build=signed_document(partial(_nested_as, "text")),
    ),
    _unlike(
        id="list-data",
        summary="an event with empty lists in place of its nested objects",
        build=signed_document(partial(_nested_as, [])),
    ),
    _unlike(id="hollow-data", summary="an event with null for every nested value", build=signed_document(_nulled)),
    _garbage(id="body-empty", summary="a signed empty body", build=_exactly(b"")),
    _garbage(id="body-not-json", summary="a signed body that is not JSON", build=_exactly(b"{not json")),
    _garbage(id="body-form", summary="a signed body that is a form", build=_exactly(b"payload=%7B%7D&id=1")),
    _no_event(id="body-null", summary="the signed body null", build=_exactly(b"null")),
    _no_event(id="body-list", summary="the signed body []", build=_exactly(b"[]")),
    _unlike(id="body-object", summary="the signed body {}", build=_exactly(b"{}")),
    _no_event(id="body-string", summary="a signed body that is a JSON string", build=_exactly(b'"x"')),
    _no_event(id="body-number", summary="a signed body that is a number", build=_exactly(b"1")),
    _garbage(
        id="body-huge-number", summary="a signed body that is a number of 6,000 digits", build=_exactly(b"9" * 6000)
    ),
    _garbage(id="body-not-utf-8", summary="a signed body that is not UTF-8", build=_exactly(b'{"id":"\xff\xfe\xc3"}')),
    _body(
        id="body-bom",
        summary="a body that begins with a byte order mark",
        source="RFC 8259 section 8.1",
        build=signed_body(lambda m: b"\xef\xbb\xbf" + m.body),
    ),
    _body(
        id="body-nul",
        summary="a body with a NUL character in every string",
        build=signed_body(_with_nul),
    ),
    _body(
        id="body-surrogate",
        summary="a body with half a surrogate pair in a string",
        source="RFC 8259 section 8.2",
        build=signed_body(lambda m: m.compact(more=b'"extra":"\\ud800"')),
    ),
    _body(
        id="body-duplicate-members",
        summary="a body with every member twice",
        source="RFC 8259 section 4",
        build=signed_body(lambda m: m.compact(more=compact(m.document())[1:-1])),
    ),
    _deep_body(id="body-deep", summary="a body nested 5,000 deep", build=_exactly(_deep(b"[", b"]", 5_000))),
    _deep_body(id="body-very-deep", summary="a body nested 100,000 deep", build=_exactly(_deep(b"[", b"]", 100_000))),
    _deep_body(
        id="body-deep-member",
        summary="an event with a member nested 100,000 deep",
        build=signed_body(lambda m: m.compact(more=b'"extra":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000)),
    ),
    _body(
        id="unknown-type",
        level=Level.SHOULD,
        summary="an event of an unknown type",
        source=_FORWARD,
        expected=Expected.ACKNOWLEDGED,
        fix="Acknowledge and ignore unknown event types: the provider may add some.",
        build=lambda m: retyped(m, similar_id(m.event.type or _A_TYPE)),
    ),
    _body(
        id="unknown-member",
        level=Level.SHOULD,
        summary="an event with unknown members",
        source=_FORWARD,
        expected=Expected.ACKNOWLEDGED,
        fix="Ignore unknown members: the provider may add some.",
        build=signed_document(lambda d: {**d, "extra": {"added": [1, None, {"later": True}]}}),
    ),
)
