"""The one way into the report: invalid findings and unknown items are refused, secrets are redacted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from harness.core.cutting import cut
from harness.core.encodable import encodable, json_bytes, with_texts
from harness.errors import ConfigurationError, FindingError
from harness.model import Finding, Outcome
from harness.model.signals import SignalMatrix
from harness.readiness.checklist import Checklist
from harness.readiness.finding_ids import identified

MAX_CHARS = 2000
"""Of each text of a finding; what is longer is cut."""
StructT = TypeVar("StructT", bound=msgspec.Struct)


class Admission:
    """Decides which findings enter the report, and takes the secrets out of them.

    Whatever makes a finding (a fixture, a test's outcome, a hook, a property that a worker sent) hands it over here.
    Admitting a finding twice changes nothing.
    """

    def __init__(self, checklist: Checklist, redact: Callable[[str], str]) -> None:
        """``redact`` takes every known secret out of a text."""
        self._checklist = checklist
        self._redact = redact

    def redact(self, text: str) -> str:
        """Return a text as it may enter the report: without secrets, and written so that every format can carry it."""
        return self._redact(encodable(text))

    def redacted(self, struct: StructT) -> StructT:
        """Return what becomes a part of the report, or all of it, with every text redacted, whichever it is."""
        whole = json_bytes(struct).decode()
        return struct if self._redact(whole) == whole else with_texts(struct, self.redact)

    def admit(self, given: object, where: str, *, origin: str = "") -> Finding:
        """Return ``given`` as it enters the report: every text redacted, and cut after `MAX_CHARS` characters.

        One that failed has an id from then on; ``origin`` is the test, without anything that depends on the run.
        Raises `FindingError` that names ``where``, the hook or test it comes from, unless it is a valid `Finding`.
        """
        finding = self._validated(given, where)
        self.require(finding.item, where, failed=finding.outcome is Outcome.FAIL)
        if finding.outcome is Outcome.WAIVED:
            raise self._refusal(
                f"{where}: a finding cannot be 'waived'. Add a [[waiver]] to harness.toml instead.", finding
            )
        own = msgspec.structs.replace(finding, operations=(), ids=(), exclude=None)  # the report has those
        clean = msgspec.structs.replace(with_texts(own, self._clean), item=finding.item)
        return identified(clean, origin)

    def admit_json(self, text: object, where: str, *, origin: str = "") -> Finding:
        """The same for the JSON of a finding, the form in which findings travel between processes."""
        try:
            finding = Finding.from_json(str(text))
        except (msgspec.MsgspecError, UnicodeError) as exc:
            raise self._refusal(f"{where}: its property is not the JSON of a finding: {exc}. {_ATTACH}") from None
        return self.admit(finding, where, origin=origin)

    def admit_signals(self, text: object, where: str) -> SignalMatrix:
        """Return the matrix of signals in a JSON text as it enters the report, every text redacted.

        Raises `FindingError` that names ``where``, the test it comes from, unless it is one.
        """
        try:
            return with_texts(msgspec.json.decode(str(text), type=SignalMatrix), self._clean)
        except (msgspec.MsgspecError, UnicodeError) as exc:
            raise FindingError(
                self.redact(
                    f"{where}: its property is not the JSON of a matrix of signals: {exc}. "
                    "Only the harness may set it: use the fixture `signal_matrix`."
                )
            ) from None

    def require(self, item_id: str, where: str, *, failed: bool = False) -> None:
        """Raise `FindingError`, naming ``where`` and the nearest id, unless ``item_id`` is on the checklist."""
        try:
            self._checklist.require(item_id, where)
        except ConfigurationError as exc:
            raise FindingError(self.redact(str(exc)), failed=failed) from None

    def _validated(self, given: object, where: str) -> Finding:
        if not isinstance(given, Finding):
            raise self._refusal(f"{where}: {type(given).__name__} is not a finding. {_ATTACH}")
        try:  # msgspec checks no type when a struct is made in Python
            return msgspec.convert(msgspec.to_builtins(given), Finding)
        except (msgspec.MsgspecError, TypeError, ValueError) as exc:
            raise self._refusal(f"{where}: the finding about {given.item!r} is not valid: {exc}.", given) from None

    def _refusal(self, text: str, finding: Finding | None = None) -> FindingError:
        return FindingError(self.redact(text), failed=finding is not None and finding.outcome == Outcome.FAIL)

    def _clean(self, text: str) -> str:
        return cut(self.redact(text), MAX_CHARS)


_ATTACH = "Make a harness.Finding, and attach it with the fixture `findings` or return it from the hook in a list."
