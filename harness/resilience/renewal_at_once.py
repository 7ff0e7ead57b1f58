"""`auth.renewal`: the client's access token expires while several of its calls are under way."""

from __future__ import annotations

import threading
import time
from functools import partial

import msgspec

from harness.http.message import Request
from harness.model import Finding, Level, Outcome
from harness.resilience.cases.retries import BACKOFF
from harness.resilience.client_drill import ClientDrill, DrillSetting
from harness.resilience.client_process import ClientRun
from harness.resilience.commits import Commits, complaint_of, writes_done
from harness.resilience.fault_server import WRITES
from harness.resilience.faults import Fault
from harness.resilience.interposed_server import Interposed, PassOn, passed_back
from harness.resilience.runner import TOKENS, ClientUnderTest
from harness.resilience.token_renewal import (
    ITEM,
    NO_TOKENS,
    RENEW,
    SURFACE,
    UNASKED,
    challenged,
    of_refusal,
)
from harness.resilience.token_server import REFUSED, TokenServer
from harness.resilience.undisturbed import KnownRuns

_QUIET_S = 0.2
"""Seconds for which a call waits for the next one, so that all that are made at once are refused at once."""
_LONGEST_S = 1.0
"""Seconds that one call waits at most, and less for a client that gives up sooner."""
_LOOK_S = 0.01
_NOT_OURS = (
    "the provider is a vendor's, whose authorization server gets each request for a token: set [provider] ours = true "
    "where your team runs it"
)
_ONE_BY_ONE = (
    "the workflow makes no two calls at once: where the client does elsewhere, name a command that does in "
    "[client] at_once"
)


class _ExpiryAtOnce:
    """Passes calls on until several wait together, then refuses them all, and each later one with a token of before."""

    def __init__(self, setting: DrillSetting) -> None:
        self.commits = Commits(setting.label)
        self.expired_at: float | None = None
        self.together = 0
        """Calls that were under way when the token expired."""
        self._longest_s = min(_LONGEST_S, setting.client.policy.longest_wait_s / 4)
        self._old: set[str] = set()
        self._under_way = 0
        self._last_at = 0.0
        self._lock = threading.Lock()

    def __call__(self, request: Request, pass_on: PassOn) -> Interposed:
        """Answer one request."""
        credential, arrived_at = request.header("authorization"), time.monotonic()
        with self._lock:
            self._under_way += 1
            self._last_at = arrived_at
            if self.expired_at is None:
                self._old.add(credential)
        try:
            self._gather(arrived_at + self._longest_s)
            if self._is_refused(credential):
                return challenged(401, "invalid_token")
            response = pass_on()
        finally:
            with self._lock:
                self._under_way -= 1
        if request.method in WRITES:
            self.commits.note(request, response)
        return passed_back(response)

    def _gather(self, until: float) -> None:
        """Wait until no further call comes."""
        while self.expired_at is None and time.monotonic() < min(until, self._last_at + _QUIET_S):
            time.sleep(_LOOK_S)

    def _is_refused(self, credential: str) -> bool:
        with self._lock:
            if self.expired_at is None and self._under_way > 1:
                self.expired_at, self.together = time.monotonic(), self._under_way
            return self.expired_at is not None and credential in self._old


def _judge(drill: ClientDrill, setting: DrillSetting, *, then: Fault | None = None) -> Finding:
    tokens = setting.tokens
    if tokens is None:
        return drill.concluded(Outcome.NOT_APPLICABLE, NO_TOKENS)
    if not setting.ours:
        return drill.concluded(Outcome.NOT_APPLICABLE, _NOT_OURS)
    if setting.at_once:
        client = setting.client.known.shared(_ExpiryAtOnce, partial(_calling_at_once, setting))
        setting = msgspec.structs.replace(setting, client=client, label=client.undisturbed().operations.label_of)
    if unproven := setting.client.unproven(drill):
        return unproven
    expiry = _ExpiryAtOnce(setting)
    with TokenServer(tokens, then=then, hold_s=0) as server:
        ran = setting.run(expiry, values={TOKENS: server.url})
    ran[0].errors += server.errors
    if not server.requests:
        return drill.concluded(Outcome.ERROR, UNASKED, ran)
    if expiry.expired_at is None:
        return drill.concluded(Outcome.NOT_APPLICABLE, _ONE_BY_ONE, ran)
    renewals = [request.at for request in server.requests if request.at >= expiry.expired_at]
    if then is None:
        complaint = _of_expiry(len(renewals), ran[1], expiry.commits, setting)
    else:
        complaint = of_refusal(renewals, ran[1], setting.client.policy, slow=False)
    seen = f"{expiry.together} calls were under way at once when their token expired"
    found = drill.concluded(Outcome.FAIL if complaint else Outcome.PASS, complaint, ran)
    return msgspec.structs.replace(found, observed=f"{seen}; {found.observed}")


def _calling_at_once(setting: DrillSetting) -> ClientUnderTest:
    return msgspec.structs.replace(setting.client, command=setting.at_once, known=KnownRuns())


def _of_expiry(renewals: int, run: ClientRun, commits: Commits, setting: DrillSetting) -> str:
    if not renewals:
        return "the client asked for no new token"
    if renewals > 1:
        return f"the client asked {renewals} times for a new token instead of once"
    if not run.succeeded:
        return f"the workflow did not succeed with a new token: {run.ended}"
    usual = writes_done(setting.client.undisturbed().server.attempts, setting.label)
    return complaint_of(commits.done(), usual, succeeded=True)


DRILLS: tuple[ClientDrill, ...] = (
    ClientDrill(
        id="expired-at-once",
        item=ITEM,
        summary="the access token expires while several calls of one process are under way",
        passed="Renewed a token once that expired under several calls",
        failed="Did not renew a token once that expired under several calls",
        expected="one request for a token by all calls together, no write twice, success",
        source="RFC 6750 section 3.1, RFC 6749 section 4.4",
        fix=RENEW,
        judge=_judge,
    ),
    ClientDrill(
        id="renewal-refused-at-once",
        item=ITEM,
        level=Level.SHOULD,
        summary="the access token expires under several calls of one process, and no new one is issued",
        passed="Did not ask for a refused token with each call",
        failed="Asked for a refused token with each call",
        expected="at most two requests for a token by all calls together, then a reported failure",
        source=f"{BACKOFF}; RFC 6749 section 5.2",
        fix=f"Let all calls share the failure of one request for a token, and pause before the next one. {SURFACE}",
        judge=partial(_judge, then=REFUSED),
    ),
)
