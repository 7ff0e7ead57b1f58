"""`auth.renewal`: the client's access token expires in the middle of its workflow."""

from __future__ import annotations

import threading
import time
from collections import Counter
from functools import partial

import msgspec

from harness.http.message import Request, Response
from harness.model import Finding, Outcome
from harness.model.config import Policy
from harness.model.config.client import HELD_LONGER_S
from harness.resilience.cases.retries import BACKOFF
from harness.resilience.client_drill import ClientDrill, DrillSetting
from harness.resilience.client_evidence import as_advised
from harness.resilience.client_process import ClientRun
from harness.resilience.commits import Commits, complaint_of, writes_done
from harness.resilience.expectations import beyond_limit
from harness.resilience.fault_server import WRITES
from harness.resilience.faults import SILENCE, Fault
from harness.resilience.interposed_server import Interposed, PassOn, passed_back
from harness.resilience.runner import TOKENS
from harness.resilience.token_server import REFUSED, TokenServer

ITEM = "auth.renewal"
_TOGETHER_S = 0.2
"""Seconds for which a refusal waits for calls that are made at once, so that all are refused at once."""
_ON_THE_WAY_S = 0.05
"""Seconds for which a call with the old token may have been on its way when the new one came."""
MOST_REFUSED_REQUESTS = 2
"""Requests for a token that may follow a refusal."""
NO_TOKENS = (
    "nothing shows that the client renews tokens: if it does, name [client] token_url, and give the client "
    "{token_server} as its token URL in [client] command or env"
)
UNASKED = "no request for a token came to {token_server}"


class _Expiry:
    """Passes calls on until half of the workflow is done, then refuses the first token; or refuses one call."""

    def __init__(self, setting: DrillSetting, *, scope: bool) -> None:
        self.commits = Commits(setting.label)
        self.refused: list[tuple[float, tuple[str, str, str]]] = []
        """When each refused call came, and what it was."""
        self.calls: list[tuple[float, tuple[str, str, str]]] = []
        self._valid_for = len(setting.client.undisturbed().server.attempts) // 2
        self._scope = scope
        self._first = ""
        self._lock = threading.Lock()

    def __call__(self, request: Request, pass_on: PassOn) -> Interposed:
        """Answer one request."""
        if self._is_refused(request):
            if self._scope:
                return challenged(403, "insufficient_scope")
            time.sleep(_TOGETHER_S)
            return challenged(401, "invalid_token")
        response = pass_on()
        if request.method in WRITES:
            self.commits.note(request, response)
        return passed_back(response)

    def _is_refused(self, request: Request) -> bool:
        credential, now = request.header("authorization"), time.monotonic()
        call = (request.method, request.target, request.digest)
        with self._lock:
            self._first = self._first or credential
            self.calls.append((now, call))
            if self._scope:
                refused = not self.refused and len(self.calls) > self._valid_for
                refused = refused or any(call == before for _, before in self.refused)
            else:
                refused = credential == self._first and len(self.calls) > self._valid_for
            if refused:
                self.refused.append((now, call))
        return refused


def challenged(status: int, error: str) -> Interposed:
    """Return the refusal of a token (RFC 6750 section 3)."""
    headers = (("Content-Type", "application/problem+json"), ("WWW-Authenticate", f'Bearer error="{error}"'))
    body = msgspec.json.encode({"title": error, "status": status})
    return Interposed(Response(status=status, headers=headers, body=body), f"{status} {error}", status)


def _judge(drill: ClientDrill, setting: DrillSetting, *, then: Fault | None = None, scope: bool = False) -> Finding:
    if setting.tokens is None:
        return drill.concluded(Outcome.NOT_APPLICABLE, NO_TOKENS)
    if unproven := setting.client.unproven(drill):
        return unproven
    policy = setting.client.policy
    expiry = _Expiry(setting, scope=scope)
    with TokenServer(setting.tokens, then=then, hold_s=policy.longest_wait_s + HELD_LONGER_S) as server:
        ran = setting.run(expiry, values={TOKENS: server.url})
    ran[0].errors += server.errors
    if not server.requests:
        return drill.concluded(Outcome.ERROR, UNASKED, ran)
    if not expiry.refused:
        return drill.concluded(Outcome.NOT_APPLICABLE, "no call carried a token that was used before", ran)
    since = expiry.refused[0][0]
    renewals = [request for request in server.requests if request.at >= since]
    if scope:
        complaint = _of_scope(expiry, len(renewals), ran[1])
    elif then is None:
        complaint = _of_expiry(expiry, [request.answered_at for request in renewals], ran[1]) or complaint_of(
            expiry.commits.done(),
            writes_done(setting.client.undisturbed().server.attempts, setting.label),
            succeeded=ran[1].succeeded,
        )
    else:
        begins = [request.at for request in renewals]
        complaint = of_refusal(begins, ran[1], policy, slow=then is SILENCE)
    return as_advised(drill.concluded(Outcome.FAIL if complaint else Outcome.PASS, complaint, ran), [complaint])


