"""Runs one case: starts the fault server, runs the client, and judges the attempts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx
import msgspec

from harness.model import Attempt, Check, Finding, Outcome
from harness.model.config import Policy
from harness.model.config.client import HELD_LONGER_S
from harness.resilience.client_cases import ClientCase
from harness.resilience.client_process import ClientRun, run_client
from harness.resilience.error_bodies import ErrorBodies
from harness.resilience.expectations import Evidence
from harness.resilience.fault_server import KEY_HEADERS, WRITES, FaultServer
from harness.resilience.faults import Fault

PLACEHOLDERS = ("{fault_server}", "{provider}")
"""Either stands for the address that the client must call."""
SHOWN_ATTEMPTS = 12
UNPROVEN = "the workflow does not succeed without a fault either"
"""How much longer than its limit a client has to wait, in seconds, so that one without a deadline is noticed."""


class UndisturbedRun:
    """The workflow without any fault; it runs once, when it is first needed."""

    def __init__(self) -> None:
        self._done: tuple[FaultServer, ClientRun] | None = None

    def done(self, run: Callable[[], tuple[FaultServer, ClientRun]]) -> tuple[FaultServer, ClientRun]:
        """Return the server, with the attempts it saw, and how the workflow ended; ``run`` runs it."""
        if self._done is None:
            self._done = run()
        return self._done


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
    key_headers: Sequence[str] = KEY_HEADERS
    """Names of the header that carries its idempotency keys."""
    error_bodies: ErrorBodies = msgspec.field(default_factory=ErrorBodies)
    """The bodies of the errors that it meets."""
    undisturbed: UndisturbedRun = msgspec.field(default_factory=UndisturbedRun)
    """Shared by all checks of the same client."""

    def run(
        self, faults: Sequence[Fault] = (), *, then: Fault | None = None, each_write: bool = False
    ) -> tuple[FaultServer, ClientRun]:
        """Run it once under faults; return the server, with the attempts it saw, and how the run ended.

        For ``then`` and ``each_write`` see `FaultServer`. Raises `ProcessError` when the command cannot be run.
        """
        hold_s = self.policy.answer_within + HELD_LONGER_S
        server = FaultServer(
            self.upstream,
            self.http,
            faults=faults,
            then=then,
            each_write=each_write,
            hold_s=hold_s,
            key_headers=self.key_headers,
            error_bodies=self.error_bodies,
        )
        with server:
            run = run_client(
                [_addressed(word, server.url) for word in self.command],
                cwd=self.cwd,
                env={name: _addressed(value, server.url) for name, value in self.env.items()},
                timeout_s=self.timeout_s,
                log=self.log,
            )
        return server, run

    def run_undisturbed(self) -> tuple[FaultServer, ClientRun]:
        """Run it once without faults, and return the same at every later call; raises `ProcessError`."""
        return self.undisturbed.done(self.run)

    def check(self, case: ClientCase, *, reproduce: str = "") -> Finding:
        """Run it under the faults of ``case`` and judge its attempts; raises `ProcessError`."""
        finding = self._checked(case, reproduce)
        again = case.confirm and finding.outcome is Outcome.FAIL
        return self._checked(case, reproduce) if again else finding

    def _checked(self, case: ClientCase, reproduce: str) -> Finding:
        if case.faults:
            server, run = self.run(case.faults, then=case.then, each_write=case.each_write)
        else:
            server, run = self.run_undisturbed()
        finding = judge(case, server.attempts, run, self.policy, errors=server.errors, reproduce=reproduce)
        return self.proven(case, finding, run)

    def proven(self, case: Check, finding: Finding, run: ClientRun) -> Finding:
        """Return ``finding``, or an error where it proves nothing, because the client fails without a fault too."""
        if finding.outcome is not Outcome.PASS or run.succeeded:
            return finding
        _, plain = self.run_undisturbed()
        complaint = f"{UNPROVEN}: {plain.ended}: {plain.tail}"
        return finding if plain.succeeded else case.finding(Outcome.ERROR, complaint, reproduce=finding.reproduce)


def _addressed(text: str, url: str) -> str:
    for placeholder in PLACEHOLDERS:
        text = text.replace(placeholder, url)
    return text


def judge(
    case: ClientCase,
    attempts: Sequence[Attempt],
    run: ClientRun,
    policy: Policy,
    *,
    errors: Sequence[str] = (),
    reproduce: str = "",
) -> Finding:
    """Compare the attempts with what ``case`` expects; no attempts are an error, never a pass."""
    if not attempts:
        outcome, complaint = Outcome.ERROR, f"the client never called the fault server; {run.ended}: {run.tail}"
    elif errors:
        outcome, complaint = Outcome.ERROR, errors[0]
    elif case.each_write and not any(a.method in WRITES for a in attempts):
        outcome, complaint = Outcome.NOT_APPLICABLE, "the workflow writes nothing"
    else:
        faulted = [a for a in attempts if _same_operation(a, attempts[0])]
        evidence = Evidence(attempts, faulted, run, policy)
        complaint = "; ".join(c for expectation in case.expectations if (c := expectation(evidence)))
        outcome = Outcome.FAIL if complaint else Outcome.PASS
    explained = outcome in (Outcome.FAIL, Outcome.NOT_APPLICABLE)
    summary = f"{case.sentence(outcome)}: {complaint}" if explained else ""
    observed = ". ".join(t for t in (complaint, timeline(attempts), run.ended) if t)
    return case.finding(outcome, observed, summary=summary, reproduce=reproduce)


def not_applicable(case: Check, why: str) -> Finding:
    """Return the finding of a case that does not apply to clients of this provider."""
    return case.finding(Outcome.NOT_APPLICABLE, "", summary=f"{case.sentence(Outcome.NOT_APPLICABLE)}: {why}")


def timeline(attempts: Sequence[Attempt]) -> str:
    """Return the requests and the faults applied to them, in seconds since the first request."""
    shown = [
        f"+{a.at - attempts[0].at:.2f} s {a.method} {a.path} {a.fault or f'passed on, {a.status}'}"
        for a in attempts[:SHOWN_ATTEMPTS]
    ]
    more = [f"and {len(attempts) - SHOWN_ATTEMPTS} more"] if len(attempts) > SHOWN_ATTEMPTS else []
    return ", ".join([*shown, *more])


def _same_operation(a: Attempt, b: Attempt) -> bool:
    """Whether two requests are attempts of one operation: by their key, otherwise by their content."""
    if a.key and b.key:
        return a.key == b.key
    return a.operation == b.operation
