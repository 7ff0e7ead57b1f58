"""Reads from a SARIF 2.1.0 document what a scanner found: rule, place and level, and no content of files."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import msgspec

from harness.core.cutting import cut

VERSION = "2.1.0"
MOST_RESULTS = 100_000
"""Of one document that are read."""
MOST_MESSAGE = 300
"""Characters of a rule's description that a finding shows."""
_MOST_BASES = 10
"""URIs that one is relative to, in turn."""


class SarifError(ValueError):
    """A document that proves nothing; the text continues "the scanner's document "."""


class SarifLevel(enum.StrEnum):
    """How serious a result is (SARIF section 3.27.10)."""

    NONE = "none"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class ScannerResult(msgspec.Struct, frozen=True, kw_only=True):
    """One result."""

    rule: str
    level: SarifLevel
    settled: bool
    """Whether the scanner is sure; False where somebody is to review it (``kind``)."""
    message: str
    """May hold the secret: it is the scanner's own text."""
    path: str
    """As the scanner writes it; empty where it names no file."""
    line: int
    """0 where it names none."""
    last_line: int


class ScannerReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of a scanner reported."""

    tools: tuple[str, ...]
    results: tuple[ScannerResult, ...]
    suppressed: int
    """Results that the scanner's own configuration accepts."""


class _SarifText(msgspec.Struct):
    text: str = ""
    id: str = ""


class _SarifConfiguration(msgspec.Struct):
    level: SarifLevel | None = None


class _SarifRule(msgspec.Struct, rename="camel"):
    id: str = ""
    short_description: _SarifText | None = None
    message_strings: dict[str, _SarifText] = {}
    default_configuration: _SarifConfiguration | None = None


class _SarifDriver(msgspec.Struct):
    name: str
    version: str = ""
    rules: list[_SarifRule] = []


class _SarifTool(msgspec.Struct):
    driver: _SarifDriver


class _SarifArtifact(msgspec.Struct, rename="camel"):
    uri: str = ""
    uri_base_id: str = ""
    index: int = -1


class _SarifRegion(msgspec.Struct, rename="camel"):
    start_line: int = 0
    end_line: int = 0


class _SarifPhysical(msgspec.Struct, rename="camel"):
    artifact_location: _SarifArtifact | None = None
    region: _SarifRegion | None = None


class _SarifLocation(msgspec.Struct, rename="camel"):
    physical_location: _SarifPhysical | None = None


class _SarifSuppression(msgspec.Struct):
    status: str = "accepted"


class _SarifRuleReference(msgspec.Struct):
    id: str = ""
    index: int = -1


class _SarifResult(msgspec.Struct, rename="camel"):
    message: _SarifText
    rule_id: str = ""
    rule_index: int = -1
    rule: _SarifRuleReference | None = None
    level: SarifLevel | None = None
    kind: str = "fail"
    baseline_state: str = ""
    locations: list[_SarifLocation] = []
    suppressions: list[_SarifSuppression] = []


class _SarifNotification(msgspec.Struct):
    message: _SarifText | None = None
    level: SarifLevel = SarifLevel.WARNING


class _SarifInvocation(msgspec.Struct, rename="camel"):
    execution_successful: bool = True
    tool_execution_notifications: list[_SarifNotification] = []


class _SarifFileEntry(msgspec.Struct):
    location: _SarifArtifact | None = None


class _SarifRun(msgspec.Struct, rename="camel"):
    tool: _SarifTool
    results: list[_SarifResult] | None = None
    invocations: list[_SarifInvocation] = []
    artifacts: list[_SarifFileEntry] = []
    original_uri_base_ids: dict[str, _SarifArtifact] = {}


class _SarifDocument(msgspec.Struct):
    version: str
    runs: list[_SarifRun]


_KINDS = {"fail", "review", "open"}
"""Of results that report something; the others are ``pass``, ``notApplicable`` and ``informational``."""


def read_sarif(data: bytes) -> ScannerReport:
    """Read a document; raises `SarifError` for what is none, or does not show that the scanner ran to its end."""
    document = _decoded(data)
    if document.version != VERSION:
        raise SarifError(f"is of SARIF version {cut(document.version, 20)!r}; {VERSION} is read")
    if not document.runs:
        raise SarifError("has no run, so nothing shows that the scanner ran")
    results, suppressed = list[ScannerResult](), 0
    for run in document.runs:
        for result in _results(run):
            if _is_suppressed(result):
                suppressed += 1
            elif result.kind in _KINDS and result.baseline_state != "absent":
                results.append(_read(result, run))
    if len(results) > MOST_RESULTS:
        raise SarifError(f"has {len(results)} results; at most {MOST_RESULTS} are read")
    tools = tuple(f"{run.tool.driver.name} {run.tool.driver.version}".rstrip() for run in document.runs)
    return ScannerReport(tools=tools, results=tuple(results), suppressed=suppressed)


