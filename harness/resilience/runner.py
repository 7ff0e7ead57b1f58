"""Runs one case: fault server, client, judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from harness.model import Attempt, Finding, Outcome
from harness.model.config import Policy
from harness.resilience.client_cases import ClientCase
from harness.resilience.client_process import ClientRun, run_client
from harness.resilience.expectations import Evidence
from harness.resilience.fault_server import WRITES, FaultServer

PLACEHOLDER = "{fault_server}"
SHOWN_ATTEMPTS = 12
HELD_LONGER_S = 3.0
"""How much longer than it may wait a client is kept waiting, so that one without a deadline is seen."""


def run_case(
    case: ClientCase,
    *,
    upstream: str,
    client: httpx.Client,
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    timeout_s: float,
    policy: Policy,
    log: Path,
    reproduce: str,
) -> Finding:
    """Run the client's command against ``case`` and return the one finding.

    ``{fault_server}`` in ``command`` and ``env`` is replaced by the URL the client must call; ``client`` reaches the
    provider at ``upstream``. Raises `ProcessError` when the command cannot be run.
    """

    def once() -> Finding:
        with FaultServer(
            upstream,
            client,
            faults=case.faults,
            then=case.then,
            each_write=case.each_write,
            hold_s=policy.answer_within + HELD_LONGER_S,
        ) as server:
            run = run_against(server.url, command, env=env, cwd=cwd, timeout_s=timeout_s, log=log)
        return judge(case, server.attempts, run, policy, errors=server.errors, reproduce=reproduce)

    finding = once()
    return once() if case.confirm and finding.outcome is Outcome.FAIL else finding


def run_against(
    url: str, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, timeout_s: float, log: Path
) -> ClientRun:
    """Run the client's command with ``{fault_server}`` replaced by ``url``; see `run_client`."""
    return run_client(
        [word.replace(PLACEHOLDER, url) for word in command],
        cwd=cwd,
        env={k: v.replace(PLACEHOLDER, url) for k, v in env.items()},
        timeout_s=timeout_s,
        log=log,
    )


def judge(
    case: ClientCase,
    attempts: Sequence[Attempt],
    run: ClientRun,
    policy: Policy,
    *,
    errors: Sequence[str] = (),
    reproduce: str = "",
) -> Finding:
    """Hold what was seen against what ``case`` expects; what was not seen is an error, never a pass."""
    if not attempts:
        outcome, complaint = Outcome.ERROR, f"the client never called the fault server; {run.ended}: {run.tail}"
    elif errors:
        outcome, complaint = Outcome.ERROR, errors[0]
    elif case.each_write and not any(a.method in WRITES for a in attempts):
        outcome, complaint = Outcome.NOT_APPLICABLE, "the workflow writes nothing"
    else:
        faulted = [a for a in attempts if _same_operation(a, attempts[0])]
        seen = Evidence(attempts, faulted, run, policy)
        complaint = "; ".join(c for expectation in case.expectations if (c := expectation(seen)))
        outcome = Outcome.FAIL if complaint else Outcome.PASS
    summary = f"{case.id}: {case.summary}: {complaint}" if outcome in (Outcome.FAIL, Outcome.NOT_APPLICABLE) else ""
    observed = ". ".join(t for t in (complaint, timeline(attempts), run.ended) if t)
    return case.finding(outcome, observed, summary=summary, reproduce=reproduce)


def not_applicable(case: ClientCase, why: str) -> Finding:
    """Return the finding of a case that this provider's clients cannot meet."""
    return case.finding(Outcome.NOT_APPLICABLE, "", summary=f"{case.id}: {case.summary}: {why}")


def timeline(attempts: Sequence[Attempt]) -> str:
    """Return what arrived and what it met, in seconds since the first request."""
    shown = [
        f"+{a.at - attempts[0].at:.2f} s {a.method} {a.path} {a.fault or f'passed on, {a.status}'}"
        for a in attempts[:SHOWN_ATTEMPTS]
    ]
    more = [f"and {len(attempts) - SHOWN_ATTEMPTS} more"] if len(attempts) > SHOWN_ATTEMPTS else []
    return ", ".join([*shown, *more])


def _same_operation(a: Attempt, b: Attempt) -> bool:
    """Whether two requests are attempts of one operation: by their key, else by what they ask."""
    if a.key and b.key:
        return a.key == b.key
    return a.operation == b.operation
