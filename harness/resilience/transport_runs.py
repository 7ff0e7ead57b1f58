"""The runs of the client that show where its credential goes: at each operation, and to servers that nobody trusts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

import msgspec

from harness.http.credential_places import without_parameters
from harness.model import Attempt, Finding, Level, Outcome
from harness.resilience.case_runs import check_case
from harness.resilience.case_trials import UNMET_RUNS, not_met
from harness.resilience.cases import retries
from harness.resilience.certificate_authority import TRUSTING, Certificate, CertificateAuthority
from harness.resilience.client_case import ClientCase
from harness.resilience.client_cases import RETRIES
from harness.resilience.client_evidence import Evidence
from harness.resilience.client_process import ClientRun
from harness.resilience.credential_leak import OTHER_HEADER, URL, Elsewhere, TransportCase
from harness.resilience.fault_server import FaultServer
from harness.resilience.impostor import CertificateOutcome, Impostor
from harness.resilience.misplaced_credentials import judge_headers
from harness.resilience.runner import MOST_OPERATIONS, ClientUnderTest
from harness.resilience.runs_at_once import side_by_side
from harness.resilience.workflow_operations import ClientOperation

Search = Callable[[bytes], Sequence[str]]
"""Returns the names of the known secrets in some bytes, in any encoding."""
UNREAD = "Some requests of the client could not be searched for its credential"
_RISK = (
    "Access logs, proxies and monitoring store URLs. Ask the provider for a header; until there is one, leave queries "
    "out of every log, and replace the key often"
)
_TAKEN = "With a right certificate it sends its request"
_UNTAKEN = (
    "With a right certificate it sends nothing either, so this shows only that nothing was sent: it does not read "
    f"which authority to trust from {', '.join(TRUSTING)}"
)


def check_transport(case: TransportCase, client: ClientUnderTest, search: Search, *, reproduce: str = "") -> Finding:
    """Judge where the client sends its credential in one situation; raises `ProcessError`."""
    if unproven := client.unproven(case, reproduce=reproduce):
        return unproven
    if case.certificate:
        found = _certified(case, case.certificate, client, search)
        return msgspec.structs.replace(found, reproduce=reproduce)
    if case.redirect:
        return _redirected(case, case.redirect, client, search, reproduce=reproduce)
    return _in_heads(case, client, search, reproduce=reproduce)


def _in_heads(case: TransportCase, client: ClientUnderTest, search: Search, *, reproduce: str) -> Finding:
    """Search targets or headers of all calls so far, among them second attempts: code of its own may build those."""
    plain = client.undisturbed()

    def found_in(runs: Sequence[FaultServer | Evidence]) -> Finding:
        attempts, heads = [a for seen in runs for a in seen.attempts], [seen.heads for seen in runs]
        if case is OTHER_HEADER and attempts:
            return judge_headers(case, heads, len(attempts), client.declared, search, reproduce=reproduce)
        refused = {target: method for each in heads for target, method in each.refused.items()}
        judged = partial(judge, case, attempts, (), plain.run, search, reproduce=reproduce)
        return judged(key_names=client.declared.query, refused=refused)

    found = found_in([plain.server])
    if found.outcome is Outcome.FAIL and found.level is case.level:
        return found
    for repeated in _repeating(client):
        check_case(client, repeated)  # its runs serve all who ask for that case
    faulted = client.known.evidence()
    every: list[FaultServer | Evidence] = [plain.server, *faulted]
    found = found_in(every)
    if found.outcome is Outcome.PASS:
        found = msgspec.structs.replace(found, observed=f"{found.observed} in {1 + len(faulted)} runs")
    unread = [what for seen in every for what in seen.heads.unread]
    return searched(case, found, unread)


def _repeating(client: ClientUnderTest) -> list[ClientCase]:
    """Return cases whose runs show second attempts, after a status that the policy repeats and a lost connection."""
    of_status = retries.repeated_by(client.policy)
    return [case for case in (of_status, *RETRIES) if case is not None and case.is_brief and not case.alone]


def searched(case: TransportCase, found: Finding, unread: Collection[str]) -> Finding:
    """Return what was found, which is no pass where something ``unread`` was not searched."""
    if found.outcome is not Outcome.PASS or not unread:
        return found
    what = "; ".join(dict.fromkeys(unread))
    return case.finding(Outcome.ERROR, what, summary=UNREAD, reproduce=found.reproduce)


def _redirected(
    case: TransportCase, status: int, client: ClientUnderTest, search: Search, *, reproduce: str
) -> Finding:
    """Redirect each operation in a run of its own: most clients end with the first redirect that they do not follow."""

    def once(operation: ClientOperation) -> Finding:
        plain = client.undisturbed()
        for _ in range(UNMET_RUNS):
            with Elsewhere() as elsewhere:
                faults = (elsewhere.fault(status),)
                aim = plain.operations.aim({operation.label})
                server, run = client.run(faults, aim=aim, own_folder=plain.own_folder)
            if any(attempt.fault for attempt in server.attempts):
                break
        judged = partial(judge, case, server.attempts, elsewhere.arrived, run, search, reproduce=reproduce)
        names = client.declared.query
        found = judged(place=operation.label, key_names=names, refused=server.heads.refused)
        redirected = [f"redirected from {operation.label}: {what}" for what in elsewhere.unread]
        return searched(case, found, [*server.heads.unread, *redirected])

    every = client.undisturbed().operations.all
    operations, unmet = every[:MOST_OPERATIONS], [operation.label for operation in every[MOST_OPERATIONS:]]
    works = [partial(once, operation) for operation in operations]
    found = side_by_side(works, several=client.parallel and client.undisturbed().own_folder)
    for outcome in (Outcome.FAIL, Outcome.ERROR):
        if of_it := next((finding for finding in found if finding.outcome is outcome), None):
            return of_it
    seen = "; ".join(finding.observed for finding in found) + not_met(len(found), unmet)
    return case.finding(Outcome.PASS, seen, reproduce=reproduce)


def judge(
    case: TransportCase,
    attempts: Sequence[Attempt],
    elsewhere: Sequence[tuple[str, bytes]],
    run: ClientRun,
    search: Search,
    *,
    reproduce: str = "",
    place: str = "",
    key_names: Collection[str] = (),
    refused: Mapping[str, str] = MappingProxyType({}),
) -> Finding:
    """Search the client's requests for known secrets; no request at all is an error, never a pass.

    ``place`` is the operation that is redirected. In parameters of ``key_names`` the provider asks for the credential
    in the URL: a risk, which is one finding. ``refused`` has the methods of calls without a body, by their targets.
    """
    finding = partial(case.finding, reproduce=reproduce)
    if not (attempts or refused):
        return finding(Outcome.ERROR, f"the client never called the fault server; {run.ended}: {run.tail}")
    methods = {**{a.path: a.method for a in attempts}, **refused}
    own = {path: _without_key(path, key_names) for path in methods}
    if path := next((path for path in own if search(own[path].encode())), ""):
        secret_names = ", ".join(search(own[path].encode()))
        seen = f"{methods[path]} {path.partition('?')[0]} carries the value of {secret_names} in its URL"
        return finding(Outcome.FAIL, seen, summary=URL.failed)
    if case is URL and (carrying := sum(own[a.path] != a.path for a in attempts)):
        risk = f"{carrying} of {len(attempts)} calls carry the credential {_where(key_names)}. {_RISK}"
        return msgspec.structs.replace(finding(Outcome.FAIL, risk), level=Level.SHOULD)
    of_place = f" of {place}" if place else ""
    for names, sent in elsewhere:
        if names or (found := search(sent)):
            seen = f"the request after the redirect{of_place} carries {names or ', '.join(found)}"
            return finding(Outcome.FAIL, seen)
    if case.redirect and not any(a.fault for a in attempts):
        unmet = f"the workflow made no call{of_place} in {UNMET_RUNS} runs: let it make the same calls each time"
        return finding(Outcome.ERROR, unmet)
    followed = f", {len(elsewhere)} at the other origin, without the credential" if case.redirect else ""
    return finding(Outcome.PASS, f"{place}{': ' if place else ''}{len(attempts)} calls{followed}")


def _where(names: Collection[str]) -> str:
    return f"in the parameter {', '.join(sorted(names))}, where the provider takes it"


def _without_key(target: str, names: Collection[str]) -> str:
    path, mark, query = target.partition("?")
    return path + mark + without_parameters(query, names)


def _certified(case: TransportCase, kind: Certificate, client: ClientUnderTest, search: Search) -> Finding:
    found = _handshakes(kind, client)
    if found.arrived:
        names, sent = found.arrived[0]
        carried = names or ", ".join(search(sent)) or "no credential"
        return case.finding(Outcome.FAIL, f"a request after the handshake carries {carried}. {found.ended}")
    if found.unreadable:
        seen = f"after the handshake it sent what is no request of HTTP/1.1. {found.ended}"
        return case.finding(Outcome.FAIL, seen)
    if not found.refused:
        why = f"the client opens no TLS connection to an https URL in place of {{fault_server}}; {found.ended}"
        return case.finding(Outcome.NOT_APPLICABLE, "", summary=f"{case.sentence(Outcome.NOT_APPLICABLE)}: {why}")
    number, reasons = len(found.refused), ", ".join(dict.fromkeys(found.refused))
    worth = _TAKEN if _handshakes(Certificate.RIGHT, client).arrived else _UNTAKEN
    seen = f"{number} handshake{'s' if number > 1 else ''} ended with {reasons}. {found.ended}. {worth}"
    return case.finding(Outcome.PASS, seen)


def _handshakes(kind: Certificate, client: ClientUnderTest) -> CertificateOutcome:
    """Return what the client does with a certificate; one run shows it of several, where the client tries again."""
    known = client.known.handshakes
    with client.known.lock(CertificateOutcome):
        if kind in known:
            return known[kind]
        with tempfile.TemporaryDirectory(prefix="tls-") as one, tempfile.TemporaryDirectory(prefix="tls-") as another:
            trusted, unknown = CertificateAuthority(Path(one)), CertificateAuthority(Path(another))
            contexts = {
                each: (unknown if each is Certificate.UNTRUSTED else trusted).context(each)
                for each in (kind, *Certificate)
                if each not in known
            }
            own = client.undisturbed().own_folder
            server, run = client.behind(Impostor(contexts), own_folder=own, env=trusted.env)
        for each, met in ({kind: CertificateOutcome()} | server.met).items():
            met.ended = run.ended
            known[each] = met
    return known[kind]
