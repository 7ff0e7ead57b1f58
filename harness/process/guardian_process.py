"""The guardian of one process: waits until that has ended, and ends what it has left running.

Runs as a script of its own, started by `harness.process.guardian`; until its owner ends, it imports almost nothing.
"""

import _signal as signal  # type: ignore[import-not-found] # which needs no other module, unlike `signal` itself
import os
import sys
import time

TOLD = 0
"""Descriptor on which the owner lists what it starts and what it has ended; its end is the owner's end."""
IN_GOOD_ORDER = b"bye"
"""Line of an owner that has ended everything itself."""
IS_GUARDIAN = b"HARNESS_GUARDIAN="
"""In the environment of every guardian: none ends another one."""
GRACE_S, WITHIN_S, POLL_S = 1.5, 10.0, 0.05
OUTLIVES = b"HARNESS_ENDS_WITH=nobody\0"
"""In the environment of what is to go on when its owner ends, and so are its children."""
_IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
_STATE, _PARENT, _GROUP, _SESSION, _THREADS, _BEGAN = 0, 1, 2, 3, 17, 19
"""Places in proc_pid_stat(5), from the third field on."""
_PROC = "/proc"


def main(mark: bytes, scratch: str) -> None:
    """Wait for the end of the owner, end what is left of it, and remove what its runs left in the folder ``scratch``.

    ``mark`` is in the environment of what the owner started.
    """
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    watched: dict[int, str] = {}
    rest = b""
    while told := os.read(TOLD, 4096):
        *lines, rest = (rest + told).split(b"\n")
        for line in lines:
            if line == IN_GOOD_ORDER and not watched:
                return
            _note(line, watched)
    end(watched, mark)
    _remove_abandoned(scratch)


def _remove_abandoned(scratch: str) -> None:
    sys.path.insert(0, __file__.rsplit("/", 3)[0])  # it runs without the packages of any environment
    from pathlib import Path

    from harness.process.scratch import remove_abandoned

    remove_abandoned(Path(scratch))


def _note(line: bytes, watched: dict[int, str]) -> None:
    """Note a line: ``+`` or ``-`` and the id of the first process of a group."""
    sign, number = line[:1], line[1:]
    if sign == b"+":
        watched[int(number)] = _began(int(number))
    elif sign == b"-":
        watched.pop(int(number), None)


def end(watched: dict[int, str], mark: bytes) -> None:
    """Ask every process that is left to end, and kill those that have not within a moment; give up after a while."""
    groups = {leader for leader, began in watched.items() if _began(leader) in ("", began)}
    began_s = time.monotonic()
    number = signal.SIGTERM
    while (left := _left(groups, mark)) and time.monotonic() < began_s + WITHIN_S:
        for pid in left:
            _send(pid, number)
        number = 0 if time.monotonic() < began_s + GRACE_S else signal.SIGKILL
        time.sleep(POLL_S)


def _left(groups: set[int], mark: bytes) -> list[int]:
    """Return what is left to end: processes, or below 0 whole groups where the system has no /proc."""
    if not os.path.isdir(f"{_PROC}/self"):  # noqa: PTH112 - also in what follows: it runs for each process
        return [target for leader in groups for target in (-leader, leader) if _send(target, 0)]
    spared, found = {os.getpid()}, set()
    children: dict[int, list[int]] = {}
    for pid in (int(name) for name in os.listdir(_PROC) if name.isdecimal()):  # noqa: PTH208
        fields = _stat(pid)
        if not fields or (fields[_STATE] in "ZXx" and int(fields[_THREADS]) <= 1):
            continue
        children.setdefault(int(fields[_PARENT]), []).append(pid)
        environment = _read(f"{_PROC}/{pid}/environ")
        if IS_GUARDIAN in environment:
            spared.add(pid)
        elif mark in environment or not groups.isdisjoint((int(fields[_GROUP]), int(fields[_SESSION]), pid)):
            found.add(pid)
        elif OUTLIVES in environment:
            spared.add(pid)
    waiting = list(found)
    while waiting:
        new = set(children.get(waiting.pop(), ())) - found - spared
        found |= new
        waiting += new
    return sorted(found - spared)


def _send(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # of another user by now; on macOS, a group that has ended and is not reaped
        return False
    return True


def _began(pid: int) -> str:
    """Return when a process began, in the words of the system; empty for one that is gone, or where none are known."""
    fields = _stat(pid)
    return fields[_BEGAN] if fields else ""


def _stat(pid: int) -> "list[str]":
    return _read(f"{_PROC}/{pid}/stat").rpartition(b")")[2].decode().split()


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return b""


if __name__ == "__main__":
    if os.fork() == 0:  # so that it is no child of its owner, whose program may look for children of its own
        main(sys.argv[1].encode(), sys.argv[2])
    os._exit(0)
