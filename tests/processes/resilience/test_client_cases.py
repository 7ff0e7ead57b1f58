"""Client cases against small real clients: the honest one passes every row, each broken one fails the right rows."""

from __future__ import annotations

import http.server
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from harness.errors import ProcessError
from harness.http.client import Network
from harness.model import Attempt, Finding, Level, Outcome
from harness.model.config import Duration, Policy
from harness.resilience.case_runs import check_case
from harness.resilience.case_trials import finding_of, tried
from harness.resilience.cases import retries, retry_after
from harness.resilience.cases.integrity import CUT
from harness.resilience.client_case import ClientCase
from harness.resilience.client_cases import CASES, KEYS, RETRIES, TIMEOUTS
from harness.resilience.client_drill import DrillSetting
from harness.resilience.client_evidence import Evidence
from harness.resilience.client_process import ClientRun
from harness.resilience.exactly_once import DRILLS
from harness.resilience.runner import ClientUnderTest
from harness.resilience.undisturbed import UNPROVEN
from harness.resilience.workflow_operations import (
    idempotent_changes,
    keyed_writes,
    repeatable_calls,
    reused_connections,
    unkeyed_writes,
)
from harness.resilience.write_cases import AS_IT_WAS, UNKEYED

KEY = "a-key-of-more-than-16"
# A client in as few lines as an honest one needs; {} holds how it differs from that.
CLIENT = """
import email.utils, http.client, json, os, random, sys, time, urllib.parse
where = urllib.parse.urlsplit(os.environ["URL"])
class Final(http.client.HTTPResponse):  # http.client takes a 103 for the final response
    def begin(self):
        super().begin()
        while self.status < 200:
            self.headers = None
            super().begin()
http.client.HTTPConnection.response_class = Final
retries, honours, pause = {retries}, {honours}, {pause}
for attempt in range(1, retries + 2):
    wait = pause * 2 ** attempt * random.uniform(0.5, 1)
    give_up_at = time.monotonic() + {deadline}
    try:
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout={timeout})
        connection.request("POST", "/projects", {body}, {key})
        answer = connection.getresponse()
        body = b""
        while piece := answer.read1(100):
            body += piece
            if time.monotonic() > give_up_at:
                raise TimeoutError
        if answer.status < 300:
            if {checks} and len(body) != int(answer.headers["Content-Length"]):
                raise OSError("cut")
            if {checks} is not False:
                json.loads(body)["id"]
            sys.exit(0)
        if answer.status < 429 and answer.status not in (408, 409, 425) and {heeds}:
            sys.exit({refused})
        told = answer.headers["Retry-After"]
        if told and honours:
            wait = float(told) if told.isdigit() else email.utils.parsedate_to_datetime(told).timestamp() - time.time()
            if wait > {gives_up_beyond}:
                sys.exit(1)
            wait = max(0, min(wait, {cap}))
    except (OSError, http.client.HTTPException, ValueError, TypeError):
        if {checks} is None:
            sys.exit(0)
    if attempt <= retries:
        time.sleep(wait)
sys.exit(1)
"""
KEY_ALONE = '{"Idempotency-Key": "the-same-key-each-time"}'
HONEST: dict[str, object] = {
    "retries": 4,
    "honours": True,
    "pause": 0.05,
    "deadline": 1.2,
    "timeout": 1,
    "checks": True,
    "heeds": True,
    "cap": 99,
    "gives_up_beyond": 99,
    "body": 'b"{}"',
    "refused": 1,
    "key": KEY_ALONE,
}
POLICY = Policy(answer_within=Duration(2), retry_after_cap=Duration(4))
FOR_GOOD = {"limited-for-good", "closed-for-good"}
RECOVERS = {case.id for case in (*RETRIES, *retries.CASES, *retry_after.CASES)} - {
    "limited-for-hours",
    "redirect-loop",
    "stale-connection",
    *FOR_GOOD,
}
HEEDED = {"limited-with-seconds", "limited-with-date", "limited-for-hours", "unavailable-with-seconds"}
INTEGRITY = CUT[:3]
CUT_ELSEWHERE = {case.id for case in CUT[3:]}
# How a client is broken, and the cases it must fail.
BROKEN: dict[str, tuple[dict[str, object], set[str]]] = {
    "never-retries": ({"retries": 0}, RECOVERS),
    "ignores-retry-after": ({"honours": False}, HEEDED),
    "hammers": ({"pause": 0, "retries": 4}, {"unavailable-twice", "unavailable-for-good"}),
    "retries-without-end": (
        {"retries": 30, "pause": 1e-10},
        {"unavailable-twice", "unavailable-for-good", *FOR_GOOD},
    ),
    "retries-refusals": (
        {"heeds": False},
        {f"refused-{status}" for status in (400, 401, 403, 404, 405, 410, 422)},
    ),
    "has-no-timeout": ({"timeout": None, "deadline": 99}, {"silence", "dribble"}),
    "has-no-deadline": ({"deadline": 99}, {"dribble"}),
    "takes-cut-answers": ({"checks": None}, {"cut-by-reset", "cut-short", "half-the-json", *CUT_ELSEWHERE}),
    "reads-no-body": ({"checks": False}, {"cut-in-the-head"}),
    "has-no-key": ({"key": "{}"}, {"keys", *(case.id for case in UNKEYED)}),
    "changes-its-body": ({"body": 'b"{} " * attempt'}, {"same-request"}),
    "hides-refusals": ({"refused": 0}, {"hidden-400", "hidden-403", "hidden-404", "hidden-422", "redirect-loop"}),
    "waits-for-hours": ({"gives_up_beyond": 1e9, "cap": 1e9}, {"limited-for-hours"}),
    "makes-a-key-each-time": (
        {"key": '{"Idempotency-Key": os.urandom(16).hex()}'},
        {"keys", *(case.id for case in AS_IT_WAS)},
    ),
    "loses-a-header": ({"key": f"{KEY_ALONE} | ({{'X-Tenant': 'a'}} if attempt == 1 else {{}})"}, {"same-request"}),
    "has-short-keys": ({"key": '{"Idempotency-Key": "1234"}'}, {"keys"}),
}