def _decoded(data: bytes) -> _SarifDocument:
    data = data.removeprefix(b"\xef\xbb\xbf").strip()
    if not data:
        raise SarifError("is empty")
    try:
        return msgspec.json.decode(data, type=_SarifDocument)
    except msgspec.ValidationError as exc:
        raise SarifError(f"is not SARIF {VERSION}: {exc}") from None
    except (msgspec.DecodeError, RecursionError):
        raise SarifError(f"is not JSON, and SARIF {VERSION} is") from None


def _results(run: _SarifRun) -> list[_SarifResult]:
    if not all(invocation.execution_successful for invocation in run.invocations):
        raise SarifError("states that the scanner did not succeed (executionSuccessful)")
    notes = [note for invocation in run.invocations for note in invocation.tool_execution_notifications]
    if any(note.level is SarifLevel.ERROR for note in notes):
        raise SarifError("has an error in its toolExecutionNotifications, so something was not searched")
    if run.results is None:
        raise SarifError("has a run without results; a scanner that found nothing writes an empty list")
    return run.results


def _is_suppressed(result: _SarifResult) -> bool:
    """Return whether its suppressions are all accepted (section 3.35.3)."""
    return bool(result.suppressions) and all(each.status == "accepted" for each in result.suppressions)


def _read(result: _SarifResult, run: _SarifRun) -> ScannerResult:
    rule = _rule(result, run)
    own = rule.default_configuration.level if rule and rule.default_configuration else None
    path, region = _place(result, run)
    line = max(region.start_line, 0)
    return ScannerResult(
        rule=cut(result.rule_id or (rule.id if rule else "") or "unnamed rule", 100),
        level=result.level or own or SarifLevel.WARNING,
        settled=result.kind == "fail",
        message=cut(_message(result, rule), MOST_MESSAGE),
        path=path,
        line=line,
        last_line=max(region.end_line, line),
    )


def _rule(result: _SarifResult, run: _SarifRun) -> _SarifRule | None:
    rules, reference = run.tool.driver.rules, result.rule or _SarifRuleReference()
    for index in (result.rule_index, reference.index):
        if 0 <= index < len(rules):
            return rules[index]
    result.rule_id = result.rule_id or reference.id
    # An id may have a further part behind that of its rule (section 3.27.5).
    return next((rule for rule in rules if rule.id and f"{result.rule_id}/".startswith(f"{rule.id}/")), None)


def _message(result: _SarifResult, rule: _SarifRule | None) -> str:
    """Return the text of a result, or of its rule; one with arguments is not filled in, as they quote files."""
    own = result.message.text
    if not own and rule:
        named = rule.message_strings.get(result.message.id)
        own = (named.text if named else "") or (rule.short_description.text if rule.short_description else "")
    return " ".join(own.split())


def _place(result: _SarifResult, run: _SarifRun) -> tuple[str, _SarifRegion]:
    for location in result.locations:
        physical = location.physical_location
        if physical and physical.artifact_location:
            return "".join(_uri_parts(physical.artifact_location, run)), physical.region or _SarifRegion()
    return "", _SarifRegion()


def _uri_parts(artifact: _SarifArtifact, run: _SarifRun) -> Iterator[str]:
    """Yield the parts of a path, decoded: what it is relative to, in turn, and then its own."""
    if not artifact.uri and 0 <= artifact.index < len(run.artifacts):
        artifact = run.artifacts[artifact.index].location or artifact
    parts, named = [_path(artifact.uri)], artifact
    for _ in range(_MOST_BASES):
        base = run.original_uri_base_ids.get(named.uri_base_id)
        if base is None or parts[0].startswith("/"):
            break
        named = base
        parts.insert(0, f"{_path(base.uri).rstrip('/')}/" if base.uri else "")
    yield from parts


def _path(uri: str) -> str:
    """Return the path of a URI; scanners also write paths as they are, with spaces and percent signs in them."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri
    if parts.scheme == "file":
        return unquote(parts.path)
    return unquote(uri)
