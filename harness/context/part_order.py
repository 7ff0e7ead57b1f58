"""What the gate orders of one pytest: which part of the run it is, and what it shares with the others."""

from __future__ import annotations

import enum
import os
from contextlib import suppress
from pathlib import Path

import msgspec

from harness import __version__
from harness.core.encodable import json_bytes
from harness.core.files import PRIVATE, write_atomically
from harness.errors import ConfigurationError
from harness.model.part import Part, Stamp
from harness.process.run import Run

FOLDER = "parts"
REPORT = "report.json"
"""In the run's folder: the report, for the pytest that calls ``pytest_harness_report``."""
_MOST_BYTES = 2**24


class Phase(enum.StrEnum):
    """What a pytest of the gate does."""

    TESTS = "tests"
    """Runs tests: the shipped checks, or the scenarios."""
    READY = "ready"
    """Waits for the target, and calls ``pytest_harness_target_ready``."""
    FINAL = "final"
    """Calls ``pytest_harness_final_findings``."""
    REPORT = "report"
    """Calls ``pytest_harness_report``."""


class PartOrder(msgspec.Struct, kw_only=True):
    """Travels to a pytest of the gate as JSON, over a pipe only: the run in it is secret."""

    run: Run
    name: str
    """Of the part; no two have the same."""
    phase: Phase = Phase.TESTS
    isolated: bool = False
    """Whether nothing of the team reaches this pytest."""
    only: tuple[str, ...] = ()
    """Items whose tests alone run; empty for all."""

    def __repr__(self) -> str:
        return f"<order of {self.name}>"

    @property
    def file(self) -> Path:
        """Where the pytest writes what it saw."""
        return self.run.path / FOLDER / f"{self.name}.json"

    def write(self, part: Part) -> None:
        """Write what the pytest saw; raises OSError."""
        self.file.parent.mkdir(exist_ok=True)
        write_atomically(self.file, json_bytes(part), mode=PRIVATE)


def stamp_of(run: Run, config_digest: str) -> Stamp:
    """Return what marks the parts of this version, run and configuration."""
    return Stamp(harness_version=__version__, run_id=run.run_id, config_digest=config_digest)


class OrderPipe:
    """The gate's end of the pipe to one pytest; close `readable` once the pytest has inherited it."""

    def __init__(self) -> None:
        self.readable, self._writable = os.pipe()

    def send(self, order: PartOrder) -> None:
        """Send the order; a pytest that has ended already takes none."""
        self._write(msgspec.json.encode(order))

    def go(self) -> None:
        """Let a pytest that waits for the target go on."""
        self._write(b"go")

    def _write(self, line: bytes) -> None:
        rest = line + b"\n"
        with suppress(BrokenPipeError):
            while rest:
                rest = rest[os.write(self._writable, rest) :]

    def close(self) -> None:
        """Close the gate's end: a pytest that waits then ends."""
        if self._writable >= 0:
            os.close(self._writable)
        self._writable = -1


class OrderSource:
    """The end of the pipe in the pytest."""

    def __init__(self, descriptor: int) -> None:
        """``descriptor`` is the number of the inherited file; what the pytest starts does not inherit it."""
        self._descriptor = descriptor

    def order(self) -> PartOrder:
        """Read the order; raises `ConfigurationError` where nobody sent one."""
        try:
            os.set_inheritable(self._descriptor, False)  # noqa: FBT003 - as the library defines it
            return msgspec.json.decode(self._line(), type=PartOrder)
        except (OSError, msgspec.MsgspecError, UnicodeError):
            raise ConfigurationError("--harness-part is set by harness gate alone. Leave it out.") from None

    def wait(self) -> bool:
        """Wait until the gate lets this pytest go on; False where it ended instead."""
        return self._line() == b"go"

    def _line(self) -> bytes:
        """Read one line, byte by byte, so that nothing of the next one is lost."""
        line = bytearray()
        while len(line) < _MOST_BYTES and (byte := os.read(self._descriptor, 1)) not in (b"", b"\n"):
            line += byte
        return bytes(line)
