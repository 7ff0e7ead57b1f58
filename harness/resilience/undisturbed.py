"""The run without any fault, which shows what the workflow does, and the runs that several checks share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from harness.resilience.certificate_authority import Certificate
from harness.resilience.client_evidence import Evidence
from harness.resilience.client_process import ClientRun
from harness.resilience.fault_server import FaultServer
from harness.resilience.faults import Fault
from harness.resilience.impostor import CertificateOutcome
from harness.resilience.recorded_run import RecordedRun
from harness.resilience.runs_at_once import StartTurns
from harness.resilience.workflow_operations import WorkflowOperations

T = TypeVar("T")

UNPROVEN = "the workflow does not succeed without a fault either"
NO_CALL = (
    "the workflow makes no call to the fault server: give the client its address, {fault_server}, "
    "in [client] command or env"
)


class Undisturbed(msgspec.Struct, frozen=True, kw_only=True):
    """What the workflow does without any fault."""

    server: FaultServer
    run: ClientRun
    operations: WorkflowOperations
    own_folder: bool
    """Whether it succeeds with a ``{run_dir}`` of its own."""
    recorded: RecordedRun
    """What the provider answered."""

    @property
    def start_up_s(self) -> float:
        """Seconds from the start of the process to its first call."""
        attempts = self.server.attempts
        return max(0.0, attempts[0].at - self.run.started_at) if attempts else 0.0

    @property
    def problem(self) -> str:
        """Why no case proves anything; empty where the workflow succeeds and calls."""
        if self.server.errors:
            return self.server.errors[0]
        if not self.run.succeeded:
            return f"{UNPROVEN}: {self.run.ended}: {self.run.tail}"
        return "" if self.server.attempts else f"{NO_CALL}; {self.run.ended}: {self.run.tail}"


class Script(NamedTuple):
    """What a run of the client meets."""

    faults: Sequence[Fault]
    then: Fault | None = None
    each_write: bool = False
    labels: Sequence[str] = ()
    """Of the operations that meet the faults, in order; empty for the first calls."""


class KnownRuns:
    """What all checks of one client share: its undisturbed run, and its runs under each script of faults."""

    def __init__(self) -> None:
        self.undisturbed: Undisturbed | None = None
        self.handshakes: dict[Certificate, CertificateOutcome] = {}
        """What it did at a server with each certificate."""
        self._runs: dict[Script, list[tuple[Evidence, Sequence[str]]]] = {}
        self._shared: dict[object, Any] = {}
        self._locks: dict[object, threading.RLock] = {}
        self._locking = threading.Lock()
        self.log = threading.Lock()
        self.shared_folder = threading.Lock()
        """Held by each run that has no folder of its own."""
        self.starts = StartTurns()

    def lock(self, key: object) -> threading.RLock:
        """Return the lock of what is found out once, under a key."""
        with self._locking:
            return self._locks.setdefault(key, threading.RLock())

    def shared(self, key: object, work: Callable[[], T]) -> T:
        """Return what ``work`` returned when it was first asked for under a key."""
        with self.lock(key):
            if key not in self._shared:
                self._shared[key] = work()
            found: T = self._shared[key]
            return found

    def run(
        self, script: Script, number: int, work: Callable[[], tuple[Evidence, Sequence[str]]]
    ) -> tuple[Evidence, Sequence[str]]:
        """Return the run of that number under a script; ``work`` makes one more where there are fewer."""
        with self.lock(script):
            runs = self._runs.setdefault(script, [])
            if number >= len(runs):
                runs.append(work())
            return runs[number]

    def forget(self, faults: Sequence[Fault]) -> None:
        """Forget the runs under scripts that begin with these faults."""
        for script in tuple(self._runs):  # others add theirs meanwhile
            if script.faults == faults:
                self._runs.pop(script, None)

    def evidence(self) -> list[Evidence]:
        """Return that of all runs under faults so far."""
        return [evidence for runs in list(self._runs.values()) for evidence, _ in runs]
