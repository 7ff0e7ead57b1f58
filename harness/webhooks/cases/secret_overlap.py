"""Group C, rotation: during a change of secrets a delivery carries several signatures, and one right one suffices."""

from __future__ import annotations

from functools import partial

from harness.http.message import Request
from harness.model import Level
from harness.webhooks.cases.building import Material
from harness.webhooks.cases.receiver_case import Expected, ReceiverCase, worded_case
from harness.webhooks.schemes import Scheme

_FIX = "Try every signature in the header and accept the delivery when one matches; ignore unknown versions."


def _single(scheme: Scheme) -> str:
    return "" if scheme.rotates else f"{scheme.name} sends only one signature"


def _other(m: Material) -> str:
    return m.signature(secret=m.scheme.new_secret())


def _labelled(label: str, m: Material) -> str:
    """Return another signature, labelled with an unknown version."""
    return m.scheme.another.format(signature=_other(m)).replace(m.scheme.label, label, 1)


def _unknown_after(m: Material) -> Request:
    return m.raw(m.value() + _labelled("v9", m))


def _unknown_first(m: Material) -> Request:
    """Return a header with a signature of an unknown version before the right one."""
    further = m.scheme.another.format(signature="\0")
    right = further.replace("\0", m.signature())
    unknown = m.value(_other(m)).replace(m.scheme.label, "v9", 1)
    return m.raw(unknown + right)


_case = partial(
    worded_case,
    item="webhooks.rotation",
    source="Standard Webhooks, Secret rotation; docs.stripe.com, Roll endpoint signing secrets",
    expected=Expected.ACKNOWLEDGED,
    fix=_FIX,
    not_applicable_to=_single,
)

CASES: tuple[ReceiverCase, ...] = (
    _case(
        id="right-signature-first",
        takes_effect=True,
        summary="the right signature listed before one made with another secret",
        build=lambda m: m.carrying(m.signature(), _other(m)),
    ),
    _case(
        id="right-signature-last",
        takes_effect=True,
        summary="the right signature listed after one made with another secret",
        build=lambda m: m.carrying(_other(m), m.signature()),
    ),
    _case(
        id="two-wrong-signatures",
        summary="two signatures made with other secrets",
        expected=Expected.REFUSED,
        build=lambda m: m.carrying(_other(m), _other(m)),
    ),
    _case(
        id="unknown-version-last",
        takes_effect=True,
        level=Level.SHOULD,
        summary="the right signature listed before one of an unknown version",
        build=_unknown_after,
    ),
    _case(
        id="unknown-version-first",
        takes_effect=True,
        level=Level.SHOULD,
        summary="the right signature listed after one of an unknown version",
        build=_unknown_first,
    ),
)
