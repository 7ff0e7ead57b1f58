"""The courier against receivers of every kind, on real sockets."""

from __future__ import annotations

import datetime as dt
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.errors import ConfigurationError, EventError, NetworkError
from harness.http.client import Network
from harness.http.load import LoadSender, Outgoing
from harness.http.message import Request
from harness.model import Delivery
from tests.unit.conftest import stay_silent
from tests.unit.webhooks.conftest import Listen, read_request

LIMIT_S = 0.5
"""For what never ends by itself; a machine may be busy, so everything else gets more."""
PATIENCE_S = 20.0
SLACK_S = 15.0
"""The time that a busy machine may add to a limit; without the limit, the receivers never end."""
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def outgoing(url: str, number: int = 1, body: bytes = b"{}") -> Iterator[Outgoing]:
    for n in range(number):
        request = Request(method="POST", url=url, headers=(("x-signature", f"s{n}"),), body=body)
        yield Outgoing(f"event-{n}", f"evt_{n}", request)


def delivered(
    url: str,
    number: int = 1,
    *,
    body: bytes = b"{}",
    concurrency: int = 1,
    rate: float | None = None,
    timeout_s: float = PATIENCE_S,
) -> list[Delivery]:
    found: list[Delivery] = []
    courier = LoadSender(Network(), url, concurrency=concurrency, rate=rate, timeout_s=timeout_s)
    courier.deliver(outgoing(url, number, body), found.append)
    return found


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    def treat(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(answer)

    return treat


def closing_at_once(connection: socket.socket) -> None:
    connection.close()


def closing_when_read(connection: socket.socket) -> None:
    read_request(connection)


def refusing_unread(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 8\r\nconnection: close\r\n\r\ntoo much")
    connection.shutdown(socket.SHUT_WR)
    time.sleep(PATIENCE_S)  # closing now could take the answer back


def streaming(head: bytes) -> Callable[[socket.socket], None]:
    def treat(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(head)
        while True:
            connection.sendall(b"x" * 65536)

    return treat


def dribbling(connection: socket.socket) -> None:
    read_request(connection)
    for byte in itertools.cycle(b"HTTP/1.1 200 OK\r\nx: y"):
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def half_an_answer(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-le")


REDIRECT = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
RECEIVERS = {
    "answers": (answering(OK), 200, "HTTP 200 'ok'"),
    "speaks HTTP/1.0": (answering(b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"), 200, "HTTP 200 'ok'"),
    "redirects": (answering(REDIRECT), 307, "HTTP 307"),
    "hangs": (stay_silent, None, "no answer: no whole answer within 0.5 s"),
    "closes at once": (closing_at_once, None, "no answer: the connection was"),
    "closes when it has read": (closing_when_read, None, "no answer: the connection was closed without an answer"),
    "closes within the head": (half_an_answer, None, "no answer: a connection closed within the head of an answer"),
    "is no web server": (answering(b"220 ready\r\n"), None, "no answer: an answer that is not HTTP, beginning b'220"),
    "dribbles a head": (dribbling, None, "no answer: no whole answer within 0.5 s"),
    "streams a body for ever": (streaming(b"HTTP/1.1 200 OK\r\n\r\n"), 200, "HTTP 200 'xxxx"),
    "streams chunks that are none": (
        streaming(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
        None,
        "no answer: an answer with a chunk that begins b'xxxx",
    ),
    "streams a head for ever": (streaming(b"HTTP/1.1 200 OK\r\nx: "), None, "no answer: an answer whose head is over"),
}


@pytest.mark.parametrize("behaviour, status, seen", RECEIVERS.values(), ids=RECEIVERS.keys())
def test_whatever_a_receiver_does_is_told_in_time(
    listen: Listen, behaviour: Callable[[socket.socket], None], status: int | None, seen: str
) -> None:
    """Each delivery ends within its limit with what was answered, or why nothing was; a redirect is not followed."""
    url = listen(behaviour)
    begun = time.monotonic()

    (delivery,) = delivered(url, timeout_s=LIMIT_S if "within" in seen else PATIENCE_S)

    assert delivery.status == status
    assert delivery.seen.startswith(seen)
    assert len(delivery.answer) <= 200
    assert time.monotonic() - begun < LIMIT_S + SLACK_S


def test_an_answer_that_comes_before_all_is_read_counts(listen: Listen) -> None:
    """A receiver that refuses a large body at its head is heard, though the body cannot be sent to its end."""
    (delivery,) = delivered(listen(refusing_unread), body=b"x" * 20_000_000)

    assert delivery.seen == "HTTP 413 'too much'"


def test_nobody_listening_is_told() -> None:
    """A refused connection is an answer too."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/hook"

    (delivery,) = delivered(url)

    assert delivery.seen == "no answer: connection refused"


def test_a_certificate_that_nobody_vouches_for_is_refused(listen: Listen, tmp_path: Path) -> None:
    """TLS is verified: nothing is sent to whoever shows a certificate of their own making."""
    received: list[bytes] = []
    url = listen(lambda connection: received.append(read_request(connection)), tls=self_signed(tmp_path))

    (delivery,) = delivered(url)

    assert delivery.seen.startswith("no answer: TLS: the certificate is not valid: self-signed certificate")
    assert received == []


def test_tls_that_is_none_is_told(listen: Listen) -> None:
    """A receiver that speaks plain HTTP where https is said is named as such."""
    (delivery,) = delivered(listen(answering(OK)).replace("http:", "https:"), timeout_s=LIMIT_S)

    assert delivery.seen.startswith("no answer: ")
    assert delivery.status is None


def test_connections_are_kept_and_times_are_told(listen: Listen) -> None:
    """One connection carries many deliveries; only the first tells how long it took to open."""
    connections = itertools.count()

    def treat(connection: socket.socket) -> None:
        next(connections)
        answering(OK)(connection)

    found = delivered(listen(treat), 20)

    assert next(connections) == 1
    assert [d.event for d in found] == [f"event-{n}" for n in range(20)]
    assert found[0].connect_s > 0
    assert {d.connect_s for d in found[1:]} == {0.0}
    assert all(0 < d.first_byte_s <= d.seconds for d in found)


def test_a_connection_that_was_closed_between_deliveries_is_opened_anew(listen: Listen) -> None:
    """A receiver may close after each answer, with or without saying so."""

    def treat(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(OK)

    assert [d.status for d in delivered(listen(treat), 10)] == [200] * 10


def test_no_more_are_under_way_at_once_than_asked_for(listen: Listen) -> None:
    """Concurrency is reached and not exceeded."""
    now, most, lock, all_there = 0, 0, threading.Lock(), threading.Barrier(8, timeout=PATIENCE_S)

    def treat(connection: socket.socket) -> None:
        nonlocal now, most
        while read_request(connection):
            with lock:
                now += 1
                most = max(most, now)
            all_there.wait()
            with lock:
                now -= 1
            connection.sendall(OK)

    found = delivered(listen(treat), 40, concurrency=8)

    assert [d.status for d in found] == [200] * 40
    assert most == 8


def test_the_rate_is_not_exceeded(listen: Listen) -> None:
    """Ten a second means that the sixth is not sent before half a second has passed."""
    begun = time.monotonic()

    found = delivered(listen(answering(OK)), 6, concurrency=4, rate=10.0)

    assert len(found) == 6
    assert time.monotonic() - begun >= 0.5


def test_a_delivery_is_asked_for_when_it_can_be_sent(listen: Listen) -> None:
    """The stream is read no further than deliveries have ended, so that signatures are fresh and memory is flat."""
    url = listen(answering(OK))
    ended: list[Delivery] = []

    def stream() -> Iterator[Outgoing]:
        for n, each in enumerate(outgoing(url, 50)):
            assert n - len(ended) <= 4
            yield each

    LoadSender(Network(), url, concurrency=4).deliver(stream(), ended.append)

    assert len(ended) == 50


def test_a_fault_of_the_stream_ends_all(listen: Listen) -> None:
    """What the stream raises is raised, and nothing hangs."""
    url = listen(stay_silent)

    def stream() -> Iterator[Outgoing]:
        yield from outgoing(url)
        raise EventError("no more")

    with pytest.raises(EventError, match="no more"):
        LoadSender(Network(), url, concurrency=2, timeout_s=30).deliver(stream(), lambda _: None)


@pytest.mark.parametrize("value", ["push\r\nx-forged: 1", "push\n", "\u2603"])
def test_a_header_that_would_not_arrive_as_it_is_ends_all(listen: Listen, value: str) -> None:
    """A line break in an event's type makes no second header, and the message says where to look."""
    arrived: list[bytes] = []
    url = listen(lambda connection: arrived.append(read_request(connection)))
    stream = [Outgoing("push", "1", Request(method="POST", url=url, headers=(("x-github-event", value),), body=b"{}"))]

    with pytest.raises(EventError, match="push has a header that HTTP cannot carry"):
        LoadSender(Network(), url, concurrency=2).deliver(stream, lambda _: None)

    assert arrived in ([], [b""])


def test_any_latin_1_character_arrives_as_its_byte(listen: Listen) -> None:
    """As an attacker would send it."""
    arrived: list[bytes] = []

    def treat(connection: socket.socket) -> None:
        arrived.append(read_request(connection))
        connection.sendall(OK)

    url = listen(treat)
    stream = [
        Outgoing("e", "1", Request(method="POST", url=url, headers=(("x-signature", "\xe9\xff\x00"),), body=b"{}"))
    ]

    LoadSender(Network(), url, concurrency=1).deliver(stream, lambda _: None)

    assert b"x-signature: \xe9\xff\x00\r\n" in arrived[0]


def test_only_hosts_of_the_target_are_called() -> None:
    """The network's guard is asked before a socket is opened, for hosts and for production alike."""
    with pytest.raises(NetworkError, match="does not name that host"):
        LoadSender(Network(), "http://elsewhere.example/", concurrency=1)
    with pytest.raises(NetworkError, match="production"):
        LoadSender(Network(production=True), "http://127.0.0.1:1/", concurrency=1)


@pytest.mark.parametrize(
    "url, said",
    [
        ("127.0.0.1:3000", "is not a receiver's URL"),
        ("ftp://x/", "is not a receiver's"),
        ("http://x:y/", "is not a URL: "),
    ],
)
def test_what_is_no_url_is_told(url: str, said: str) -> None:
    """The message shows how one is written."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        LoadSender(Network(), url, concurrency=1)

    assert "http://HOST:PORT/PATH" in str(caught.value)


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "self-signed.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