HURRIED = {"hammers", "retries-without-end"}
"""Clients that are recognised by the pauses that they do not make."""


@contextmanager
def serving(seen: list[str]) -> Iterator[str]:
    """Serve what creates whatever it is asked to, and notes the paths in ``seen``."""

    class Creates(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(201)
            self.send_header("Content-Length", "9")
            self.end_headers()
            self.wfile.write(b'{"id": 7}')

        do_GET = do_POST  # noqa: N815 - as http.server names it

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Creates)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A real server that creates whatever it is asked to."""
    with serving([]) as url:
        yield url


@pytest.fixture
def counted() -> Iterator[tuple[str, list[str]]]:
    """The same server, with the paths that it is asked for."""
    seen: list[str] = []
    with serving(seen) as url:
        yield url, seen


def run(case: ClientCase, script: str, upstream: str, tmp_path: Path, policy: Policy = POLICY) -> Finding:
    return check(case, [sys.executable, "-c", script], upstream, tmp_path, policy)


def check(
    case: ClientCase, command: list[str], upstream: str, cwd: Path, policy: Policy, timeout_s: float = 20
) -> Finding:
    with Network().client() as client:
        judged = ClientUnderTest(
            command=command,
            env={"URL": "{fault_server}"},
            cwd=cwd,
            timeout_s=timeout_s,
            policy=policy,
            log=cwd / "client.log",
            upstream=upstream,
            http=client,
        )
        return check_case(judged, case, reproduce="again")


def judge(case: ClientCase, attempts: list[Attempt], ended: ClientRun, policy: Policy) -> Finding:
    """Return the finding of runs that are all the same."""
    evidence = Evidence(attempts=attempts, run=ended, policy=policy)
    return finding_of(case, [tried(case, "", lambda _: (evidence, ()))])


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_an_honest_client_passes(case: ClientCase, provider: str, tmp_path: Path) -> None:
    """Every row is passed by a client that does what the row asks for."""
    finding = run(case, CLIENT.format(**HONEST), provider, tmp_path)

    if case.concerns in (unkeyed_writes, reused_connections, idempotent_changes):
        assert finding.outcome is Outcome.NOT_APPLICABLE
        assert "the workflow makes no such call: POST /projects" in finding.summary
    else:
        assert finding.outcome is Outcome.PASS, finding.observed
        assert "POST /projects" in finding.observed


def rows() -> Iterator[tuple[str, ClientCase]]:
    """Yield every broken client with the cases it must fail, and the others of the same items."""
    for name, (_, fails) in BROKEN.items():
        items = {case.item for case in CASES if case.id in fails}
        yield from ((name, case) for case in CASES if case.item in items)


@pytest.mark.parametrize("name, case", list(rows()), ids=lambda v: getattr(v, "id", v))
def test_a_broken_client_fails_the_rows_it_breaks(case: ClientCase, name: str, provider: str, tmp_path: Path) -> None:
    """A defect fails the rows that are about it, and those alone."""
    change, fails = BROKEN[name]
    script = CLIENT.format(**{**HONEST, **change})

    finding = run(case, script, provider, tmp_path)
    if name in HURRIED and case.id in fails and finding.outcome is Outcome.PASS:
        finding = run(case, script, provider, tmp_path)  # a busy machine may have made the pauses

    others = (Outcome.PASS, Outcome.NOT_APPLICABLE)
    assert finding.outcome in ((Outcome.FAIL,) if case.id in fails else others), finding.observed


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_a_client_that_always_fails_proves_nothing(case: ClientCase, provider: str, tmp_path: Path) -> None:
    """That the workflow failed is no coping with a fault if it never succeeds."""
    calls_once = CLIENT.format(**{**HONEST, "retries": 0}).replace("sys.exit(0)", "sys.exit('broken')")

    finding = run(case, calls_once, provider, tmp_path)

    assert finding.outcome is Outcome.ERROR
    assert finding.observed.startswith("the workflow does not succeed without a fault either: the client exited")
    assert finding.observed.endswith("broken")


TWICE = """
import subprocess, sys
for script in {scripts!r}:
    if subprocess.run([sys.executable, "-c", script]).returncode:
        sys.exit(1)
