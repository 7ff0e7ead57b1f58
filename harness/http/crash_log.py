"""Where in the code of a provider a request crashed, by what its log gained meanwhile."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx

from harness.process.log_parts import log_part, log_size

CRASHED_IN = "harness.crashed_in"
"""Extension of a response with the exception and the place in the provider's code; absent where that is not certain."""
WITHIN_S = 0.5
"""Longest wait for the trace of a crash, which many servers write after their answer."""
MOST_MISSES = 2
"""Crashes in a row without a trace, after which the log is taken to have none."""
MOST_BYTES = 1 << 18
_STEP_S = 0.01
_PYTHON = re.compile(
    r"^Traceback \(most recent call last\):\n(?P<frames>(?:[ \t]+.*\n)+)(?P<error>[A-Za-z_][\w.]*)(?=[:\n])",
    re.MULTILINE,
)
_PYTHON_FRAME = re.compile(r'^[ \t]+File "(?P<file>[^"\n]+)", line \d+, in (?P<function>\S+)', re.MULTILINE)
_CHAINED = re.compile(
    r"\n\n(?:During handling of the above exception|The above exception was the direct cause)[^\n]*\n\n"
)
_GROUPED = re.compile(r"^[ ]*(?:\| |\+[-+ ]*)", re.MULTILINE)
"""Margin of a traceback within an exception group."""
_NODE = re.compile(
    r"^(?:[^\n]*\s)?(?P<error>(?:[A-Z]\w*)?(?:Error|Exception))\b[^\n]*\n(?P<frames>(?:[ \t]+at [^\n]+\n)+)",
    re.MULTILINE,
)
_NODE_FRAME = re.compile(
    r"^[ \t]+at (?:(?:async |new )?(?P<function>[^\s(]+) (?:\[as \S+\] )?\()?(?:file://)?(?P<file>[^()\s]+?):\d+:\d+\)?$",
    re.MULTILINE,
)
_OF_LIBRARIES = re.compile(r"site-packages|dist-packages|node_modules")
_OF_THE_RUNTIME = re.compile(r"/lib/python[\d.]+/(?!(?:site|dist)-packages)|^<|^node:|^internal/")


class LogState(NamedTuple):
    """The state of a log before a request."""

    size: int
    begun: int
    alone: bool


class CrashLog:
    """The log of the provider's process, which nobody else calls meanwhile; for any number of threads."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives seconds."""
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._begun = 0
        self._open = 0
        self._misses = 0

    def begin(self) -> LogState:
        """Note the state of the log before a request; each is followed by `end`."""
        with self._lock:
            self._begun += 1
            self._open += 1
            return LogState(log_size(self._path), self._begun, self._open == 1)

    def end(self, mark: LogState, *, crashed: bool) -> str:
        """Return where the request crashed, such as ``KeyError in shop/orders.py, create``.

        It is empty where there is no trace of that, more than one, or where other requests were under way.
        """
        found: set[str] = set()
        if crashed and self._misses < MOST_MISSES:
            found = self._gained(mark.size)
            self._misses = 0 if found else self._misses + 1
        with self._lock:
            self._open -= 1
            certain = mark.alone and self._begun == mark.begun
        return found.pop() if certain and len(found) == 1 else ""

    def _gained(self, size: int) -> set[str]:
        """Wait until the log has gained a whole trace; return the places that it names."""
        ends, before = self._clock() + WITHIN_S, -1
        while True:
            now = log_size(self._path)
            if now == before and (found := set(crashes_in(log_part(self._path, size, MOST_BYTES)))):
                return found
            if self._clock() >= ends:
                return set()
            before = now
            time.sleep(_STEP_S)


def traced(log: CrashLog | None, send: Callable[[], httpx.Response]) -> httpx.Response:
    """Return what ``send`` returns; where that is a 5xx, with the place of the crash, if the log shows it."""
    if log is None:
        return send()
    mark, crashed = log.begin(), False
    try:
        response = send()
        crashed = response.is_server_error
    finally:
        place = log.end(mark, crashed=crashed)
    if place:
        response.extensions[CRASHED_IN] = place
    return response


def crashes_in(log: str) -> Iterator[str]:
    """Yield the exception and the innermost frame of the provider's own code of each trace of Python and of Node.js.

    Exceptions that were raised one because of the other are one, the last.
    """
    text = _GROUPED.sub("", log.replace("\r\n", "\n"))
    traces = list(_PYTHON.finditer(text))
    chain: list[_RaisedAt] = []
    for number, trace in enumerate(traces, start=1):
        chain.append(_place(trace, _PYTHON_FRAME, last=True))
        until = traces[number].start() if number < len(traces) else trace.end()
        if not _CHAINED.search(text, trace.end(), until):
            yield max(reversed(chain), key=lambda place: place.is_own).text
            chain = []
    yield from (_place(trace, _NODE_FRAME, last=False).text for trace in _NODE.finditer(text))


class _RaisedAt(NamedTuple):
    """Where one exception was raised."""

    is_own: bool
    """Whether that is in the provider's own code."""
    text: str


def _place(trace: re.Match[str], frames: re.Pattern[str], *, last: bool) -> _RaisedAt:
    """Return the innermost frame of the provider's code, else of a library: a packaged server is one as a whole."""
    error = trace["error"].rpartition(".")[2]
    of_code = [frame for frame in frames.finditer(trace["frames"]) if not _OF_THE_RUNTIME.search(frame["file"])]
    own = [frame for frame in of_code if not _OF_LIBRARIES.search(frame["file"])]
    if not of_code:
        return _RaisedAt(is_own=False, text=f"{error} in a library")
    frame = (own or of_code)[-1 if last else 0]
    file = "/".join(frame["file"].replace("\\", "/").split("/")[-2:])
    return _RaisedAt(is_own=bool(own), text=f"{error} in {file}, {frame['function'] or 'its top level'}")
