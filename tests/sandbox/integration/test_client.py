from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.sandbox.defects import Planted
from harness.sandbox.integration import counts
from harness.sandbox.integration.client import ProductClient, ProductError, RetryPolicy
from harness.sandbox.integration.credentials import ApiCredential
from harness.sandbox.integration.settings import Settings
from harness.sandbox.integration.storage import Database

QUICK = RetryPolicy(first_delay=0.04, max_delay=0.08, read=30, attempt=30, deadline=60, retry_after_cap=2)
"""Tries again soon, and waits for what a busy machine takes its time for."""
HURRIED = replace(QUICK, read=1, attempt=1.5, deadline=8)
"""For a server that never comes to an end."""
OK = b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"id":"p1"}'


def answer(status: int, *headers: str, body: bytes = b"{}") -> bytes:
    head = [f"HTTP/1.1 {status} Told", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def silence(connection: socket.socket) -> None:
    connection.settimeout(5)
    connection.recv(1)


def dribble(first: bytes) -> Callable[[socket.socket], None]:
    def act(connection: socket.socket) -> None:
        connection.sendall(first)
        for _ in range(60):
            connection.sendall(b"x")
            time.sleep(0.1)

    return act


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


Step = bytes | Callable[[socket.socket], None]


class Script:
    """A product that answers each connection with the next step, then with the last one for ever."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.requests: list[tuple[float, str]] = []
        self._steps = steps
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def keys(self) -> list[str]:
        """Return the idempotency key of each request."""
        return [self.header(n, "idempotency-key") for n in range(len(self.requests))]

    def header(self, number: int, name: str) -> str:
        """Return a header of a request, empty for none."""
        lines = self.requests[number][1].split("\r\n")
        return next((line.partition(": ")[2] for line in lines if line.lower().startswith(f"{name}:")), "")

    def close(self) -> None:
        """Listen no longer."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # the client may have gone, also before it is read from
            data = connection.recv(65536)
            if not data:
                return
            self.requests.append((time.monotonic(), data.decode()))
            step = self._steps[min(len(self.requests), len(self._steps)) - 1]
            if callable(step):
                step(connection)
            else:
                connection.sendall(step.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))


Call = Callable[..., tuple[Script, Any]]


@pytest.fixture
def call(settings: Settings, database: Database) -> Iterator[Call]:
    """Return a function that lets a client write once against a script; gives the script, and answer or error."""
    opened: list[Any] = []

    def make(
        *steps: Step,
        key: str | None = "key-12345678",
        policy: RetryPolicy = QUICK,
        defect: str = "",
        **more: Any,
    ) -> tuple[Script, Any]:
        script = Script(steps)
        planted = Planted(frozenset({defect} - {""}))
        told = replace(settings, base_url=script.url, **more)
        client = ProductClient(told, planted=planted, policy=policy, database=database)
        opened.extend((script, client))
        try:
            return script, client.write("/projects", {"name": "x"}, key=key)
        except ProductError as exc:
            return script, exc

    yield make
    for each in reversed(opened):
        each.close()


