"""Scenarios that did not run to their end, and the declarations that accept it for some time."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import msgspec


class DeclaredSkip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of ``[target] skips``: tests that may be skipped, or fail as expected, for some time."""

    IDENTITY: ClassVar[tuple[str, ...]] = ("test",)

    test: str
    """Glob of node ids, such as ``scenarios/test_refunds.py::*``; only ``*`` and ``?`` are special."""
    reason: str
    """Why the scenario may be left out."""
    expires: dt.date
    """Last day on which the declaration is valid."""


class SkippedTest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scenario that verifies no item, and was skipped or failed as expected."""

    test: str
    """Its node id."""
    reason: str
    """What the skip or the ``xfail`` gives as reason, redacted; empty for none."""
    declared: DeclaredSkip | None = None
    """The declaration that accepts it; None where none does, which keeps the verdict from READY."""
