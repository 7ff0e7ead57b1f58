"""The user's client behind the fault server: its undisturbed run, and its runs under faults."""

from __future__ import annotations

import shutil
import tempfile
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import httpx
import msgspec

from harness.http.loopback_server import LoopbackServer
from harness.model import Check, Finding, Outcome
from harness.model.config import Policy
from harness.model.config.client import HELD_LONGER_S, ROOM_S
from harness.resilience.client_evidence import Evidence
from harness.resilience.client_process import ClientRun, run_client
from harness.resilience.error_bodies import ErrorBodies
from harness.resilience.fault_server import Aim, FaultServer, any_call
from harness.resilience.faults import Fault
from harness.resilience.key_places import ANY_KEY, KeyPlaces
from harness.resilience.recorded_run import RecordedAnswers, RecordedRun
from harness.resilience.sent_heads import DeclaredPlaces
from harness.resilience.undisturbed import KnownRuns, Undisturbed
from harness.resilience.unread_answers import EMPTIED, PATIENCE, is_unread
from harness.resilience.workflow_operations import ClientOperation, Documented, WorkflowOperations, undocumented

S = TypeVar("S", bound=LoopbackServer)

PLACEHOLDERS = ("{fault_server}", "{provider}")
"""Either stands for the address that the client must call."""
WORKFLOW = "{workflow_id}"
"""Placeholder for a name that is another one in each workflow, and the same when one is run again."""
TOKENS = "{token_server}"
"""Placeholder for the URL at which the client gets its access tokens."""
MOST_OPERATIONS = 24
"""Operations that one case is tried at."""


