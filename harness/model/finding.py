"""A finding: one observation about one checklist item."""

from __future__ import annotations

import enum
import hashlib
import re

import msgspec

from harness.core.encodable import encodable, json_bytes

_BRIEF_CHARS = 60
"""Characters of an observation or expectation that fits into a headline."""
UNSERVED_CHECK = "unserved"
"""Id of the check whose findings, one for each operation that the server does not have, are one in the report."""
_RESPONSE = re.compile(r"(HTTP \d{3}) ['\"]")


class Outcome(enum.StrEnum):
    """Result of an observation, or of an item as a whole. Only a waiver in harness.toml makes it ``waived``."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    ERROR = "error"
    NOT_RUN = "not_run"
    NOT_APPLICABLE = "not_applicable"
    WAIVED = "waived"


class Mode(enum.StrEnum):
    """Where the observation was made: against the running target, or from a recording."""

    LIVE = "live"
    RECORDED = "recorded"


class Level(enum.StrEnum):
    """``must`` blocks READY; ``should`` warns."""

    MUST = "must"
    SHOULD = "should"


class FixedBy(enum.StrEnum):
    """Who can correct what fails."""

    INTEGRATION = "integration"
    PROVIDER = "provider"


EXCUSABLE = (Outcome.FAIL, Outcome.ERROR, Outcome.NOT_RUN)
"""Outcomes that a waiver may excuse."""


def stable_id(subject: str, check: str, cause: str) -> str:
    """Return the id of a defect, from its subject, check and cause; none may contain values of an example."""
    named = f"{subject}\n{check}\n{cause}"
    return f"F-{hashlib.sha256(encodable(named).encode()).hexdigest()[:10]}"


class Exclusion(msgspec.Struct, frozen=True, kw_only=True):
    """What harness.toml would need so that operations are left out."""

    section: str
    """``provider`` or ``fuzz``: the one whose lists hold now."""
    selectors: tuple[str, ...]
    """The whole value of its ``exclude``, with what it has now."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One of several findings that the report has as one."""

    id: str
    check: str
    subject: str
    """The operation."""
    observed: str = ""
    reproduce: str = ""


class CallMoment(msgspec.Struct, frozen=True, kw_only=True):
    """One call in the timeline of a finding about a client."""

    at: float
    """Seconds since the first call."""
    call: str
    """``METHOD /path``."""
    met: str
    """What it got: a fault, or the provider's status."""
    faulted: bool
    due: float | None = None
    """When the next attempt is expected at the earliest, in seconds since the first call; None where nothing asks."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One observation: which item it is about, its outcome, what was expected and seen."""

    item: str
    """Id of the checklist item, such as ``webhooks.signatures``."""
    outcome: Outcome
    summary: str
    """The line that a person reads first."""
    expected: str = ""
    observed: str = ""
    reproduce: str = ""
    """A command line that repeats the observation."""
    request: str = ""
    """The request that was sent, as a curl command without secrets."""
    fix: str = ""
    """How to fix this observation, where the item's remediation is too general."""
    source: str = ""
    """Where the expectation comes from: an RFC section, a vendor's page, a CVE."""
    case: str = ""
    """Id of the case; empty where the observation is not one."""
    check: str = ""
    """Id of its check, such as ``truncated``; empty for a finding of your own test."""
    level: Level = Level.MUST
    """``should``: it turns an item into a warning at most, also where the item's level is ``must``."""
    fixed_by: FixedBy = FixedBy.INTEGRATION
    """``provider``: where the provider is a vendor's API, it is reported beside the verdict and never blocks it."""
    mode: Mode = Mode.LIVE
    subject: str = ""
    """What shows the defect, such as the operation; empty for other observations."""
    cause: str = ""
    """What is wrong, in words that are the same for every subject; empty where the summary has them."""
    id: str = ""
    """The same in every run, by which it can be waived; given to each that failed where it enters the report."""
    aliases: tuple[str, ...] = ()
    """Ids under which earlier versions reported it, together with others; waivers of them cover it."""
    once_of: str = ""
    """Item that such an observation was about in earlier versions: waivers of its id there remain valid."""
    test: str = ""
    """Node id of the test that made the observation; filled in by the plugin."""
    operations: tuple[str, ...] = ()
    """All operations that it is about, where the report has one finding for those of several; else empty."""
    ids: tuple[str, ...] = ()
    """Ids of the findings that it stands for, each of which can be waived too."""
    members: tuple[Member, ...] = ()
    """The findings that it stands for, each with what was observed and the command that repeats it."""
    called: tuple[str, ...] = ()
    """Those of its operations that the integration itself calls: in scenarios, cassettes or runs of its client."""
    timeline: tuple[CallMoment, ...] = ()
    """The calls of a client that it is about, in order."""
    note: str = ""
    """Why nobody would correct it; then it decides nothing, and the report has it apart."""
    exclude: Exclusion | None = None
    """What would leave these operations out; None where it is about a single one, or nothing would be left."""

    @property
    def headline(self) -> str:
        """The summary of a failure with what was observed, where both are short; otherwise the summary alone.

        ``Accepted a signature cut by four characters: HTTP 200, expected 4xx``; of a response it has only the status.
        """
        if not self.is_brief:
            return self.summary
        name = f" ({self.id})" if self.is_named else ""
        return f"{self.summary.removesuffix(name)}: {self._seen}, expected {self.expected}{name}"

    @property
    def cause_or_summary(self) -> str:
        """What is wrong, without the subject and the id, so that findings of one cause have the same text."""
        named = f" ({self.id})" if self.id else ""
        return self.cause or self.summary.removesuffix(named).removeprefix(f"{self.subject}: " if self.subject else "")

    @property
    def is_of_provider(self) -> bool:
        """Whether only the provider can correct what one of its operations does."""
        return bool(self.subject or self.operations) and self.fixed_by is FixedBy.PROVIDER

    @property
    def is_shared(self) -> bool:
        """Whether its cause can be that of findings of other operations and checks, so that all are one finding."""
        return bool(self.id and self.check and self.subject and self.cause) and self.fixed_by is FixedBy.PROVIDER

    @property
    def is_named(self) -> bool:
        """Whether its summary ends with its id."""
        return bool(self.id) and self.summary.endswith(f" ({self.id})")

    @property
    def is_brief(self) -> bool:
        """Whether the headline contains what was observed and expected."""
        short = all(text and "\n" not in text and len(text) <= _BRIEF_CHARS for text in (self._seen, self.expected))
        return self.outcome is Outcome.FAIL and short and self._seen not in self.summary

    @property
    def _seen(self) -> str:
        """What was observed; of a response its status, without the body that follows in quotes."""
        status = _RESPONSE.match(self.observed)
        return status[1] if status else self.observed

    def named(self, subject: str, check: str, cause: str) -> Finding:
        """Return the finding with the stable id of its defect, which is appended to its summary."""
        name = stable_id(subject, check, cause)
        return msgspec.structs.replace(self, id=name, subject=subject, summary=f"{self.summary} ({name})")

    def to_json(self) -> str:
        """Return the finding as one line of JSON, the form in which findings travel between processes."""
        return json_bytes(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Finding:
        """Read what `to_json` wrote; raises `msgspec.ValidationError` for anything else."""
        return msgspec.json.decode(text, type=cls)
