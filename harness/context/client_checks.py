"""The checks of a target's client: one after another, each at all operations of the workflow that it concerns."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from harness.context.background import CLIENT, CLIENT_CASES
from harness.context.client_parts import client_of
from harness.context.drill_settings import drill_setting_of, keyless
from harness.model.spec_coverage import CLIENT_RUNS
from harness.resilience.case_runs import check_beside, check_case
from harness.resilience.case_trials import not_applicable
from harness.resilience.client_case import ClientCase
from harness.resilience.client_drill import ClientDrill
from harness.resilience.credential_leak import TransportCase
from harness.resilience.runner import ClientUnderTest
from harness.resilience.runs_at_once import CASES_A_CORE, for_each_core
from harness.resilience.transport_runs import check_transport, searched

if TYPE_CHECKING:
    from harness.context.background import Lane
    from harness.context.run_context import RunContext
    from harness.model import Attempt, Finding
    from harness.operations.answer_leaks import AnswerLeak, AnswerSearch
    from harness.resilience.client_process import ClientRun
    from harness.resilience.fault_server import FaultServer
    from harness.resilience.faults import Fault
    from harness.secrets import Scanner

T = TypeVar("T")

ClientRow = ClientCase | TransportCase | ClientDrill
"""What a client is checked by."""

_READS_ONLY = "its runs write at the provider, where [provider] probes does not allow the harness to write"


class ClientChecks:
    """The client of one target in one process: its runs are begun beside the tests, or done when a test asks."""

    def __init__(self, run_context: RunContext, client: ClientUnderTest, answers: AnswerSearch) -> None:
        """``answers`` searches the provider's answers to ``client``."""
        self._context = run_context
        self._client = client
        self._answers = answers
        self._lane: Lane = run_context.background.lane(CLIENT)
        self._cases: Lane = run_context.background.lane(CLIENT_CASES)
        spares_provider = not (client.live_once or run_context.target.ours)  # a vendor limits the rate of calls
        self._cases.at_once = 1 if spares_provider else for_each_core(CASES_A_CORE)

    @classmethod
    def of(cls, run_context: RunContext) -> ClientChecks:
        """Return those of this process; only where `NEEDS` are set."""
        return run_context.background.shared(CLIENT, partial(cls._opened, run_context))

    @classmethod
    @contextmanager
    def _opened(cls, run_context: RunContext) -> Iterator[ClientChecks]:
        answers = run_context.answer_search.apart()
        with run_context.network.client(answer_observer=answers, caller=CLIENT_RUNS) as http:
            yield cls(run_context, client_of(run_context, http=http), answers)

    def begin(self, *cases: ClientRow) -> None:
        """Check cases beside the tests, unless only runs alone can show what they judge."""
        for case in sorted(cases, key=_is_short):  # short ones fill the time that long ones leave
            if not self._keyless(case):
                self._begin(case)

    def _begin(self, case: ClientRow) -> None:
        if not case.alone:
            self._lane_of(case).begin(case.id, self._searched(partial(self._checked, case)))
        elif isinstance(case, ClientCase) and self._client.parallel:
            self._lane_of(case).begin(case.id, self._searched(partial(self._checked_beside, case)))

    def result(self, case: ClientRow) -> Finding:
        """Return the finding of a case; raises `ProcessError` where the command cannot be run."""
        if self._keyless(case):
            return not_applicable(case, keyless(self._context))
        if not case.alone:
            return self._asked(case.id, partial(self._checked, case), self._lane_of(case))
        beside = self._asked(case.id, lambda: None, self._lane_of(case))
        if beside is not None:
            return beside
        with self._context.background.paused():
            return self._asked(case.id, partial(self._checked, case))

    def run(self, faults: Sequence[Fault]) -> tuple[tuple[Attempt, ...], ClientRun]:
        """Run the client; its first calls meet ``faults``. Return its calls, and how it ended; raises `ProcessError`.

        Without faults, one run serves all who ask.
        """
        work = partial(self._client.run, faults) if faults else self._undisturbed
        server, ended = self._asked(("run", faults), work)
        return server.attempts, ended

    def _undisturbed(self) -> tuple[FaultServer, ClientRun]:
        plain = self._client.undisturbed()
        return plain.server, plain.run

    def _lane_of(self, case: ClientRow) -> Lane:
        apart = case.apart if isinstance(case, ClientDrill) else True
        return self._cases if apart and self._client.parallel else self._lane

    def _asked(self, key: Hashable, work: Callable[[], T], lane: Lane | None = None) -> T:
        result, leaks = (lane or self._lane).result(key, self._searched(work))
        self._context.answer_search.add(leaks)
        return result

    def _searched(self, work: Callable[[], T]) -> Callable[[], tuple[T, list[AnswerLeak]]]:
        """Return work that also gives the leaks in the provider's answers, for the test that asks for its result."""
        return lambda: (work(), self._answers.take())

    def _keyless(self, case: ClientRow) -> bool:
        return case.item == "resilience.idempotency-keys" and bool(keyless(self._context))

    def _checked(self, case: ClientRow) -> Finding:
        if isinstance(case, TransportCase):
            return self._transport(case)
        if isinstance(case, ClientDrill) and self._client.live_once and not case.from_recording:
            return not_applicable(case, _READS_ONLY)
        if isinstance(case, ClientDrill):
            return case.judge(case, drill_setting_of(self._context, self._client, apart=case.apart))
        return check_case(self._client, case, reproduce=self._reproduce(case))

    def _checked_beside(self, case: ClientCase) -> Finding | None:
        return check_beside(self._client, case, reproduce=self._reproduce(case))

    def _reproduce(self, case: ClientCase) -> str:
        return self._context.reproduce(f"::test_the_client_handles_a_fault[{case.id}]")

    def _transport(self, case: TransportCase) -> Finding:
        """Check where the client sends its credential."""
        reproduce = self._context.reproduce(f"::test_the_clients_credential_stays_where_it_belongs[{case.id}]")
        scanner = self._context.vault.scanner()

        unread = list(self._too_short(scanner))

        def search(data: bytes) -> list[str]:
            leaks = scanner.scan_bytes(data, f"a request of {case.id}")
            unread.extend(leaks.unread)
            return sorted({leak.secret for leak in leaks})

        return searched(case, check_transport(case, self._client, search, reproduce=reproduce), unread)

    def _too_short(self, scanner: Scanner) -> Iterator[str]:
        """Yield why a credential cannot be searched for."""
        from harness.operations.leaks import TOO_SHORT, too_short

        if names := too_short(scanner.unsearchable, self._context.provider.credentials.auths.values()):
            yield f"{', '.join(names)}: {TOO_SHORT}"


def _is_short(case: ClientRow) -> bool:
    return isinstance(case, ClientCase) and case.is_brief and not case.alone
