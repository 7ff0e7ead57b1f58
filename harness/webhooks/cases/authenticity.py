"""Group A, authenticity: a receiver refuses every delivery with a wrong signature, whatever is wrong with it."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from msgspec.structs import replace

from harness.http.message import Request
from harness.model import Level
from harness.openapi.event_bodies import is_form
from harness.webhooks.cases.alterations import altered, other_event, unsigned_content
from harness.webhooks.cases.building import Material, replaced
from harness.webhooks.cases.receiver_case import (
    Expected,
    ReceiverCase,
    no_shared_secret,
    unauthenticated,
    without_header,
    worded_case,
)
from harness.webhooks.schemes import Scheme

_STANDARD = "Standard Webhooks, Verifying webhook authenticity"
_ANY_MISMATCH = "Verify the signature before you do anything else, and answer 400 or 401 to every mismatch."
_NO_HEADER = (
    "Treat a missing or empty signature header as a wrong signature; never skip the check because it is missing."
)
_UNSET = "Refuse to start, or refuse every delivery, while the secret is unset or empty."
_WHOLE = "Compare the whole signature, with a constant-time comparison that fails for different lengths."
_EXACT = "Compare the signature exactly as the provider writes it; ignore nothing before or after it."
_HEADER_ONLY = "Read the signature only from its header."
_VERSIONS = "Accept only signatures labelled with the version that you verify; ignore all others."


def _as_version(label: str, m: Material) -> Request:
    return m.raw(m.value().replace(m.scheme.label, label, 1) if m.scheme.label else m.value())


def _zeros(m: Material) -> Request:
    return m.carrying("0" * len(m.signature()))


def _older(m: Material) -> Request:
    return _as_version({"v1": "v0", "sha256": "sha1"}.get(m.scheme.label, "v9"), m)


def _doubled_label(m: Material) -> Request:
    between = m.scheme.value.partition(m.scheme.label)[2].partition("{signature}")[0]
    return m.carrying(m.scheme.label + between + m.signature())


def _legacy_sha1(m: Material) -> Request:
    """Return a delivery with only GitHub's older header, correctly signed."""
    sha1 = Scheme(
        name="", header="x-hub-signature", signed="{body}", value="sha1={signature}", algorithm="hmac-sha1", source=""
    )
    return m.with_headers(sha1.sign(m.body, secret=m.secret, timestamp=m.timestamp))


def _with_junk(m: Material) -> Request:
    """Return a delivery whose signature has four characters more; they change what is decoded.

    A signature of varying length (DER) or a password may end with padding, behind which decoders read nothing.
    """
    signature = m.signature()
    decoded = m.scheme.is_token or m.scheme.algorithm.startswith("ecdsa")
    whole = signature.rstrip("=") if decoded else signature
    return m.carrying(f"{whole}AAAA{signature[len(whole) :]}")


def _elsewhere(m: Material) -> tuple[str, str]:
    """Return the right signature, bare and as its header has it; of a token one that was made up.

    The right token is the secret itself, which is for no URL.
    """
    signature = m.signature(secret=m.scheme.new_secret()) if m.scheme.is_token else m.signature()
    return signature, m.value(signature)


def _in_query(m: Material) -> Request:
    _, value = _elsewhere(m)
    query = urlencode({"signature": value, m.scheme.header or "x-signature": value})
    return replace(m.carrying(), url=f"{m.url}{'&' if '?' in m.url else '?'}{query}")


def _in_body(m: Material) -> Request:
    signature, value = _elsewhere(m)
    fields = {"signature": signature, m.scheme.header or "x-signature": value}
    if is_form(m.event.headers, m.body):
        return replace(m.carrying(), body=m.body + b"&" * bool(m.body) + urlencode(fields).encode())
    return replace(m.carrying(), body=m.compact({**m.document(), **fields}))


def _swapped_id(m: Material) -> Request:
    return replaced(m.signed(), m.scheme.id_header, f"{m.signed_id}0")


def _no_id_header(scheme: Scheme) -> str:
    return "" if scheme.signs_id else f"{scheme.name} does not sign a separate event id"


def _no_label(scheme: Scheme) -> str:
    return "" if scheme.label else f"{scheme.name} does not label signatures with a version or algorithm"


def _no_hex(scheme: Scheme) -> str:
    return "" if scheme.encoding == "hex" else f"{scheme.name} writes signatures in {scheme.encoding}"


_case = partial(worded_case, item="webhooks.signatures", source=_STANDARD, fix=_ANY_MISMATCH)