# What a server does first, and how many attempts a write with a key and one without then make until all is well.
FAULTS: dict[str, tuple[Step, int, int]] = {
    "nothing": (OK, 1, 1),
    "500": (answer(500), 2, 1),
    "503": (answer(503), 2, 1),
    "429": (answer(429), 2, 2),
    "409": (answer(409), 2, 1),
    "reset": (reset, 2, 1),
    "closed": (b"", 2, 1),
    "garbage": (b"garbage\r\n\r\n", 2, 1),
    "cut": (b'HTTP/1.1 201 C\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"id":"p', 2, 1),
    "cut-but-json": (b"HTTP/1.1 201 C\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{}", 2, 1),
    "malformed": (answer(201, "Content-Type: application/json", body=b'{"id":'), 2, 1),
    "html": (answer(200, "Content-Type: text/html", body=b"{}"), 2, 1),
    "bad-gzip": (answer(201, "Content-Type: application/json", "Content-Encoding: gzip", body=b"no gzip"), 2, 1),
    "silence": (silence, 2, 1),
    "dribbled-body": (dribble(b"HTTP/1.1 201 C\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"), 2, 1),
    "dribbled-head": (dribble(b"HTTP/1.1 201 C\r\nX-Never-Ends: "), 2, 1),
    "400": (answer(400), 1, 1),
    "401": (answer(401), 1, 1),
    "403": (answer(403), 1, 1),
    "404": (answer(404), 1, 1),
    "422": (answer(422), 1, 1),
    "302": (answer(302, "Location: http://127.0.0.1:9/"), 1, 1),
    "501": (answer(501), 1, 1),
}
ENDLESS = ("silence", "dribbled-body", "dribbled-head")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_call_is_repeated_only_where_that_helps_and_harms_nothing(fault: str, call: Call) -> None:
    """With a key it is repeated after what may pass; without one, only when the product has surely not done it."""
    step, keyed, unkeyed = FAULTS[fault]
    for key, attempts in (("key-12345678", keyed), (None, unkeyed)):
        policy = HURRIED if fault in ENDLESS else QUICK
        script, result = call(step, OK, key=key, policy=policy)

        assert len(script.requests) == attempts
        assert isinstance(result, ProductError) is not (attempts == 2 or fault == "nothing")
        assert isinstance(result, ProductError) or result == {"id": "p1"}


def test_every_attempt_carries_the_same_key(call: Call) -> None:
    """However often a write is tried, the product sees one key."""
    script, _ = call(answer(503), answer(503), reset, OK, key="key-12345678")

    assert script.keys() == ["key-12345678"] * 4


def test_attempts_are_bounded_and_the_error_surfaces(call: Call) -> None:
    """Five attempts, with pauses between, then an error that says what happened and quotes no credential."""
    script, result = call(answer(503))
    gaps = [b[0] - a[0] for a, b in zip(script.requests, script.requests[1:], strict=False)]

    assert len(script.requests) == 5
    assert str(result) == "POST /projects failed after 5 attempts: HTTP 503"
    assert min(gaps) >= 0.03


# Retry-After, and the seconds that pass before the second attempt; None: there is none.
TOLD: dict[str, tuple[int, str, float | None]] = {
    "seconds": (429, "1", 1.0),
    "at-once": (429, "0", 0.0),
    "503-too": (503, "1", 1.0),
    "beyond-the-cap": (429, "3600", None),
    "garbage": (429, "soon", 0.0),
    "negative": (429, "-5", 0.0),
    "huge": (429, "9" * 400, 0.0),
}


@pytest.mark.parametrize("case", TOLD)
def test_retry_after_is_honoured_up_to_a_cap(case: str, call: Call) -> None:
    """No attempt comes earlier than told; what is longer than the cap is not waited for at all."""
    status, told, expected = TOLD[case]
    script, result = call(answer(status, f"Retry-After: {told}"), OK)

    if expected is None:
        assert (len(script.requests), result.status) == (1, status)
    else:
        assert script.requests[1][0] - script.requests[0][0] >= expected


def test_the_deadline_holds_over_all_attempts(call: Call) -> None:
    """A server that dribbles in every attempt holds the client no longer than its deadline."""
    begun = time.monotonic()
    _, result = call(dribble(b"HTTP/1.1 200 OK\r\nX: "), policy=replace(HURRIED, deadline=2.5))

    assert isinstance(result, ProductError)
    assert time.monotonic() - begun < 20, "the server dribbles for ever"


def test_a_rotated_key_is_taken_up_after_one_401(call: Call, tmp_path: Path) -> None:
    """After 401 the credential is read again; a new one is tried once, an unchanged one not at all."""
    file = tmp_path / "key"
    file.write_text("first")
    credential = ApiCredential("PRODUCT_API_KEY", path=file)

    def rotate(connection: socket.socket) -> None:
        file.write_text("second")
        connection.sendall(answer(401))

    script, result = call(rotate, OK, api_key=credential)

    assert result == {"id": "p1"}
    assert [script.header(n, "authorization") for n in (0, 1)] == ["Bearer first", "Bearer second"]

    def rotate_again(connection: socket.socket) -> None:
        file.write_text(file.read_text() + "x")
        connection.sendall(answer(401))

    script, result = call(rotate_again, api_key=credential)

    assert (len(script.requests), result.status) == (2, 401)