"""


def one_after_another(*changes: dict[str, object]) -> str:
    """Return a client that calls /projects, then /runs, each as an honest one does but for its changes."""
    places = ("/projects", "/runs")
    scripts = [CLIENT.format(**{**HONEST, **c}).replace("/projects", p) for c, p in zip(changes, places, strict=True)]
    return TWICE.format(scripts=[s.replace("same-key", f"key-of{p}") for s, p in zip(scripts, places, strict=True)])


@pytest.mark.parametrize("case_id", ["limited-with-date", "refused-422", "silence"])
def test_each_operation_of_the_workflow_meets_the_case(case_id: str, provider: str, tmp_path: Path) -> None:
    """A client whose first call is hardened fails by its second one, which the finding names."""
    script = one_after_another({}, {"honours": False, "heeds": False, "timeout": None, "deadline": 99})

    finding = run(next(c for c in CASES if c.id == case_id), script, provider, tmp_path)

    assert finding.outcome is Outcome.FAIL, finding.observed
    assert "(POST /runs)" in finding.summary
    assert finding.observed.startswith("POST /runs: ")


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_an_honest_client_without_keys_passes(case: ClientCase, provider: str, tmp_path: Path) -> None:
    """It repeats no write that the provider may have done (RFC 9110 section 9.2.2), and no case demands it."""
    script = CLIENT.format(**{**HONEST, "key": "{}"}).replace(
        "    if attempt <= retries:", "    if told is None: sys.exit(1)\n    if attempt <= retries:"
    )
    script = script.replace("    try:\n", "    told = None\n    try:\n", 1)

    finding = run(case, script, provider, tmp_path)

    wanted = Outcome.FAIL if case.id == "keys" else Outcome.PASS
    assert finding.outcome in (wanted, Outcome.NOT_APPLICABLE), finding.observed
    of_keyed = case.concerns in (repeatable_calls, keyed_writes, reused_connections, idempotent_changes)
    assert (finding.outcome is Outcome.NOT_APPLICABLE) == of_keyed


@pytest.mark.parametrize("case", TIMEOUTS, ids=lambda c: c.id)
def test_a_pause_is_not_waiting_for_an_answer(case: ClientCase, provider: str, tmp_path: Path) -> None:
    """A client that keeps its deadline exactly, and pauses before it tries again, passes; its margin is shown."""
    script = CLIENT.format(**{**HONEST, "timeout": 2, "deadline": 2, "pause": 1})

    finding = run(case, script, provider, tmp_path)

    assert finding.outcome is Outcome.PASS, finding.observed
    assert "at most 2 s, tolerating 0.25 s more" in finding.observed


def test_a_wait_is_seen_by_when_the_client_let_go() -> None:
    """Neither a pause after it hung up counts, nor a short one with the connection still open; a long wait does."""
    ended = ClientRun(exit_status=0, seconds=40, tail="", ended_at=70)
    first = attempt(0)
    let_go = {"hung up, then paused": (30.1, 36.0), "open in its pause": (33.0, 31.5), "held": (33.0, 33.1)}

    found = {
        name: judge(TIMEOUTS[0], [msgspec.structs.replace(first, let_go_at=end), attempt(again)], ended, Policy())
        for name, (end, again) in let_go.items()
    }

    assert [f.outcome for f in found.values()] == [Outcome.PASS, Outcome.PASS, Outcome.FAIL]
    assert "waited for 33.0 s; without [client] policy.answer_within, 30 s are advised" in found["held"].summary


LIMITED = {case.id: case for case in RETRIES if case.item == "resilience.rate-limit" and not case.outlasts_cap}
STATED = Policy(answer_within=Duration(30))
CAPPED = Policy(answer_within=Duration(2), retry_after_cap=Duration(0.5))
CAPPED_CLIENTS: dict[str, tuple[dict[str, object], Outcome]] = {
    "waits for the cap": ({"cap": 0.5}, Outcome.PASS),
    "gives up": ({"gives_up_beyond": 0.5}, Outcome.PASS),
    "ignores the cap": ({}, Outcome.FAIL),
    "ignores the limit": ({"honours": False}, Outcome.FAIL),
}


@pytest.mark.parametrize("case", LIMITED.values(), ids=LIMITED.keys())
@pytest.mark.parametrize("name", CAPPED_CLIENTS)
def test_the_promised_cap_of_retry_after_decides(name: str, case: ClientCase, provider: str, tmp_path: Path) -> None:
    """Asked for more than the cap, a client waits for the cap or reports failure; anything else breaks its promise."""
    change, outcome = CAPPED_CLIENTS[name]

    finding = run(case, CLIENT.format(**{**HONEST, **change}), provider, tmp_path, CAPPED)

    assert finding.outcome is outcome, finding.observed


WAITS: dict[str, tuple[float, float | None, int | None, str]] = {
    "as asked, below the cap": (60, 2.0, 0, ""),
    "as asked, at the cap": (2, 2.0, 0, ""),
    "too early, below the cap": (60, 1.0, 0, "retried after 1.00 s, earlier than 1.95 s"),
    "given up below the cap": (60, None, 1, "it was not retried at all"),
    "for the cap": (1, 1.1, 0, ""),
    "for the cap, in vain": (1, 1.1, 1, "the workflow did not succeed"),
    "earlier than the cap": (1, 0.4, 0, "retried after 0.40 s; [client] policy.retry_after_cap is 1 s"),
    "beyond the cap": (
        1,
        2.0,
        0,
        "waited for 2.00 s, as Retry-After asked; [client] policy.retry_after_cap is 1",
    ),
    "just beyond the cap": (1.9, 2.0, 0, ""),
    "given up": (1, None, 1, ""),
    "given up as if it had succeeded": (1, None, 0, "the client reported success although the call did not succeed"),
    "killed while it waited": (1, None, None, "the client was still running after 9 s and was killed"),
}


@pytest.mark.parametrize("cap, waited, status, complaint", WAITS.values(), ids=WAITS.keys())
def test_a_wait_is_held_against_the_cap(cap: float, waited: float | None, status: int | None, complaint: str) -> None:
    """The message says how long the client waited, and names the policy's key where that decides."""
    attempts = [attempt(0, key=KEY), *([] if waited is None else [attempt(waited, key=KEY)])]
    policy = Policy(retry_after_cap=Duration(cap))
    ended = ClientRun(exit_status=status, seconds=9, tail="", ended_at=9)

    finding = judge(LIMITED["limited-with-seconds"], attempts, ended, policy)

    assert finding.outcome is (Outcome.FAIL if complaint else Outcome.PASS), finding.observed
    assert complaint in finding.summary