class ClientUnderTest(msgspec.Struct, frozen=True, kw_only=True):
    """The user's client: a command that runs the workflow once, against the fault server in front of the provider."""

    command: Sequence[str]
    """``{fault_server}`` or ``{provider}`` in it and in ``env`` is replaced by the URL that the client must call."""
    env: Mapping[str, str]
    """Added to the environment."""
    cwd: Path
    timeout_s: float
    policy: Policy
    log: Path
    """Its output is appended here."""
    upstream: str
    """The provider's base URL."""
    http: httpx.Client
    """Reaches the provider."""
    keys: KeyPlaces = ANY_KEY
    """Where its requests have their idempotency keys."""
    declared: DeclaredPlaces = DeclaredPlaces()
    """Where the provider asks for its credential."""
    error_bodies: ErrorBodies = msgspec.field(default_factory=ErrorBodies)
    """The bodies of the errors that it meets."""
    run_dir: str = ""
    """The run's folder, in place of which each run has one of its own; empty for none."""
    parallel: bool = True
    """Whether several may run at once."""
    live_once: bool = False
    """Whether only the undisturbed run reaches the provider, and its answers are given to all others."""
    documented: Documented = undocumented
    """Names operations by the provider's document."""
    token_url: str = ""
    """URL of the client's authorization server; empty for none."""
    known: KnownRuns = msgspec.field(default_factory=KnownRuns)

    def run(
        self,
        faults: Sequence[Fault] = (),
        *,
        then: Fault | None = None,
        each_write: bool = False,
        aim: Aim = any_call,
        own_folder: bool = False,
        least_s: float = 0.0,
    ) -> tuple[FaultServer, ClientRun]:
        """Run it once under faults; return the server, with the attempts it saw, and how the run ended.

        For ``then``, ``each_write`` and ``aim`` see `FaultServer`. With ``own_folder`` it has a ``{run_dir}`` of its
        own; it has at least ``least_s`` seconds. Raises `ProcessError` when the command cannot be run.
        """
        server = self._server(faults, then, each_write=each_write, aim=aim, recorded=self.recorded_answers())
        return self.behind(server, own_folder=own_folder, least_s=least_s)

    def recorded_answers(self) -> RecordedAnswers | None:
        """Return what answers one more run in the provider's place; None where the provider may be called again."""
        if not self.live_once:
            return None
        plain = self.undisturbed()
        return plain.recorded.answers(plain.operations.label_of)

    def _server(
        self,
        faults: Sequence[Fault],
        then: Fault | None = None,
        *,
        each_write: bool = False,
        aim: Aim = any_call,
        recorded: RecordedRun | RecordedAnswers | None = None,
    ) -> FaultServer:
        return FaultServer(
            self.upstream,
            self.http,
            faults=faults,
            then=then,
            each_write=each_write,
            hold_s=self.policy.longest_wait_s + HELD_LONGER_S,
            keys=self.keys,
            error_bodies=self.error_bodies,
            aim=aim,
            recorded=recorded,
        )

    def behind(
        self, server: S, *, own_folder: bool, least_s: float = 0.0, env: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[S, ClientRun]:
        """Run it once behind a server, or with another one in the provider's place; see `run_before`."""
        with server, self.folder(own=own_folder) as folder:
            return server, self.run_before(server, folder=folder, least_s=least_s, env=env)

    def run_before(
        self,
        server: LoopbackServer,
        *,
        folder: str = "",
        env: Mapping[str, str] = MappingProxyType({}),
        values: Mapping[str, str] = MappingProxyType({}),
        until: threading.Event | None = None,
        least_s: float = 0.0,
    ) -> ClientRun:
        """Run it once with ``server`` in front of the provider, and kill it as soon as ``until`` is set.

        ``folder`` takes the place of the run's own; ``env`` is added to its environment; ``values`` has further
        placeholders. It has at least ``least_s`` seconds. Raises `ProcessError` when the command cannot be run.
        """
        plain = self.known.undisturbed
        filled = {WORKFLOW: uuid.uuid4().hex, TOKENS: self.token_url, **values}
        filled |= dict.fromkeys(PLACEHOLDERS, server.url) | ({self.run_dir: folder} if folder else {})
        with nullcontext() if folder else self.known.shared_folder, self.known.starts.turn() as started:
            server.on_connection = started
            return run_client(
                [_filled(word, filled) for word in self.command],
                cwd=self.cwd,
                env={name: _filled(value, filled) for name, value in self.env.items()} | {**env},
                timeout_s=max(self.timeout_s, least_s) + (plain.start_up_s if plain else 0),
                log=self.log,
                lock=self.known.log,
                until=until,
            )

    @contextmanager
    def folder(self, *, own: bool) -> Iterator[str]:
        """Make a folder of one run's own for the block; empty where it needs none."""
        folder = tempfile.mkdtemp(prefix="client-", dir=self.run_dir) if own and self.run_dir else ""
        try:
            yield folder
        finally:
            if folder:
                shutil.rmtree(folder, ignore_errors=True)

    def undisturbed(self) -> Undisturbed:
        """Run it once without faults, and return the same at every later call; raises `ProcessError`."""
        with self.known.lock(Undisturbed):
            if self.known.undisturbed is None:
                self.known.undisturbed = self._run_undisturbed()
            return self.known.undisturbed

    def _run_undisturbed(self) -> Undisturbed:
        own, recording = self.parallel, RecordedRun()
        server, run = self.behind(self._server((), recorded=recording), own_folder=own)
        if own and self.run_dir and not run.succeeded:  # it may need what another process keeps in the run's folder
            recording = RecordedRun()
            server, run = self.behind(self._server((), recorded=recording), own_folder=False)
            own = not run.succeeded
        return Undisturbed(
            server=server,
            run=run,
            operations=WorkflowOperations(server.attempts, self.documented),
            own_folder=own,
            recorded=recording,
        )

    def unproven(self, case: Check, *, reproduce: str = "") -> Finding | None:
        """Return the error of a client of which nothing can be proven, None for any other; raises `ProcessError`."""
        problem = self.undisturbed().problem
        return case.finding(Outcome.ERROR, problem, reproduce=reproduce) if problem else None

    def hurried(self) -> ClientUnderTest:
        """Return it with less time for a run, where it may wait for what does not come."""
        most_s = PATIENCE * self.undisturbed().run.seconds + ROOM_S
        return msgspec.structs.replace(self, timeout_s=min(self.timeout_s, most_s))

    def emptied(self, operation: ClientOperation) -> tuple[FaultServer, ClientRun]:
        """Run it with `EMPTIED` answers of one operation, once for all who ask."""
        plain = self.undisturbed()
        once = partial(self.hurried().run, EMPTIED, aim=plain.operations.aim({operation.label}))
        return self.known.shared(("emptied", operation.label), partial(once, own_folder=plain.own_folder))

    def need_not_read(self, operation: ClientOperation) -> bool:
        """Whether its workflow ends in the same way with ``{}`` in place of each answer of an operation."""
        server, run = self.emptied(operation)
        return not server.errors and is_unread(self.evidence_of(server, run, operation))

    def evidence_of(self, server: FaultServer, run: ClientRun, operation: ClientOperation | None = None) -> Evidence:
        """Return what a run shows, about one operation where it is named."""
        plain = self.undisturbed()
        return Evidence(
            attempts=server.attempts,
            heads=server.heads,
            run=run,
            policy=self.policy,
            operation=operation,
            undisturbed=plain.server.attempts,
            label_of=plain.operations.label_of,
            takes_key=plain.operations.takes_key,
        )


def _filled(text: str, values: Mapping[str, str]) -> str:
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text
