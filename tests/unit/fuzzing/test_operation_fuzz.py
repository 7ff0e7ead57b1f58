"""Generated requests find every distinct defect once, cry no wolf, and end in time on any provider."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from harness.fuzzing.defect_fixes import FIXES
from harness.fuzzing.sending import send_case
from harness.model import Finding, Outcome
from tests.unit.conftest import document, stay_silent

if TYPE_CHECKING:
    from tests.unit.conftest import Attacker, Call, Misbehave, Reply, Serve

A_FEW = 10
"""The most requests to an operation that does not answer."""
OK: dict[str, Any] = {"responses": {"200": {"description": "fine"}}}
THINGS = document(
    {
        "/things": {
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 50}}
                ],
                "responses": {
                    "200": {
                        "description": "fine",
                        "content": {"application/json": {"schema": {"type": "array", "items": {"type": "integer"}}}},
                    },
                    "400": {"description": "wrong"},
                },
            }
        }
    }
)


def correct(call: Call) -> Reply:
    """Answer as THINGS says."""
    if call.method != "GET":
        return 405, {"allow": "GET"}, None
    query = call.path.partition("?")[2]
    value = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair).get("limit")
    if value is None and "limit" not in query:
        return 200, {}, [1]
    fits = value is not None and value.isascii() and value.isdigit() and 1 <= int(value) <= 50
    return (200, {}, [1]) if fits else (400, {}, None)


def failing(findings: list[Finding]) -> list[Finding]:
    return [f for f in findings if f.outcome is Outcome.FAIL]


def test_a_correct_provider_passes(attacker: Attacker, serve: Serve) -> None:
    """No violation is one finding that says how many requests were answered, and with which seed."""
    [finding] = attacker.fuzzer(THINGS, serve(correct), seed=7).fuzz("GET /things")

    assert finding.outcome is Outcome.PASS
    assert finding.summary.startswith("GET /things: ")
    assert "seed 7" in finding.observed


def test_all_defects_of_an_operation_are_found_each_once(attacker: Attacker, serve: Serve) -> None:
    """One defect does not hide the others, and many requests that show it are one finding."""

    def broken(call: Call) -> Reply:
        status, headers, body = correct(call)
        if "limit=50" in call.path:
            return 500, {}, {"error": "crash"}
        return (200, headers, ["one"]) if status == 200 else (409 if status == 400 else status, headers, body)

    found = failing(attacker.fuzzer(THINGS, serve(broken)).fuzz("GET /things"))

    assert sorted(f.summary.partition(" (F-")[0] for f in found) == [
        "GET /things: Response violates schema",
        "GET /things: Server error",
        "GET /things: Undocumented status code",
    ]
    assert len({f.id for f in found}) == 3


def test_a_finding_says_what_a_person_needs(attacker: Attacker, serve: Serve) -> None:
    """It has the place in the document, the answer, the smallest request as a curl line, and how to repeat it."""
    url = serve(lambda call: (200, {}, {"no": "array"}) if call.method == "GET" else correct(call))

    [finding] = [f for f in failing(attacker.fuzzer(THINGS, url).fuzz("GET /things")) if "violates schema" in f.summary]

    assert finding.id.startswith("F-")
    assert finding.reproduce == f"harness fuzz --replay {finding.id}"
    assert finding.fix == FIXES["response_schema_conformance"]
    assert finding.expected.startswith("#/paths/~1things/get/responses/200/content/application~1json/schema: {")
    assert 'HTTP 200 OK (application/json) {"no": "array"}' in finding.observed
    assert f'request: curl -i -X GET -H "authorization: $CREDENTIAL" {url}/things\n' in finding.observed
    assert "s3cret" not in repr(finding)


def test_what_random_requests_alone_find_is_made_smaller(attacker: Attacker, serve: Serve) -> None:
    """A request that no limit of the description leads to is reported in its simplest form."""
    body = {"application/json": {"schema": {"type": "string", "minLength": 1, "maxLength": 200}}}
    posting = document({"/notes": {"post": {**OK, "requestBody": {"required": True, "content": body}}}})

    def broken(call: Call) -> Reply:
        crashes = (call.method == "POST" and not call.body.isascii()) or b"\\u" in call.body
        return (500, {}, None) if crashes else (200, {}, None)

    fuzzer = attacker.fuzzer(posting, serve(broken), examples=60, shrinks=300)
    crash = [f for f in failing(fuzzer.fuzz("POST /notes")) if "Server error" in f.summary]

    assert len(crash) == 1
    sent = attacker.found.get(crash[0].id)
    assert sent is not None
    assert len(sent.steps[0].body or b"") <= 8


def test_what_was_found_is_tried_first(attacker: Attacker, serve: Serve) -> None:
    """The second run begins with the request that showed the defect, and forgets it once it is mended."""
    calls: list[Call] = []
    broken = True

    def provider(call: Call) -> Reply:
        calls.append(call)
        return (500, {}, None) if broken and "limit=50" in call.path else correct(call)

    url = serve(provider)
    [first] = failing(attacker.fuzzer(THINGS, url).fuzz("GET /things"))
    calls.clear()
    attacker.fuzzer(THINGS, url, examples=1).fuzz("GET /things")
    assert "limit=50" in calls[0].path

    broken = False
    assert failing(attacker.fuzzer(THINGS, url).fuzz("GET /things")) == []
    assert attacker.found.get(first.id) is None


def test_what_still_occurs_is_reported_though_nothing_new_is_tried(attacker: Attacker, serve: Serve) -> None:
    """A stored defect that shows again fails its operation, also where no time is left for another request."""
    url = serve(lambda call: (500, {}, None) if "limit=50" in call.path else correct(call))
    [first] = failing(attacker.fuzzer(THINGS, url).fuzz("GET /things"))

    [again] = attacker.fuzzer(THINGS, url, seconds=0).fuzz("GET /things")

    assert (again.id, again.outcome) == (first.id, Outcome.FAIL)
    assert attacker.found.get(first.id) is not None


def test_a_seed_repeats_the_requests(attacker: Attacker, serve: Serve) -> None:
    """Two runs with one seed send the same; another seed sends others."""
    runs = []
    for seed in (1, 1, 2):
        calls: list[tuple[str, str]] = []

        def provider(call: Call, calls: list[tuple[str, str]] = calls) -> Reply:
            calls.append((call.method, call.path))
            return correct(call)

        attacker.fuzzer(THINGS, serve(provider), seed=seed).fuzz("GET /things")
        runs.append(calls)

    assert runs[0] == runs[1] != runs[2]


def test_an_empty_list_is_filled_before_it_is_read(attacker: Attacker, serve: Serve) -> None:
    """Entries that break their schema are found although nothing was there when the operation's turn came."""
    listed = THINGS["paths"]["/things"]
    posting = {**OK, "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}
    described = document({"/things": {**listed, "post": posting}})
    kept: list[str] = []

    def provider(call: Call) -> Reply:
        if call.method == "POST":
            kept.append("thing")
        status, headers, _ = correct(call)
        return (200, {}, kept) if status == 200 or call.method == "POST" else (status, headers, None)

    found = failing(attacker.fuzzer(described, serve(provider)).fuzz("GET /things"))

    assert any("violates schema" in f.summary for f in found)


def test_a_list_is_read_though_nothing_can_be_put_into_it(attacker: Attacker, serve: Serve) -> None:
    """Filling it takes no more than one timeout of its time, and silence there is none of its own."""
    listed = THINGS["paths"]["/things"]
    posting = {**OK, "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}
    posts: list[Call] = []
    over = threading.Event()

    def provider(call: Call) -> Reply:
        if call.method == "POST":
            posts.append(call)
            over.wait(60)
        return correct(call)

    described = document({"/things": {**listed, "post": posting}})
    findings = attacker.fuzzer(described, serve(provider), timeout=5, seconds=60).fuzz("GET /things")
    over.set()

    assert [f.summary for f in findings if "answer" in f.summary] == []
    assert len(posts) == 1


class Counted:
    """What a provider does with each request, and how many there were."""

    def __init__(self, act: Callable[[socket.socket], None]) -> None:
        self.requests = 0
        self._act = act

    def __call__(self, connection: socket.socket) -> None:
        self.requests += 1
        self._act(connection)


def garbage(connection: socket.socket) -> None:
    connection.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")


def close(_: socket.socket) -> None:
    """Say nothing at all."""


@pytest.mark.parametrize(
    "act, said",
    [(stay_silent, "ReadTimeout"), (garbage, "illegal status line"), (close, "disconnected")],
    ids=["hangs", "garbage", "closes"],
)
def test_a_provider_that_never_answers_is_an_error(
    attacker: Attacker, misbehave: Misbehave, act: Callable[[socket.socket], None], said: str
) -> None:
    """The finding reports what happened, and the run ends after a few requests."""
    counted = Counted(act)

    within_s = 0.3 if act is stay_silent else 60
    [finding] = attacker.fuzzer(THINGS, misbehave(counted), timeout=within_s).fuzz("GET /things")

    assert finding.outcome is Outcome.ERROR
    assert finding.summary == "GET /things: the provider did not answer while it was fuzzed"
    assert said in finding.observed
    assert counted.requests <= A_FEW


def test_a_provider_that_is_gone_is_not_waited_for_again_and_again(attacker: Attacker, misbehave: Misbehave) -> None:
    """After several operations without an answer, the others are reported as not tried, without a request."""
    described = document({f"/a{n}": {"get": OK} for n in range(40)})
    counted = Counted(stay_silent)
    fuzzer = attacker.fuzzer(described, misbehave(counted), timeout=0.1)

    findings = [finding for label in fuzzer.labels for finding in fuzzer.fuzz(label)]

    assert len(findings) == 40
    assert {f.outcome for f in findings} == {Outcome.ERROR}
    assert findings[-1].summary == "GET /a39: the provider no longer answers, so nothing was sent"
    assert findings[-1].observed == "it answered none of the 5 operations before"
    assert counted.requests <= 5 * A_FEW


def test_a_provider_that_is_not_there_is_an_error(attacker: Attacker) -> None:
    """One refused connection is enough to say so."""
    [finding] = attacker.fuzzer(THINGS, "http://127.0.0.1:9").fuzz("GET /things")

    assert finding.outcome is Outcome.ERROR
    assert "unreachable: ConnectError" in finding.observed


def test_the_request_that_ends_the_provider_is_shown(attacker: Attacker) -> None:
    """Beside the error that there is no provider any more stands what it answered last, and what ended it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def provider() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    if b"limit=50 " in connection.recv(65536):
                        listener.shutdown(socket.SHUT_RDWR)
                        return
                    connection.sendall(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

        threading.Thread(target=provider, daemon=True).start()
        findings = attacker.fuzzer(THINGS, f"http://127.0.0.1:{port}").fuzz("GET /things")

    told = {f.summary.partition(" (F-")[0]: f.observed for f in findings}
    assert "ConnectError" in told["GET /things: the provider did not answer while it was fuzzed"]
    assert "limit=50" in told["GET /things: Connection closed without a whole answer"]
    assert "HTTP 500 Oops" in told["GET /things: Server error"]


def test_one_request_that_hangs_is_a_defect(attacker: Attacker, serve: Serve) -> None:
    """An operation that answers others but not this one has failed, and the request is shown."""
    over = threading.Event()

    def provider(call: Call) -> Reply:
        if "limit=50" in call.path:
            over.wait(60)
        return correct(call)

    found = failing(attacker.fuzzer(THINGS, serve(provider), timeout=5, seconds=60).fuzz("GET /things"))
    over.set()

    assert [f.summary.partition(" (F-")[0] for f in found] == ["GET /things: No whole answer in time"]
    assert "limit=50" in found[0].observed
    assert "none (ReadTimeout" in found[0].observed


def test_a_redirect_elsewhere_is_told_and_not_followed(attacker: Attacker, serve: Serve) -> None:
    """No request goes to the other place."""
    others: list[Call] = []

    def elsewhere(call: Call) -> Reply:
        others.append(call)
        return 200, {}, None

    other = serve(elsewhere)
    url = serve(lambda call: (302, {"location": other}, None) if call.method == "GET" else correct(call))
    found = failing(attacker.fuzzer(THINGS, url).fuzz("GET /things"))

    assert any("Received: 302" in f.observed for f in found)
    assert others == []


def test_a_rate_limit_is_waited_for_and_is_no_failure(attacker: Attacker, serve: Serve) -> None:
    """429 with Retry-After leads to the same request again."""
    refused: list[str] = []

    def provider(call: Call) -> Reply:
        if len(refused) < 3 and "limit=" in call.path:
            refused.append(call.path)
            return 429, {"retry-after": "1"}, None
        return correct(call)

    [finding] = attacker.fuzzer(THINGS, serve(provider)).fuzz("GET /things")

    assert finding.outcome is Outcome.PASS
    assert len(refused) == 3


def test_a_rate_limit_without_end_is_an_error(attacker: Attacker, serve: Serve) -> None:
    """Waiting is bounded; then the finding says so instead of passing."""
    [finding] = attacker.fuzzer(THINGS, serve(lambda _: (429, {"retry-after": "20"}, None))).fuzz("GET /things")

    assert finding.outcome is Outcome.ERROR
    assert "rate limit: asked to wait 20 s after 120 s of waiting" in finding.observed


def test_an_operation_gets_no_more_requests_than_the_budget_has(attacker: Attacker, serve: Serve) -> None:
    """Fewer of the spec's limits are tried, spread over all of them, and the finding states how many."""
    calls: list[Call] = []

    def answer(call: Call) -> Reply:
        calls.append(call)
        return correct(call)

    [finding] = attacker.fuzzer(THINGS, serve(answer), requests=8, examples=1).fuzz("GET /things")

    assert len([call for call in calls if call.method != "POST"]) <= 8 + 1, "and one to an unknown path"
    assert re.search(r"^seed 1; 4 of \d+( or more)? requests for the spec's limits were sent", finding.observed)


def test_a_failed_operation_states_what_it_was_not_sent(attacker: Attacker, serve: Serve) -> None:
    """Beside its defects stands how much of the spec was not tried."""
    url = serve(lambda call: (500, {}, None) if call.method == "GET" else correct(call))

    *found, left = attacker.fuzzer(THINGS, url, requests=8, examples=1).fuzz("GET /things")

    assert found == failing(found) != []
    assert left.outcome is Outcome.NOT_APPLICABLE
    assert left.summary == "GET /things: not all requests were sent"
    assert "requests for the spec's limits were sent" in left.observed


def test_the_time_of_the_budget_is_kept(attacker: Attacker, serve: Serve) -> None:
    """A slow provider is asked less, and the finding says that time ran out."""
    calls: list[Call] = []

    def slow(call: Call) -> Reply:
        calls.append(call)
        time.sleep(0.05)
        return correct(call)

    [finding] = attacker.fuzzer(THINGS, serve(slow), seconds=0.5).fuzz("GET /things")

    assert len(calls) <= 0.5 / 0.05 + 1, "one at a time, none begun after the time"
    assert finding.observed == "seed 1; the time of the budget ran out"


FILE = {"type": "string", "format": "binary"}
FORMS: dict[str, dict[str, Any]] = {
    "a file": {"schema": {"type": "object", "properties": {"file": FILE, "note": {"type": "string"}}}},
    "a required file": {"schema": {"type": "object", "required": ["file"], "properties": {"file": FILE}}},
    "several files": {"schema": {"type": "object", "properties": {"files": {"type": "array", "items": FILE}}}},
    "a number": {
        "schema": {"type": "object", "properties": {"n": {"type": "integer"}}},
        "encoding": {"n": {"contentType": "text/plain"}},
    },
}


@pytest.mark.parametrize("media", FORMS.values(), ids=FORMS)
def test_forms_with_files_are_sent_whole(attacker: Attacker, serve: Serve, media: dict[str, Any]) -> None:
    """Numbers in place of files are parts like any other, and nothing is wrong with the description."""
    posted: list[Call] = []

    def provider(call: Call) -> Reply:
        posted.append(call)
        return (200, {}, None) if call.method == "POST" else (405, {"allow": "POST"}, None)

    upload = {"requestBody": {"content": {"multipart/form-data": media}}, **OK}
    findings = attacker.fuzzer(document({"/upload": {"post": upload}}), serve(provider)).fuzz("POST /upload")

    assert [f.observed for f in findings if f.outcome is Outcome.ERROR] == []
    assert any(b'name="' in call.body for call in posted)


@pytest.mark.parametrize("failing_call", [1, 7])
def test_a_fault_of_ours_is_no_flaw_of_the_description(
    attacker: Attacker, serve: Serve, monkeypatch: pytest.MonkeyPatch, failing_call: int
) -> None:
    """A request that cannot be made is an error that names the exception, and every other request is sent."""
    calls: list[Call] = []
    made = iter(range(1, 1_000_000))

    def broken(*arguments: Any) -> Any:
        if next(made) == failing_call:
            raise AttributeError("'int' object has no attribute 'read'")
        return send_case(*arguments)

    def provider(call: Call) -> Reply:
        calls.append(call)
        return correct(call)

    monkeypatch.setattr("harness.fuzzing.session.send_case", broken)
    findings = attacker.fuzzer(THINGS, serve(provider)).fuzz("GET /things")

    [error] = [f for f in findings if f.outcome is Outcome.ERROR]
    assert error.summary.endswith("a request could not be made or judged, by a fault of the harness or of a library")
    assert error.observed == "AttributeError: 'int' object has no attribute 'read'"
    assert len(calls) > 30


def test_a_library_that_fails_costs_no_other_operation(
    attacker: Attacker, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it fails before the first request."""
    described = document({"/a": {"get": OK}, "/b": {"get": OK}})
    fuzzer = attacker.fuzzer(described, serve(lambda _: (200, {}, None)), examples=2)
    monkeypatch.setattr("harness.fuzzing.operation_fuzz.flaws", lambda _, label: {"GET /b": []}[label])

    found = [finding for label in fuzzer.labels for finding in fuzzer.fuzz(label)]

    [error] = [f for f in found if f.outcome is Outcome.ERROR]
    assert (error.summary.partition(":")[0], error.observed) == ("GET /a", "KeyError: 'GET /a'")
    assert any(f.summary.startswith("GET /b") for f in found)
