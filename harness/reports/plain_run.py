"""The readiness section of plain pytest: the items that its tests touched, in as few lines as they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.core.shown_text import printable
from harness.model import ItemResult, Level, Mode, Outcome, Problem, VendorDifference
from harness.readiness.live_evidence import why_not_live
from harness.readiness.touched import TouchedItem
from harness.reports.terminal import INDENT, MARK_STYLES, Line, exclusion_lines, mark, problem_lines, vendor_lines
from harness.reports.text import WIDTH, advice

WHOLE = "Run the whole checklist: harness gate"
_REMARKS = {
    Mode.LIVE: "seen recorded only; the gate runs {} live",
    Mode.RECORDED: "seen live only; the gate plays {} from cassettes",
}
"""By the mode of which a run has no evidence; of an item, or of several."""
_BAD = (Outcome.FAIL, Outcome.ERROR)


def plain_lines(
    items: Sequence[TouchedItem],
    problems: Sequence[Problem] = (),
    *,
    vendor: Sequence[VendorDifference] = (),
    verbosity: int = 0,
    written: str = "",
) -> Iterator[Line]:
    """Yield the section; nothing where there is nothing to report.

    ``verbosity`` is pytest's: above 0 each item has a line of its own, below 0 only what is wrong is shown.
    ``written`` is the path of the report, empty where none was asked for.
    """
    for text, style in _lines(items, problems, verbosity):
        yield printable(text), style
    if verbosity >= 0:
        yield from vendor_lines(vendor)
    wrong = problems or any(item.result.outcome in _BAD for item in items)
    if wrong or (items and verbosity >= 0):
        yield from ([(f"Report: {written}", "")] if written else [])
        yield WHOLE, ""


def _lines(items: Sequence[TouchedItem], problems: Sequence[Problem], verbosity: int) -> Iterator[Line]:
    for problem in problems:
        yield from problem_lines(problem)
    yield from _bad([item for item in items if item.result.outcome in _BAD])
    if verbosity >= 0:
        yield from _others([item for item in items if item.result.outcome not in _BAD], each=verbosity > 0)


def _bad(items: Iterable[TouchedItem]) -> Iterator[Line]:
    """Yield what failed or could not be checked; items that one finding is about share its lines."""
    shared: dict[tuple[Outcome, str], list[ItemResult]] = {}
    for item in sorted(
        items, key=lambda i: i.unseen is not None
    ):  # the fix is that of an item which this run can prove
        shared.setdefault((item.result.outcome, item.result.summary), []).append(item.result)
    for (outcome, summary), results in shared.items():
        names = ", ".join(f"{r.id} (should)" if r.level is Level.SHOULD else r.id for r in results)
        weak = all(r.level is Level.SHOULD for r in results)
        yield f"{mark(outcome)} {names}: {summary}", "yellow" if weak else MARK_STYLES.get(outcome, "yellow")
        label, text = advice(results[0])
        yield f"{INDENT}{label}: {text}", ""
        yield from exclusion_lines(results[0])


def _others(items: Sequence[TouchedItem], *, each: bool) -> Iterator[Line]:
    """Yield the items that hold, were not run, or are waived: one line for all of a kind, or one for each."""
    kinds: dict[tuple[Outcome, str], list[ItemResult]] = {}
    for item in items:
        kinds.setdefault((item.result.outcome, _remark(item)), []).append(item.result)
    for (outcome, remark), results in kinds.items():
        if each:
            for result in results:
                remarks = "; ".join(dict.fromkeys(filter(None, (result.summary, _about(remark, 1)))))
                yield f"{mark(outcome)} {result.id}: {remarks}", MARK_STYLES.get(outcome, "")
            continue
        named = f"{mark(outcome)} {', '.join(r.id for r in results)}"
        if len(named) > WIDTH:
            named = f"{mark(outcome)} {len(results)} items (-v names them)"
        shared = _about(remark, len(results))
        yield f"{named}: {shared}" if shared else named, MARK_STYLES.get(outcome, "")


def _remark(item: TouchedItem) -> str:
    if item.unseen and item.result.outcome is Outcome.PASS:
        return why_not_live(item.result.findings) or _REMARKS[item.unseen]
    return item.result.summary if item.result.outcome is Outcome.NOT_RUN else ""


def _about(remark: str, number: int) -> str:
    """Return a remark about so many items."""
    return remark.format("it" if number == 1 else "them") if remark in _REMARKS.values() else remark
