"""One run: its name, scratch folder and ports. The controller creates it and passes it to every worker."""

from __future__ import annotations

import os
import random
import re
import socket
import sys
from collections.abc import Collection
from pathlib import Path

import msgspec

from harness.errors import ConfigurationError
from harness.process import scratch
from harness.process.run_notes import MADE_UP

PORT_RANGE = (20000, 32000)
ATTEMPTS = 200
_PLACEHOLDER = re.compile(r"\{(python|run_dir|port:([\w-]+))\}")


class Run(msgspec.Struct, kw_only=True):
    """What all processes of one run share. Travels to pytest-xdist workers as JSON, over a pipe only."""

    run_id: str
    """Random name of the run."""
    seed: str
    """What ``fresh:`` secrets are derived from; a secret itself, never printed."""
    directory: str
    """Scratch folder of the run."""
    ports: dict[str, int] = {}
    """Loopback ports by the NAME of ``{port:NAME}``."""
    printed: dict[str, str] = {}
    """What the commands of ``command:`` secrets printed, by their words; secrets themselves, never printed."""

    delivered: str = ""
    """Where the ids of delivered events are noted, in the folder of another run; empty: in its own."""

    prepared_in: str = ""
    """Where the results of `prepare` are stored, in the folder of another run; empty: in its own."""

    def __repr__(self) -> str:
        return f"<run {self.run_id}>"

    @property
    def delivered_ids(self) -> Path:
        """The file in which every process notes the ids of the events that it delivers."""
        return Path(self.delivered or f"{self.directory}/delivered-ids")

    @property
    def made_up_credentials(self) -> Path:
        """The file in which every process notes the wrong credentials that it makes up and sends."""
        return self.delivered_ids.with_name(MADE_UP)

    @property
    def prepared(self) -> Path:
        """The folder with what the target's processes were given before their first start, one folder each."""
        return Path(self.prepared_in or f"{self.directory}/prepared")

    @classmethod
    def begin(cls) -> Run:
        """Start a run: random name and seed, an empty scratch folder readable by this user alone.

        What runs that were killed left is removed first. Raises `ConfigurationError` where no folder can be made.
        """
        scratch.remove_abandoned()
        return cls(
            run_id=os.urandom(4).hex(),
            seed=os.urandom(32).hex(),
            directory=_scratch_folder(),
        )

    def isolated_copy(self, name: str) -> Run:
        """Return a run beside this one: the same secrets, other ports and another folder."""
        return Run(
            run_id=f"{self.run_id}{name}",
            seed=self.seed,
            directory=_scratch_folder(),
            printed=self.printed,
            delivered=str(self.delivered_ids),
            prepared_in=str(self.prepared),
        )

    def end(self) -> None:
        """Remove the scratch folder, in the process that made it."""
        scratch.remove(self.directory)

    @classmethod
    def from_json(cls, text: str) -> Run:
        """Read what `to_json` wrote."""
        return msgspec.json.decode(text, type=cls)

    def to_json(self) -> str:
        """Return the run for a worker process."""
        return msgspec.json.encode(self).decode()

    @property
    def path(self) -> Path:
        """The scratch folder."""
        return Path(self.directory)

    def port(self, name: str) -> int:
        """Return the run's loopback port of that name, chosen among the free ones when first asked for."""
        if name not in self.ports:
            self.ports[name] = _free_port(self.ports.values())
        return self.ports[name]

    def expand(self, text: str) -> str:
        """Replace ``{python}``, ``{run_dir}`` and ``{port:NAME}``; leave other braces as they are."""
        values = {"python": sys.executable, "run_dir": self.directory}
        return _PLACEHOLDER.sub(lambda m: str(self.port(m[2])) if m[2] else values[m[1]], text)


def _scratch_folder() -> str:
    try:
        return scratch.make()
    except OSError as exc:
        raise ConfigurationError(
            f"The scratch folder of the run cannot be made: {exc.strerror}. Free space in the folder for temporary "
            "files, or set TMPDIR to one that can be written."
        ) from None


def _free_port(taken: Collection[int]) -> int:
    """Return a free port below the range of ports for outgoing connections, and claim it for this process."""
    for _ in range(ATTEMPTS):
        port = random.SystemRandom().randrange(*PORT_RANGE)
        with socket.socket() as probe:
            if port not in taken and probe.connect_ex(("127.0.0.1", port)) != 0 and _claimed(port):
                return port
    raise ConfigurationError(f"No free loopback port between {PORT_RANGE[0]} and {PORT_RANGE[1]} for a {{port:NAME}}.")


def _claimed(port: int) -> bool:
    """Claim a port against other runs on this machine until this process ends; False when another run has it.

    A port is chosen some time before the target's process listens on it. An abstract socket (unix(7), Linux alone) has
    the scope of ports, leaves no file, and is given back by the system however the process ends.
    """
    if sys.platform != "linux":
        return True
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0readiness-harness-port-{port}")
    except OSError:
        claim.close()
        return False
    claim.detach()  # stays open without an owner
    return True
