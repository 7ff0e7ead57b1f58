"""Group A, bodies of forgeries: a forgery stays a forgery, whatever its event states, and however it is packed."""

from __future__ import annotations

import zlib
from functools import partial
from typing import Any

from harness.core.pointers import with_key
from harness.http.codings import gzipped
from harness.http.message import Request
from harness.webhooks.cases.alterations import retyped
from harness.webhooks.cases.building import Material, replaced
from harness.webhooks.cases.forging import SAME_CHECK, carried, forged, untaken
from harness.webhooks.cases.receiver_case import Expected, ReceiverCase

_NESTED, _DEEP = 200, 100_000
"""Levels that most parsers read, and levels that hardly any reads."""
_CHALLENGE = {"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7", "type": "url_verification"}
_DECODE = "Verify the bytes that arrived, whatever their coding, before you decode or parse them."


def _coded(coding: str, m: Material, body: bytes | None = None) -> Request:
    return replaced(forged(m, body), "content-encoding", coding)


def _of_type(kind: str, m: Material) -> Request:
    return retyped(m, kind, secret=m.scheme.new_secret())


def _with_members(members: dict[str, Any], m: Material) -> Request:
    return forged(m, m.compact({**m.document(), **members}))


def _without_id(m: Material) -> Request:
    """Return a forgery whose event has null for an id; that of a header stays."""
    document, key = m.document(), (m.scheme.id_key or "id").removeprefix("0.")
    try:
        document = with_key(document, key, None)
    except LookupError:
        document = {**document, "id": None}
    return forged(m, m.compact(document))


def _nested(depth: int, m: Material) -> Request:
    return forged(m, m.compact(more=b'"extra":' + b"[" * depth + b"]" * depth))


def _exactly(body: bytes, m: Material) -> Request:
    return forged(m, body)


CASES: tuple[ReceiverCase, ...] = (
    *(
        carried(
            id=f"forged-{name}",
            summary=f"a forgery compressed with {words}",
            fix=_DECODE,
            build=lambda m, pack=pack, coding=coding: _coded(coding, m, pack(m.body)),
        )
        for name, words, coding, pack in (
            ("compressed", "gzip", "gzip", gzipped),
            ("deflated", "deflate", "deflate", zlib.compress),
        )
    ),
    *(
        carried(
            id=f"forged-as-{name}",
            summary=f"an uncompressed forgery declared as {words}",
            fix=_DECODE,
            build=partial(_coded, coding),
        )
        for name, words, coding in (
            ("compressed", "gzip", "gzip"),
            ("deflated", "deflate", "deflate"),
            ("brotli", "Brotli", "br"),
        )
    ),
    carried(
        id="forged-as-list",
        summary="a forgery whose body is a list of events",
        fix=SAME_CHECK,
        build=lambda m: forged(m, b"[%s]" % m.compact(m.document())),
    ),
    *(
        # A handler may answer these before it reads on: there is no event in them.
        untaken(
            id=f"forged-{name}",
            summary=f"a forgery whose body is {words}",
            is_garbage=True,
            build=partial(_exactly, body),
        )
        for name, words, body in (("empty", "empty", b""), ("short", "{}", b"{}"))
    ),
    carried(
        id="forged-without-id",
        summary="a forgery whose event has null for an id",
        fix=SAME_CHECK,
        is_garbage=True,
        build=_without_id,
    ),
    *(
        carried(
            id=f"forged-{name}",
            summary=f"a forgery with a member nested {depth:,} deep",
            expected=Expected.REFUSED_OR_CUT,
            source="CWE-755: what cannot be parsed is not verified",
            fix="Verify before you parse, and answer 400 to what you cannot parse.",
            build=partial(_nested, depth),
        )
        for name, depth in (("nested", _NESTED), ("deep", _DEEP))
    ),
    carried(
        id="forged-as-test",
        summary="a forgery whose event states that it is a test",
        fix=SAME_CHECK,
        build=partial(_with_members, {"test": True, "livemode": False, "sandbox": True}),
    ),
    *(
        carried(id=f"forged-as-{name}", summary=f"a forgery {words}", fix=SAME_CHECK, build=partial(_of_type, kind))
        for name, words, kind in (
            ("ping", "of the type ping", "ping"),
            ("test-type", "of the type test", "test"),
            ("unknown-type", "of an unknown type", "something.unheard_of"),
        )
    ),
    *(
        # The challenge of a handshake may be answered unsigned, as long as nothing is processed.
        untaken(
            id=f"forged-{name}",
            summary=f"a forgery whose event {words}",
            source="docs.slack.dev, url_verification event: only a handshake has a challenge, and no event",
            fix="Answer a challenge and return: process no event of a request that you have not verified.",
            build=partial(_with_members, members),
        )
        for name, words, members in (
            ("as-challenge", "is the challenge of a handshake", _CHALLENGE),
            ("with-challenge", "has a challenge too", {"challenge": _CHALLENGE["challenge"]}),
        )
    ),
)
