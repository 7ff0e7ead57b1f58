"""Group E, size: a receiver does not hold an endless unsigned body in memory.

Measured from outside, so in any language: how far the memory of the receiver grows while the body is sent. A heap also
grows, up to a point, when a body is discarded piece by piece. So a receiver that grew gets a far longer body, and fails
only if it grows along with that.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harness.model import Level, Outcome
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext

MIB = 1024 * 1024
LONG = 32 * MIB
LONGER = 160 * MIB

_PROC = Path("/proc")
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
    if not (_PROC / "self" / "stat").is_file():
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
    """Send a body of this size in chunks, unsigned, and measure before each of them."""
    assert context.process is not None
    event = context.fresh()
    built = context.receiver.material(event).carrying()
    wire = context.receiver.wire
    pids = list(_group(context.process.pid))
    measured = [_resident(pids)]

    def pieces() -> Iterator[bytes]:
        yield wire.head(built, ("transfer-encoding", "chunked"))
        for _ in range(size // MIB):
            yield _CHUNK
            measured.append(_resident(pids))
        yield b"0\r\n\r\n"
        measured.append(_resident(pids))

    answer = wire.exchange(pieces(), event=event.name, event_id=event.id)
    sent = min(size, (len(measured) - 1) * MIB)
    died = context.process.silence() is not None
    if died:
        context.restart()
    return _Seen(sent, measured[0], max(measured), answer.seen, died)


def _group(leader: int) -> Iterator[int]:
    """Yield the processes of a process group."""
    for folder in _PROC.iterdir():
        if folder.name.isdecimal() and _fields(int(folder.name))[2:3] == [str(leader)]:
            yield int(folder.name)


def _resident(pids: list[int]) -> int:
    """Return the memory that these processes have in use, in bytes."""
    return sum(int(fields[21]) for pid in pids if (fields := _fields(pid))) * _PAGE


def _fields(pid: int) -> list[str]:
    """Return the fields of proc_pid_stat(5) from the third on; none for a process that is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


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
