"""The user's client behind the fault server: its undisturbed run, and each case at each operation that it concerns."""

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
from harness.resilience.case_trials import Tried, finding_of, not_applicable, passed_beside, tried
from harness.resilience.client_case import ClientCase
from harness.resilience.client_evidence import Evidence
from harness.resilience.client_process import ClientRun, run_client
from harness.resilience.error_bodies import ErrorBodies
from harness.resilience.fault_server import Aim, FaultServer, any_call
from harness.resilience.faults import Fault
from harness.resilience.key_places import ANY_KEY, KeyPlaces
from harness.resilience.recorded_run import RecordedAnswers, RecordedRun
from harness.resilience.runs_at_once import side_by_side
from harness.resilience.sent_heads import DeclaredPlaces
from harness.resilience.undisturbed import KnownRuns, Undisturbed
from harness.resilience.unread_answers import EMPTIED, PATIENCE, is_unread, may_be_unread, spared
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
        with server, self._folder(own=own_folder) as folder:
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
        with nullcontext() if folder else self.known.shared_folder:
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
    def _folder(self, *, own: bool) -> Iterator[str]:
        """Make a folder of one run's own for the block; empty where it needs none."""
        folder = tempfile.mkdtemp(prefix="client-", dir=self.run_dir) if own and self.run_dir else ""
        try:
            yield folder
        finally:
            if folder:
                shutil.rmtree(folder, ignore_errors=True)

    def undisturbed(self) -> Undisturbed:
        """Run it once without faults, and return the same at every later call; raises `ProcessError`."""
        with self.known.first:
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

    def check(self, case: ClientCase, *, reproduce: str = "") -> Finding:
        """Judge it under the faults of ``case``; raises `ProcessError`."""
        plain = self.undisturbed()
        if not case.faults:
            found = [tried(case, "", lambda _: (self._evidence(plain.server, plain.run), plain.server.errors))]
            return finding_of(case, found, reproduce=reproduce)
        if plain.problem:
            return case.finding(Outcome.ERROR, plain.problem, reproduce=reproduce)
        if case.concerns is None:
            return finding_of(case, [self._tried(case, None)], reproduce=reproduce)
        concerned = plain.operations.concerned(case.concerns)
        operations, unmet = concerned[:MOST_OPERATIONS], [o.label for o in concerned[MOST_OPERATIONS:]]
        if not operations:
            labels = ", ".join(operation.label for operation in plain.operations.all)
            return not_applicable(case, f"the workflow makes no such call: {labels}")
        if case.each_write:
            return finding_of(case, [self._tried(case, None)], reproduce=reproduce)
        passed = self._passed_together(case, operations) if case.is_brief and len(operations) > 1 else {}
        rest = [operation for operation in operations if operation.label not in passed]
        works = [lambda operation=operation: self._tried(case, operation) for operation in rest]
        each_of_rest = side_by_side(works, several=self.parallel and plain.own_folder)
        by_label = passed | {each.label: each for each in each_of_rest}
        return finding_of(case, [by_label[o.label] for o in operations], unmet=unmet, reproduce=reproduce)

    def unproven(self, case: Check, *, reproduce: str = "") -> Finding | None:
        """Return the error of a client of which nothing can be proven, None for any other; raises `ProcessError`."""
        problem = self.undisturbed().problem
        return case.finding(Outcome.ERROR, problem, reproduce=reproduce) if problem else None

    def _passed_together(self, case: ClientCase, operations: Sequence[ClientOperation]) -> dict[str, Tried]:
        """Try a case at several operations in one run; return the passes by label."""
        plain = self.undisturbed()
        labels = {operation.label for operation in operations}

        def once() -> tuple[Evidence, Sequence[str]]:
            server, run = self.run(case.faults, aim=plain.operations.aim(labels), own_folder=plain.own_folder)
            return self._evidence(server, run), server.errors

        evidence, errors = self.known.run((case.faults, *sorted(labels)), 0, once)
        found = [
            passed_beside(case, o.label, msgspec.structs.replace(evidence, operation=o))
            for o in operations
            if not errors
        ]
        return {each.label: each for each in found if each is not None}

    def _tried(self, case: ClientCase, operation: ClientOperation | None) -> Tried:
        """Try a case at one operation, or at the first calls."""
        plain = self.undisturbed()
        label = operation.label if operation else ""

        def once() -> tuple[Evidence, Sequence[str]]:
            least_s = self.policy.retry_after_cap + ROOM_S if case.outlasts_cap else 0
            server, run = self.run(
                case.faults,
                then=case.then,
                each_write=case.each_write,
                aim=plain.operations.aim({label}) if label else any_call,
                own_folder=plain.own_folder and operation is not None,
                least_s=least_s,
            )
            return self._evidence(server, run, operation), server.errors

        key = (case.faults, case.then, case.each_write, label)
        found = tried(case, label, lambda number: self.known.run(key, number, once))
        unread = operation is not None and may_be_unread(case, found) and self.need_not_read(operation)
        return spared(found) if unread else found

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
        return not server.errors and is_unread(self._evidence(server, run, operation))

    def _evidence(self, server: FaultServer, run: ClientRun, operation: ClientOperation | None = None) -> Evidence:
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