CASES: tuple[ReceiverCase, ...] = (
    _case(
        id="missing",
        summary="a delivery without a signature",
        source="CVE-2026-21894, CVE-2023-50728",
        fix=_NO_HEADER,
        build=lambda m: m.carrying(),
    ),
    _case(id="empty", summary="a delivery with an empty signature", fix=_NO_HEADER, build=lambda m: m.raw("")),
    _case(
        id="blank",
        summary="a signature of white space alone",
        fix=_NO_HEADER,
        build=lambda m: m.raw(" \t "),
    ),
    _case(
        id="altered-body",
        summary="a body with one character changed after signing",
        build=lambda m: replace(m.signed(), body=altered(m)),
        not_applicable_to=unsigned_content,
    ),
    _case(
        id="wrong-secret",
        summary="a signature made with another secret",
        build=lambda m: m.signed(secret=m.scheme.new_secret()),
    ),
    _case(
        id="empty-secret",
        summary="a signature made with an empty secret",
        source="CVE-2026-86080, CVE-2026-123870",
        fix=_UNSET,
        build=lambda m: m.signed(secret=""),
        not_applicable_to=no_shared_secret,
    ),
    _case(
        id="other-event",
        summary="the signature of another event",
        build=lambda m: m.carrying(other_event(m)),
        not_applicable_to=unsigned_content,
    ),
    _case(
        id="swapped-id",
        summary="an event id that differs from the signed one",
        fix="Verify over the id exactly as the header states it.",
        build=_swapped_id,
        not_applicable_to=_no_id_header,
    ),
    _case(
        id="truncated",
        summary="a signature cut to its first half",
        source="CVE-2024-21491",
        fix=_WHOLE,
        build=lambda m: m.carrying(m.signature()[: len(m.signature()) // 2]),
    ),
    _case(
        id="truncated-to-one",
        summary="a signature cut to its first character",
        source="CVE-2024-21491",
        fix=_WHOLE,
        build=lambda m: m.carrying(m.signature()[:1]),
    ),
    _case(
        id="truncated-by-four",
        summary="a signature cut by four characters",
        source="CVE-2024-21491",
        fix=_WHOLE,
        build=lambda m: m.carrying(m.signature()[:-4]),
    ),
    _case(
        id="truncated-to-nothing",
        summary="a well-formed header without a signature in it",
        source="CVE-2024-21491",
        fix=_WHOLE,
        build=lambda m: m.carrying(""),
    ),
    _case(
        id="older-version",
        summary="the right signature labelled as another version or algorithm",
        fix=_VERSIONS,
        build=_older,
        not_applicable_to=_no_label,
    ),
    _case(
        id="version-none",
        summary="a signature labelled with the algorithm 'none'",
        source="GHSA-6vx8-pcwv-xhf4",
        fix=_VERSIONS,
        build=partial(_as_version, "none"),
        not_applicable_to=_no_label,
    ),
    _case(
        id="legacy-sha1",
        level=Level.SHOULD,
        summary="a delivery that carries only GitHub's SHA-1 header",
        source="docs.github.com, Validating webhook deliveries: SHA-1 is for compatibility only",
        fix="Verify X-Hub-Signature-256 and ignore X-Hub-Signature.",
        build=_legacy_sha1,
        not_applicable_to=lambda s: "" if s.name == "github" else "only GitHub sends that older header",
    ),
    _case(
        id="in-query",
        summary="a signature in the query string instead of its header",
        fix=_HEADER_ONLY,
        build=_in_query,
    ),
    _case(
        id="in-body",
        summary="a signature in the body instead of its header",
        fix=_HEADER_ONLY,
        build=_in_body,
        not_applicable_to=without_header,
    ),
    _case(
        id="trailing-junk",
        level=Level.SHOULD,
        summary="the right signature with four characters added",
        fix=_EXACT,
        build=_with_junk,
    ),
    _case(
        id="bare",
        level=Level.SHOULD,
        summary="the bare signature without its label",
        fix=_EXACT,
        build=lambda m: m.raw(m.signature()),
        not_applicable_to=_no_label,
    ),
    _case(
        id="doubled-label",
        level=Level.SHOULD,
        summary="the right signature with its label written twice",
        fix=_EXACT,
        build=_doubled_label,
        not_applicable_to=_no_label,
    ),
    _case(
        id="upper-case",
        level=Level.SHOULD,
        judged=False,
        summary="the right signature in upper case",
        expected=Expected.REFUSED,
        fix=_EXACT,
        build=lambda m: m.carrying(m.signature().upper()),
        not_applicable_to=_no_hex,
    ),
    ReceiverCase(
        id="told-signature",
        item="webhooks.signatures",
        summary="a signature of zeros",
        passed="Refused a signature of zeros without revealing the right one",
        failed="Revealed the right signature in the response to a wrong one",
        expected="HTTP 4xx without the right signature",
        source="CWE-209",
        fix="Answer every refusal with the same fixed text, without the expected signature.",
        build=_zeros,
        must_not_contain=lambda m, built: m.signature(built.body),
        not_applicable_to=unauthenticated,
    ),
    ReceiverCase(
        id="timing",
        item="webhooks.signatures",
        level=Level.SHOULD,
        judged=False,
        summary="how long comparing signatures takes",
        passed="Compared signatures in constant time",
        failed="Compared signatures in a time that depends on them",
        expected="a comparison that takes constant time",
        source="CVE-2018-6596, CVE-2022-24912",
        fix="Compare in constant time: hmac.compare_digest, crypto.timingSafeEqual, hash_equals.",
        build=lambda m: m.signed(),
        not_applicable_to=lambda _: (
            "whether a comparison takes constant time cannot be measured over HTTP: a string comparison leaks "
            "nanoseconds, and responses over a network vary by microseconds. Check the source code instead"
        ),
    ),
)