def test_one_key_for_two_operations_is_seen() -> None:
    """Keys are compared over the whole run; the message names both operations."""
    attempts = [attempt(0, key=KEY), attempt(0.2, key=KEY), attempt(0.4, key=KEY, path="/runs")]

    finding = judge(KEYS[0], attempts, ClientRun(exit_status=0, seconds=1, tail=""), Policy())

    assert "one key for several operations: POST /projects, POST /runs" in finding.summary


def test_what_is_done_after_a_spoilt_answer_tells_whether_it_was_believed() -> None:
    """Another write at once builds on what never arrived; a look at what is there first does not."""
    case, run_failed = INTEGRITY[0], ClientRun(exit_status=1, seconds=1, tail="")
    look = Attempt(at=1, method="GET", path="/projects", key="", body_digest="0", fault="", status=200)
    onward = attempt(2, key="other", path="/runs")

    believed = judge(case, [attempt(0), onward], run_failed, Policy())
    looked = judge(case, [attempt(0), look, onward], run_failed, Policy())

    assert "the client continued with POST /runs without a complete response" in believed.summary
    assert looked.outcome is Outcome.PASS


def test_a_workflow_that_writes_nothing_needs_no_keys(provider: str, tmp_path: Path) -> None:
    """What only reads cannot be judged by its keys."""
    finding = run(KEYS[0], CLIENT.format(**HONEST).replace('"POST"', '"GET"'), provider, tmp_path)

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "the workflow makes no such call: GET /projects" in finding.summary


