"""A drill of the client: one or several runs of its workflow that follow a plan, judged together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from harness.http.message import Request, Response
from harness.model import Check, Finding, Outcome
from harness.openapi.value_schemas import DescribedValue
from harness.resilience.client_evidence import timeline
from harness.resilience.client_process import ClientRun
from harness.resilience.commits import Commits
from harness.resilience.fault_server import FaultServer
from harness.resilience.interposed_server import Interpose, InterposedServer
from harness.resilience.runner import ClientUnderTest
from harness.resilience.token_server import TokenGate

_NOT_ASKED = (
    "the answers came from a recorded run, which cannot show whether the provider would write twice: allow "
    'probes = "write"'
)


class DrillSetting(msgspec.Struct, frozen=True, kw_only=True):
    """What a drill has to do with."""

    client: ClientUnderTest
    apart: bool = False
    """Whether each run has a ``{run_dir}`` of its own, where the client can: no other process informs it then."""
    label: Callable[[str, str], str]
    """Returns the operation of a method and a path, such as ``GET /runs/{runId}``."""
    allows: Callable[[Request, Response], bool] = lambda _request, _response: True
    """Whether the provider's document allows a response to a request."""
    describes: Callable[[Request, Response], Sequence[DescribedValue]] = lambda _request, _response: ()
    """Returns each value of a response with the schemas that the document has for it."""
    successes: Callable[[Request], Sequence[int]] = lambda _request: ()
    """Returns the statuses of success that the document has for a request."""
    needed_members: bool = False
    """Whether it is asked which members of the answers the client needs."""
    keyless: str = ""
    """Why the provider stores no idempotency keys, as far as harness.toml shows; empty where it does."""
    tokens: TokenGate | None = None
    """How the client's authorization server is reached; None where the client renews no tokens."""
    at_once: Sequence[str] = ()
    """The command whose process makes several calls at once; empty where that of the client is asked."""
    ours: bool = False
    """Whether the provider is the team's own."""
    persisted: Callable[[str], Mapping[str, Any] | None] | None = None
    """Returns what the integration stores about an id, None where it knows nothing; None where nothing can be asked."""
    created: Callable[[str], int] | None = None
    """Returns how many resources the provider has of the run of that ``{workflow_id}``; None where nothing counts."""

    @property
    def is_recorded(self) -> bool:
        """Whether a recorded run answers in the provider's place, which may not be written to again."""
        return self.client.live_once

    def outcome_of(self, complaint: str, commits: Commits, usual: Counter[str]) -> tuple[Outcome, str]:
        """Return the outcome of a run and its complaint: no recording shows what a provider makes of a second write."""
        if complaint and self.is_recorded and any(commits.passed()[each] > n for each, n in usual.items()):
            return Outcome.ERROR, f"{complaint}; {_NOT_ASKED}"
        return (Outcome.FAIL if complaint else Outcome.PASS), complaint

    def need_not_read(self, label: str) -> bool:
        """Whether the client need not read the answers of the operation with that label."""
        operations = self.client.undisturbed().operations.all
        return self.client.need_not_read(next(o for o in operations if o.label == label))

    def run(
        self, interpose: Interpose, *, afterwards: Callable[[], object] = lambda: None, **options: Any
    ) -> tuple[InterposedServer, ClientRun]:
        """Run the client once against ``interpose``; ``afterwards`` is called when it has ended.

        For ``options`` see `ClientUnderTest.run_before`.
        """
        client = self.client
        server = InterposedServer(
            client.upstream, client.http, interpose, keys=client.keys, recorded=client.recorded_answers()
        )
        own = self.apart and client.undisturbed().own_folder
        with server, client.folder(own=own) as folder:
            run = client.run_before(server, folder=folder, **options)
            afterwards()
        return server, run


class ClientDrill(Check, frozen=True, kw_only=True):
    """One drill; ``judge`` runs it."""

    judge: Callable[[ClientDrill, DrillSetting], Finding]
    from_recording: bool = False
    """Whether a recorded run can answer in place of a provider that may not be written to."""
    apart: bool = False
    """Whether it is about nothing that the integration stores, so that its runs can be beside others."""

    def concluded(self, outcome: Outcome, complaint: str, *runs: tuple[FaultServer, ClientRun]) -> Finding:
        """Return the finding of some runs, with their timelines; what is between server and provider is an error."""
        errors = [error for server, _ in runs for error in server.errors]
        if errors:
            outcome, complaint = Outcome.ERROR, errors[0]
        elif outcome is not Outcome.NOT_APPLICABLE and not all(server.attempts for server, _ in runs):
            tail = "; ".join(f"{run.ended}: {run.tail}" for _, run in runs)
            outcome, complaint = Outcome.ERROR, f"the client never called the fault server; {tail}"
        explained = outcome in (Outcome.FAIL, Outcome.NOT_APPLICABLE) and complaint
        summary = f"{self.sentence(outcome)}: {complaint}" if explained else ""
        seen = [f"{timeline(server.attempts)}: {run.ended}" for server, run in runs if server.attempts]
        return self.finding(outcome, ". ".join(filter(None, (complaint, *seen))), summary=summary)
