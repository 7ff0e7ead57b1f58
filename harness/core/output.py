"""The standard streams of a process, without its secrets: whatever is printed passes here."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TextIO, cast

HARMLESS = 2
"""As many characters of a secret reveal nothing, and are not held back where the stream is flushed."""


class Redacting(Protocol):
    """What knows secrets, such as a `harness.secrets.Vault`."""

    def redact(self, text: str) -> str:
        """Return a text without any of them."""

    def unfinished(self, text: str) -> int:
        """Return how many characters at the end of a text may be the beginning of one whose rest follows."""


class Output:
    """Everything that this process prints while its streams are redacted, and the secrets that it knows by then."""

    def __init__(self, first: Callable[[], Redacting | None] = lambda: None) -> None:
        """``first`` is asked for secrets when something is printed before any is known."""
        self._first: Callable[[], Redacting | None] | None = first
        self._known: list[Redacting] = []

    def learn(self, known: Redacting) -> None:
        """Take out of all that is printed from now on what ``known`` knows, and what it will learn."""
        self._first = None
        self._known.append(known)

    def redact(self, text: str) -> str:
        """Return a text as it may be printed."""
        self._ask_first()
        for known in self._known:
            text = known.redact(text)
        return text

    def unfinished(self, text: str) -> int:
        """Return how many characters at the end of a text have to wait for what follows."""
        self._ask_first()
        return max((known.unfinished(text) for known in self._known), default=0)

    def _ask_first(self) -> None:
        first, self._first = self._first, None
        if first is not None and (known := first()) is not None:
            self._known.append(known)


class RedactedStream:
    """A stream for text that passes everything on without secrets, and at once.

    It waits only for the rest of what may be the beginning of a secret: one may arrive in several pieces.
    """

    def __init__(self, inner: TextIO, output: Output) -> None:
        self._inner = inner
        self._output = output
        self._kept = ""
        self._shown = 0
        """Characters of what waits that were printed all the same."""
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        """Be in all else like the stream inside."""
        return getattr(self._inner, name)

    @property
    def buffer(self) -> Any:
        """The same for bytes, where the stream inside takes them."""
        return _RedactedBytes(self, self._inner.buffer)

    def write(self, text: str) -> int:
        """Write a text."""
        with self._lock:
            self._inner.write(self.ready(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Print everything but what may be a good part of a secret."""
        with self._lock:
            if len(self._kept) <= HARMLESS:
                self._inner.write(self._kept[self._shown :])
                self._shown = len(self._kept)
            self._inner.flush()

    def ready(self, text: str) -> str:
        """Return what may be passed on when ``text`` has arrived."""
        shown, text = self._kept[: self._shown], self._kept + text
        ends = len(text) - self._output.unfinished(text)
        redact = self._output.redact
        clean, self._kept = redact(text[:ends]), text[ends:]
        if self._kept and clean + redact(self._kept) != (whole := redact(text)):
            clean, self._kept = whole, ""  # the end of a secret, which might have been the beginning of the next
        self._shown = 0 if clean else self._shown
        return clean.removeprefix(shown)

    def finish(self) -> None:
        """Write the beginning of a secret whose rest never came."""
        with self._lock:
            self._inner.write(self._output.redact(self._kept[self._shown :]))
            self._kept, self._shown = "", 0
            self._inner.flush()


class _RedactedBytes:
    """The buffer of a redacted stream."""

    def __init__(self, stream: RedactedStream, inner: Any) -> None:
        self._stream = stream
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, data: bytes) -> int:
        """Write bytes that are text in UTF-8, or not."""
        self._stream.flush()
        text = self._stream.ready(bytes(data).decode(errors="surrogateescape"))
        self._inner.write(text.encode(errors="surrogateescape"))
        return len(data)


class RedactedStreams:
    """The standard output and the standard error of this process, redacted until they are restored."""

    def __init__(self, output: Output) -> None:
        """Replace both."""
        self.stays = False
        """Whether they stay redacted, because what ends this process is printed last."""
        self._before = sys.stdout, sys.stderr
        self._made = RedactedStream(sys.stdout, output), RedactedStream(sys.stderr, output)
        sys.stdout, sys.stderr = (cast(TextIO, made) for made in self._made)

    def restore(self) -> None:
        """Put the streams back that were there, unless something has replaced ours since, or they are to stay."""
        for made in self._made:
            made.finish()
        if not self.stays and (sys.stdout, sys.stderr) == self._made:
            sys.stdout, sys.stderr = self._before


_listening: list[Output] = []


def announce(known: Redacting) -> None:
    """Let the commands that run in this process print nothing of what ``known`` knows, and will learn."""
    for output in _listening:
        output.learn(known)


@contextmanager
def redacted_streams() -> Iterator[None]:
    """Redact the standard streams in the block; every `Vault` that is made in it is known to them."""
    output = Output()
    streams = RedactedStreams(output)
    _listening.append(output)
    try:
        yield
    finally:
        _listening.remove(output)
        streams.restore()