def test_the_time_an_answer_was_waited_for_is_told() -> None:
    """The message names the policy's key, whether the client tried again or ended."""
    case = TIMEOUTS[0]
    run_once = ClientRun(exit_status=1, seconds=40, tail="", ended_at=40.5)

    ended = judge(case, [attempt(0.5)], run_once, Policy())
    again = judge(case, [attempt(0.5), attempt(36)], run_once, Policy())

    assert "waited for 40.0 s; without [client] policy.answer_within, 30 s are advised" in ended.summary
    assert "waited for 33.5 s; without [client] policy.answer_within, 30 s are advised" in again.summary
    assert {ended.level, again.level} == {Level.SHOULD}


def test_a_limit_that_the_user_states_is_a_requirement() -> None:
    """The same wait fails the item then, and so does half an answer that is taken for a success at any limit."""
    late = judge(TIMEOUTS[0], [attempt(0.5)], ClientRun(exit_status=1, seconds=40, tail="", ended_at=40.5), STATED)
    taken = judge(TIMEOUTS[1], [attempt(0.5)], ClientRun(exit_status=0, seconds=40, tail="", ended_at=40.5), Policy())

    assert "waited for 40.0 s; [client] policy.answer_within is 30 s" in late.summary
    assert (late.level, taken.level) == (Level.MUST, Level.MUST)


@pytest.mark.parametrize("case", [*TIMEOUTS, *INTEGRITY], ids=lambda case: case.id)
def test_a_client_that_the_harness_ends_has_not_let_go(case: ClientCase) -> None:
    """The end of a run by its time-out is no reaction of the client, however early it comes."""
    killed = ClientRun(exit_status=None, seconds=20, tail="", ended_at=20)

    finding = judge(case, [attempt(0.5)], killed, Policy())

    assert finding.outcome is Outcome.FAIL
    assert "the client was still running after 20 s and was killed" in finding.summary


def test_a_client_that_never_calls_proves_nothing(provider: str, tmp_path: Path) -> None:
    """No request is an error with the client's own words and what to do, not a pass."""
    finding = run(CASES[0], "print('no URL configured'); raise SystemExit(0)", provider, tmp_path)

    assert finding.outcome is Outcome.ERROR
    assert "the workflow makes no call to the fault server: give the client its address" in finding.observed
    assert "no URL configured" in finding.observed


def test_an_unreachable_provider_is_not_the_clients_fault(tmp_path: Path) -> None:
    """When nothing can be passed on, the case could not be tried."""
    finding = run(CASES[0], CLIENT.format(**HONEST), "http://127.0.0.1:9", tmp_path)

    assert finding.outcome is Outcome.ERROR
    assert "http://127.0.0.1:9 could not be reached" in finding.observed


