"""Requests on their own sockets."""

from __future__ import annotations

import socket
import threading

from harness.http.client import Network
from harness.http.message import Request
from harness.http.wire import Wire

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
