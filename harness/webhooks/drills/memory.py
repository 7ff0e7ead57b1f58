"""Group E, size: a receiver does not hold an endless unsigned body in memory.

Measured from outside, so in any language: how far the memory of the receiver grows while the body is sent, until the
answer, and shortly after it, for many a framework reads a body whole only when its last byte is there. A heap also
grows, up to a point, when a body is discarded piece by piece. So a receiver that grew gets a far longer body, and fails
only if it grows along with that.
"""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harness.model import Level, Outcome
from harness.process.groups import group_members, has_proc, stat_fields
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext

MIB = 1024 * 1024
LONG = 32 * MIB
LONGER = 160 * MIB

AFTER_S = 0.5
"""Seconds after the answer in which the memory is measured too."""

_PROC = Path("/proc")
_PEAK = re.compile(r"^VmHWM:\s*(\d+) kB", re.MULTILINE)
_RESET = "5"
"""Makes the present size the highest one so far (proc_pid_clear_refs(5))."""
_PAGE = resource.getpagesize()
_CHUNK = b"%x\r\n%s\r\n" % (MIB, b"x" * MIB)


class _Seen(NamedTuple):
    """What was measured while one body was sent; sizes in bytes."""

    sent: int
    before: int
    most: int
    answer: str
    died: bool


def _bounded(context: DrillContext) -> Judgement:
    if not has_proc():
        return Outcome.NOT_RUN, "the memory of a process is read from /proc, which only Linux has"
    first = _sent(context, LONG)
    seen = _in_words(first, first.before)
    if first.died or first.most - first.before < LONG // 2:
        return passes_if(not first.died, seen)
    second = _sent(context, LONGER)
    grows = second.most - first.most >= (LONGER - LONG) // 2
    return passes_if(not grows and not second.died, f"{seen}; {_in_words(second, first.most)} more")


def _in_words(seen: _Seen, before: int) -> str:
    grown = max(0, seen.most - before) // MIB
    died = ", then the process was dead or did not respond" if seen.died else ""
    return f"{seen.sent // MIB} MiB sent: {seen.answer}{died}; memory grew by {grown} MiB"


def _sent(context: DrillContext, size: int) -> _Seen:
    """Send a body of this size in chunks, unsigned, and measure before each of them, and until it is dealt with."""
    assert context.process is not None
    event = context.fresh()
    built = context.receiver.material(event).carrying()
    wire = context.receiver.wire
    pids = list(group_members(context.process.pid))
    measured = [_resident(pids)]
    peaks = _Peaks(pids)

    def pieces() -> Iterator[bytes]:
        yield wire.head(built, ("transfer-encoding", "chunked"))
        for _ in range(size // MIB):
            yield _CHUNK
            measured.append(_resident(pids))
        yield b"0\r\n\r\n"
        measured.append(_resident(pids))

    answer = wire.exchange(pieces(), event=event.name, event_id=event.id)
    sent = min(size, (len(measured) - 1) * MIB)
    time.sleep(AFTER_S)
    measured += [_resident(pids), peaks.sum()]
    died = context.process.silence() is not None
    if died:
        context.restart()
    return _Seen(sent, measured[0], max(measured), answer.seen, died)


class _Peaks:
    """The highest memory that each process has had in use since this was made, where the system reports it."""

    def __init__(self, pids: list[int]) -> None:
        self._pids = pids
        self._known = [pid for pid in pids if self._reset(pid)]

    def sum(self) -> int:
        """Return the sum of what they had at most, in bytes, be it at different times; 0 where not all are known."""
        if not self._known or self._known != self._pids:
            return 0
        return sum(map(self._peak, self._known)) * 1024

    @staticmethod
    def _reset(pid: int) -> bool:
        try:
            (_PROC / str(pid) / "clear_refs").write_text(_RESET)
        except OSError:
            return False
        return True

    @staticmethod
    def _peak(pid: int) -> int:
        try:
            found = _PEAK.search((_PROC / str(pid) / "status").read_text(errors="replace"))
        except OSError:
            return 0
        return int(found[1]) if found else 0


def _resident(pids: list[int]) -> int:
    """Return the memory that these processes have in use, in bytes."""
    return sum(int(fields[21]) for pid in pids if (fields := stat_fields(pid))) * _PAGE


DRILLS: tuple[Drill, ...] = (
    Drill(
        id="memory",
        item="webhooks.robust",
        level=Level.SHOULD,
        summary=f"an unsigned body of {LONG // MIB} MiB in chunks, without a content length",
        passed="Did not hold a long unsigned body in memory",
        failed="Held a long unsigned body in memory, or died while reading it",
        expected="memory that does not grow with the body",
        source="CWE-770",
        fix="Count the bytes of a body as they arrive, stop reading at a limit, and answer 413.",
        needs=(),
        needs_process="measure the memory of the receiver",
        run=_bounded,
    ),
)