def test_a_client_that_hangs_is_killed_and_said_so(provider: str, tmp_path: Path) -> None:
    """At its time-out the client is ended; the finding says that it was still running."""
    script = CLIENT.format(**HONEST).replace("sys.exit(0)", "time.sleep(60)")

    finding = check(CASES[0], [sys.executable, "-c", script], provider, tmp_path, Policy(), timeout_s=4)

    assert finding.outcome is Outcome.ERROR
    assert f"{UNPROVEN}: the client was still running after 4 s and was killed" in finding.observed


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error names the section and the program."""
    with pytest.raises(ProcessError, match=r"\[client\]: 'no-such-client'"):
        check(CASES[0], ["no-such-client"], "http://127.0.0.1:9", tmp_path, Policy())


def attempt(at: float, key: str = "k", path: str = "/projects") -> Attempt:
    return Attempt(at=at, method="POST", path=path, key=key, body_digest="0", fault="503", status=503)


@pytest.mark.parametrize(
    "gaps, complaint",
    [
        ([0.0, 0.0, 0.0], "retried without a pause"),
        ([0.5, 0.5, 0.5], "the delays do not grow"),
        ([0.1, 0.2, 0.4], ""),
        ([0.19, 0.01, 0.6], ""),  # full jitter: one short delay is chance
    ],
)
def test_delays_are_judged_as_a_whole(gaps: list[float], complaint: str) -> None:
    """Hammering and constant delays are told from jitter."""
    case = next(c for c in CASES if c.id == "unavailable-for-good")
    attempts = [attempt(sum(gaps[:i])) for i in range(len(gaps) + 1)]

    finding = judge(case, attempts, ClientRun(exit_status=1, seconds=1, tail=""), Policy())

    assert finding.outcome is (Outcome.FAIL if complaint else Outcome.PASS)
    assert complaint in finding.summary


def test_more_attempts_than_promised_are_counted() -> None:
    """The message names the policy's key."""
    case = next(c for c in CASES if c.id == "unavailable-for-good")
    attempts = [attempt(0.1 * 2**i) for i in range(7)]

    finding = judge(case, attempts, ClientRun(exit_status=1, seconds=1, tail=""), Policy())

    assert "7 attempts; [client] policy.max_attempts is 5" in finding.observed


def test_other_operations_are_not_taken_for_attempts() -> None:
    """Only requests under the same key, or for the same thing, are attempts of one operation."""
    case = next(c for c in CASES if c.id == "unavailable-twice")
    answered = msgspec.structs.replace(attempt(0.6), fault="", status=201)
    others = [attempt(0.7, key="other"), attempt(0.8, path="/runs", key="")]
    attempts = [attempt(0), attempt(0.2), answered, *others]

    finding = judge(case, attempts, ClientRun(exit_status=0, seconds=1, tail=""), Policy())

    assert finding.outcome is Outcome.PASS


def client_of_vendor(script: str, upstream: str, http_client: httpx.Client, cwd: Path) -> ClientUnderTest:
    return ClientUnderTest(
        command=[sys.executable, "-c", script],
        env={"URL": "{fault_server}"},
        cwd=cwd,
        timeout_s=20,
        policy=POLICY,
        log=cwd / "client.log",
        upstream=upstream,
        http=http_client,
        live_once=True,
    )


def test_a_vendor_sees_one_run_alone(counted: tuple[str, list[str]], tmp_path: Path) -> None:
    """Where the provider is not to be written to again, every other run is answered from the recorded one."""
    upstream, seen = counted
    case_ids = ("unavailable-twice", "cut-short", "limited-with-seconds")
    with Network().client() as http_client:
        client = client_of_vendor(one_after_another({}, {}), upstream, http_client, tmp_path)
        found = [check_case(client, next(c for c in CASES if c.id == case_id)) for case_id in case_ids]

    assert [f.outcome for f in found] == [Outcome.PASS] * len(case_ids), found
    assert seen == ["/projects", "/runs"]


@pytest.mark.parametrize(
    "key, outcome",
    [(HONEST["key"], Outcome.PASS), (BROKEN["makes-a-key-each-time"][0]["key"], Outcome.ERROR)],
    ids=["one key", "a key each time"],
)
def test_a_drill_writes_nothing_to_a_vendor(
    key: str, outcome: Outcome, counted: tuple[str, list[str]], tmp_path: Path
) -> None:
    """A write that passes twice is not known to be done twice there; one that the key recognises passes."""
    upstream, seen = counted
    drill = next(d for d in DRILLS if d.id == "lost-answer")
    with Network().client() as http_client:
        client = client_of_vendor(CLIENT.format(**{**HONEST, "key": key}), upstream, http_client, tmp_path)
        setting = DrillSetting(client=client, label=client.undisturbed().operations.label_of)
        finding = drill.judge(drill, setting)

    assert finding.outcome is outcome, finding.observed
    assert ('allow probes = "write"' in finding.observed) is (outcome is Outcome.ERROR)
    assert seen == ["/projects"]
