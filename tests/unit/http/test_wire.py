"""Requests on their own sockets."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

import harness.http.wire as wire_module
from harness.http.client import Network
from harness.http.message import Exchange, Request
from harness.http.wire import Wire
from harness.model import Event
from tests.ports import free_port

EVENT = Event(name="paid", type="paid", id="evt_1", body=b"")
ANSWER = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n"


def test_an_answer_ends_a_request_that_is_read_no_further() -> None:
    """A receiver may refuse a long body and leave the connection open: its answer counts, not the rest of the body."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(ANSWER)
                done.wait(60)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        wire = Wire(url, check=Network([url]).check, timeout_s=60)
        try:
            answer = wire.send(Request(method="POST", url=url, body=b"x" * (64 << 20)), event="e", event_id="")
        finally:
            done.set()
            thread.join()

    assert (answer.status, answer.error) == (413, "")


def test_every_answer_is_shown_to_the_observer() -> None:
    """Also that to the request before, on the same connection; what is no answer is none."""
    seen: list[Exchange] = []
    answers = [b"HTTP/1.1 200 Fine\r\nX-A: b\r\ncontent-length: 2\r\n\r\nok", ANSWER, b"nonsense\r\n\r\n"]
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for per_connection in (answers[:2], answers[2:]):
                connection, _ = server.accept()
                with connection:
                    for answer in per_connection:
                        connection.recv(1000)
                        connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/hook?x=1"
        wire = Wire("http://127.0.0.1/", check=Network([url]).check, timeout_s=60, observer=seen.append)
        wire = wire.at(url, timeout_s=60)
        request = wire.head(Request(method="POST", url=url), ("content-length", "0"))
        wire.exchange([request], event="e", event_id="", before=request)
        wire.exchange([request], event="e", event_id="")
        thread.join()

    answered = [exchange.response for exchange in seen if exchange.response]
    assert [exchange.request.url for exchange in seen] == [url, url]
    assert [(each.status, each.reason, each.body) for each in answered] == [
        (200, "Fine", b"ok"),
        (413, "Content Too Large", b""),
    ]
    assert answered[0].header("x-a") == "b"


@pytest.mark.parametrize(
    "said, pause_s, least_s, most_s", [(b"HTTP/1.1 100 Continue\r\n\r\n", 30, 0.0, 20), (b"", 1, 1, 60)]
)
def test_a_pause_ends_with_an_answer(said: bytes, pause_s: float, least_s: float, most_s: float) -> None:
    """A receiver that says that the request may go on gets the rest at once, another one when the pause is over."""
    arrived: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                for answer in (said, ANSWER):
                    arrived.append(connection.recv(1000))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        wire = Wire(url, check=Network([url]).check, timeout_s=60)
        answer = wire.exchange([b"head", b"body"], event="e", event_id="", pause_s=pause_s)
        thread.join()

    assert (arrived, answer.status) == ([b"head", b"body"], 413)
    assert least_s <= answer.seconds < most_s


def test_requests_at_once_are_all_there_before_any_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each lacks its last byte until the others have come that far; the answers are in the order of the requests."""
    sent: list[bytes] = []
    really = wire_module._sent

    def noted(connection: Any, pieces: Any, *more: Any) -> OSError | None:
        sent.append(b"".join(pieces))
        return really(connection, pieces, *more)

    monkeypatch.setattr(wire_module, "_sent", noted)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connections = [server.accept()[0] for _ in range(3)]
            for connection in connections[::-1]:
                with connection:
                    whole = b""
                    while not whole.endswith((b"xa", b"xb", b"xc")):
                        whole += connection.recv(1000)
                    connection.sendall(b"HTTP/1.1 200 Fine\r\ncontent-length: 1\r\n\r\n" + whole[-1:])

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        wire = Wire(url, check=Network([url]).check, timeout_s=60)
        requests = [(Request(method="POST", url=url, body=body), EVENT) for body in (b"xa", b"xb", b"xc")]
        answers = wire.send_at_once(requests)
        thread.join()

    assert [part[-1:] for part in sent] == [b"x", b"x", b"x", b"a", b"b", b"c"]
    assert sent[3:] == [b"a", b"b", b"c"]
    assert [(a.status, a.answer, a.event_id) for a in answers] == [(200, last, "evt_1") for last in "abc"]


def test_requests_at_once_to_nobody_have_no_answer() -> None:
    """One that cannot be sent does not keep the others from it."""
    url = f"http://127.0.0.1:{free_port()}/"
    wire = Wire(url, check=Network([url]).check, timeout_s=60)
    answers = wire.send_at_once([(Request(method="POST", url=url, body=b"x"), EVENT)] * 2)

    assert [(a.status, a.error) for a in answers] == [(None, "connection refused")] * 2