def _of_expiry(expiry: _Expiry, renewed_at: list[float], run: ClientRun) -> str:
    if not renewed_at:
        return "the client asked for no new token"
    late = sum(at > renewed_at[0] + _ON_THE_WAY_S for at, _ in expiry.refused)
    if late:
        return f"{late} calls carried the expired token after the client had a new one"
    if len(renewed_at) > 1:
        return f"the client asked {len(renewed_at)} times for a new token instead of once"
    if max(Counter(call for _, call in expiry.refused).values()) > 1:
        return "a call was sent again with the expired token"
    return "" if run.succeeded else f"the workflow did not succeed with a new token: {run.ended}"


def of_refusal(begins: list[float], run: ClientRun, policy: Policy, *, slow: bool) -> str:
    """Return what is wrong with the requests for a token that were refused, or not answered; empty where nothing is."""
    if not begins:
        return "the client asked for no new token"
    if run.succeeded:
        return "the client reported success without a valid token"
    if run.exit_status is None:
        return run.ended
    if slow:
        waited = (begins[1] if len(begins) > 1 else run.ended_at) - begins[0]
        return beyond_limit(waited, policy, "for a token") if waited > policy.longest_wait_s else ""
    if len(begins) > MOST_REFUSED_REQUESTS:
        return f"the client asked {len(begins)} times for a token that it was refused"
    return ""


def _of_scope(expiry: _Expiry, renewals: int, run: ClientRun) -> str:
    if len(expiry.refused) > 1:
        return f"a call without the scope for it was sent {len(expiry.refused)} times"
    if renewals:
        return "the client asked for a new token, which has the same scope"
    return "the client reported success although a call was refused" if run.succeeded else ""


RENEW = (
    "Let one owner of the token renew it, under a lock: after a 401 with the token that was sent, once. Then repeat "
    "the call once with the new one."
)
SURFACE = "Give a request for a token a deadline, and report its failure as that of the call."
DRILLS: tuple[ClientDrill, ...] = (
    ClientDrill(
        id="expired",
        item=ITEM,
        summary="the access token expires in the middle of the workflow",
        passed="Renewed an expired token once, and went on",
        failed="Did not renew an expired token once and go on",
        expected="one request for a token, each refused call once more with the new one, no write twice, success",
        source="RFC 6750 section 3.1, RFC 6749 section 4.4",
        fix=RENEW,
        judge=_judge,
    ),
    ClientDrill(
        id="renewal-refused",
        item=ITEM,
        summary="the access token expires, and no new one is issued",
        passed="Reported that no new token was issued",
        failed="Did not report that no new token was issued",
        expected="at most two requests for a token, then a reported failure",
        source="RFC 6749 section 5.2",
        fix=SURFACE,
        judge=partial(_judge, then=REFUSED),
    ),
    ClientDrill(
        id="renewal-slow",
        item=ITEM,
        summary="the access token expires, and the request for a new one is not answered",
        passed="Gave up an unanswered request for a token in time",
        failed="Did not give up an unanswered request for a token in time",
        expected="the request ends within [client] policy.answer_within, then a reported failure",
        source=BACKOFF,
        fix=SURFACE,
        judge=partial(_judge, then=SILENCE),
    ),
    ClientDrill(
        id="insufficient-scope",
        item=ITEM,
        summary="a 403 because the token has not the scope for a call",
        passed="Did not repeat a call that its token has no scope for",
        failed="Repeated a call that its token has no scope for",
        expected="one attempt, no request for a token, and a reported failure",
        source="RFC 6750 section 3.1",
        fix="Report a 403 with insufficient_scope: a new token of the same client has the same scope.",
        judge=partial(_judge, scope=True),
    ),
)