def test_a_redirect_is_not_followed(call: Call) -> None:
    """The credential goes to the origin it is meant for, and nowhere else."""
    elsewhere = Script((OK,))
    _, result = call(answer(307, f"Location: {elsewhere.url}/projects"))

    assert result.status == 307
    assert elsewhere.requests == []
    elsewhere.close()


def test_every_attempt_is_counted(call: Call, database: Database) -> None:
    """Attempts by outcome, retries and refused credentials are in the shared counts."""
    call(answer(503), answer(429), reset, OK)
    call(answer(401))
    seen = {series: n for series, n in counts.read(database).items() if n}

    assert seen == {
        (counts.REQUESTS, "unavailable"): 1,
        (counts.REQUESTS, "limited"): 1,
        (counts.REQUESTS, "broken"): 1,
        (counts.REQUESTS, "success"): 1,
        (counts.REQUESTS, "refused"): 1,
        (counts.RETRIES, ""): 3,
        (counts.AUTH_FAILURES, ""): 1,
    }


def test_no_error_quotes_the_credential(call: Call, settings: Settings) -> None:
    """Whatever fails, neither message nor cause says the key."""
    for step in (reset, answer(401), b"garbage\r\n\r\n"):
        _, result = call(step)
        cause: BaseException | None = result
        while cause is not None:
            assert settings.api_key.current() not in repr(cause)
            cause = cause.__cause__


JSON = "Content-Type: application/json"
# Defect of the client: what a server does, and the attempts and success it then leads to, without it and with it.
PLANTED: dict[str, tuple[Step, tuple[int, bool], tuple[int, bool]]] = {
    "client-never-retries": (answer(503), (2, True), (1, False)),
    "client-gives-up-on-broken-connections": (reset, (2, True), (1, False)),
    "client-never-retries-429": (answer(429), (2, True), (1, False)),
    "client-retries-bad-requests": (answer(422), (1, False), (2, True)),
    "client-retries-401": (answer(401), (1, False), (2, True)),
    "client-takes-cut-answers": (FAULTS["cut"][0], (2, True), (1, True)),
    "client-takes-malformed-answers": (FAULTS["malformed"][0], (2, True), (1, True)),
}


@pytest.mark.parametrize("defect", PLANTED)
def test_a_defect_of_the_client_shows(defect: str, call: Call) -> None:
    """The server sees another number of attempts, or the caller another end."""
    step, honest, broken = PLANTED[defect]
    for planted, expected in (("", honest), (defect, broken)):
        script, result = call(step, OK, defect=planted)

        assert (len(script.requests), not isinstance(result, ProductError)) == expected


def test_defects_of_what_the_client_sends_show(call: Call, settings: Settings, database: Database) -> None:
    """New keys, a credential in the URL, a header or at another origin, an unkeyed write again, retries not counted."""
    script, _ = call(answer(503), OK, defect="client-new-key-per-attempt")
    assert len(set(script.keys())) == 2
    script, _ = call(OK, defect="client-puts-key-in-url")
    assert settings.api_key.current() in script.requests[0][1].partition("\r\n")[0]
    script, _ = call(OK, defect="client-puts-key-in-user-agent")
    assert settings.api_key.current() in script.header(0, "user-agent")
    elsewhere = Script((OK,))
    call(answer(307, f"Location: {elsewhere.url}/projects"), defect="client-follows-redirects-with-key")
    assert settings.api_key.current() in elsewhere.header(0, "authorization")
    elsewhere.close()
    script, _ = call(answer(503), OK, key=None, defect="client-retries-unkeyed-writes")
    assert len(script.requests) == 2
    before = counts.read(database)[counts.RETRIES, ""]
    call(answer(503), OK, defect="client-counts-no-retries")
    assert counts.read(database)[counts.RETRIES, ""] == before
