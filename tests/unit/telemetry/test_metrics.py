"""Metrics: a series is found by its selector, and must exist before and count more after a provocation."""

from __future__ import annotations

import gzip
import socket
import struct
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from harness.errors import ConfigurationError, ProbeError
from harness.http.client import Network
from harness.model import Finding, Outcome
from harness.telemetry.metrics import MOVEMENTS, Metrics, Selector, parse_samples, read_metrics, selector_text
from tests.unit.conftest import Misbehave, stay_silent

TEXT = """
# TYPE deliveries_total counter
deliveries_total{outcome="accepted",path="/a"} 3
deliveries_total{outcome="accepted",path="/b"} 4
deliveries_total{outcome="rejected",path="/a"} 0
up 1
"""
VALUES = {
    'deliveries_total{outcome="accepted"}': 7.0,
    'deliveries_total{ outcome = "accepted" , path="/a" }': 3.0,
    'deliveries_total{outcome="rejected"}': 0.0,
    'deliveries_total{outcome="other"}': None,
    "deliveries_total": 7.0,
    "deliveries_total{}": 7.0,
    "up": 1.0,
    "down": None,
}


@pytest.mark.parametrize("text, value", VALUES.items())
def test_a_selector_sums_what_it_names(text: str, value: float | None) -> None:
    """Labels that are not named may have any value; no sample is None, not 0."""
    assert Selector.parse(text).value(parse_samples(TEXT, "x")) == value


@pytest.mark.parametrize("text", ["", "rate(x[5m])", 'x{a=~"b"}', 'x{a!="b"}', "x{a=b}", 'x{a="b"', "1x", 'x{a="b"} 3'])
def test_what_is_no_plain_selector_is_refused(text: str) -> None:
    """The message shows the text and the form it must have."""
    with pytest.raises(ConfigurationError, match=r"\[telemetry\] series: .* is not a series\. Write name or name\{"):
        Selector.parse(text)


def test_a_selector_is_shown_as_it_is_written() -> None:
    """Reports show what stands in harness.toml."""
    assert selector_text(Selector.parse('a{b="c", d="e"}')) == 'a{b="c",d="e"}'


@pytest.mark.parametrize("text", ["<html>hello</html>", "a{b=", "a b c"])
def test_what_is_no_metrics_text_is_told_with_its_url(text: str) -> None:
    """A page that is not in the text format is an error that names the URL."""
    with pytest.raises(ProbeError, match="http://x/metrics is not in the Prometheus text format"):
        parse_samples(text, "http://x/metrics")


def judged(scrapes: list[str], *, baseline: str | None = None, failed: str = "", within_s: float = 0.2) -> Finding:
    """Judge a series `n` that shows these texts one after another, the last one for ever."""
    left: Callable[[], str] = lambda: scrapes.pop(0) if len(scrapes) > 1 else scrapes[0]  # noqa: E731
    metrics = Metrics("http://x/metrics", lambda _: left(), baseline=baseline)
    return metrics.judge(MOVEMENTS[0], Selector("n"), lambda: failed, within_s=within_s, reproduce="again")


JUDGED = {
    "it moves": (["n 0", "n 0", "n 1"], None, "", Outcome.PASS, "0 before, 1 after"),
    "it moves late": (["n 0", "n 0", "n 0", "n 0", "n 2"], None, "", Outcome.PASS, "0 before, 2 after"),
    "it stands still": (["n 5"], None, "", Outcome.FAIL, "5 before, 5 after"),
    "it falls": (["n 5", "n 5", "n 1"], None, "", Outcome.FAIL, "5 before, 1 after"),
    "it is not there": (["m 1"], None, "", Outcome.FAIL, "does not exist before the first one"),
    "born at the first failure": (["n 1"], "m 1", "", Outcome.FAIL, "does not exist before the first one"),
    "there from the start": (["n 0", "n 1"], "n 0", "", Outcome.PASS, "0 before, 1 after"),
    "no provocation": (["n 0"], None, "refused", Outcome.ERROR, "could not be provoked: refused"),
}


@pytest.mark.parametrize("scrapes, baseline, failed, outcome, observed", JUDGED.values(), ids=JUDGED.keys())
def test_a_movement_is_judged(
    scrapes: list[str], baseline: str | None, failed: str, outcome: Outcome, observed: str
) -> None:
    """Only a series that was there and grew passes; what was not provoked is an error, not a failure."""
    within_s = 60 if outcome is Outcome.PASS else 0.2  # what moves is waited for, however busy the machine is
    finding = judged(list(scrapes), baseline=baseline, failed=failed, within_s=within_s)

    assert finding.outcome is outcome
    assert observed in finding.observed
    assert finding.item == "observability.metrics"


def test_the_series_that_grew_in_its_place_is_named() -> None:
    """A label that is configured wrongly is seen beside the one that the event has."""
    still, grown = 'n{type="paid"} 6\nn{type="sent"} 1', 'n{type="paid"} 6\nn{type="sent"} 2\nm{type="sent"} 3'
    texts = [still, still, grown]
    metrics = Metrics("http://x/metrics", lambda _: texts.pop(0) if len(texts) > 1 else texts[0])

    finding = metrics.judge(MOVEMENTS[0], Selector.parse('n{type="paid"}'), lambda: "", within_s=0.2, reproduce="again")

    assert finding.observed == 'n{type="paid"}: 6 before, 6 after; what grew is n{type="sent"}'


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A client with the bounds of a run."""
    with Network().client() as made:
        yield made


def hang(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\na 1\n")
    stay_silent(connection)


def trickle(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"a 1\n")
        time.sleep(0.01)


def flood(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(50):
        connection.sendall(b"a 1\n" * (1 << 18))


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def expand(connection: socket.socket) -> None:
    body = gzip.compress(b"a 1\n" * (50 << 18), 1)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n" + body)


BAD_ENDPOINTS: dict[str, tuple[Callable[[socket.socket], None], str]] = {
    "silent": (stay_silent, "timed out"),
    "hangs": (hang, "timed out"),
    "trickles": (trickle, r"after 0\.3 s the answer had not ended"),
    "floods": (flood, "after 4 MiB the answer had not ended"),
    "expands": (expand, "after 4 MiB the answer had not ended"),
    "resets": (reset, "reset by peer"),
    "refuses": (lambda connection: connection.sendall(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"), "HTTP 503"),
    "leads elsewhere": (
        lambda connection: connection.sendall(b"HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 0\r\n\r\n"),
        "HTTP 302",
    ),
    "no HTTP": (lambda connection: connection.sendall(b"hello\r\n\r\n"), "illegal status line"),
}


@pytest.mark.parametrize("act, reason", BAD_ENDPOINTS.values(), ids=BAD_ENDPOINTS.keys())
def test_an_endpoint_that_misbehaves_is_an_error_in_bounded_time(
    act: Callable[[socket.socket], None],
    reason: str,
    misbehave: Misbehave,
    client: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever it sends or leaves out, the error names the URL, the reason and the bounds."""
    monkeypatch.setattr("harness.telemetry.metrics.WITHIN_S", 0.3 if act in {stay_silent, hang, trickle} else 60)
    url = f"{misbehave(act)}/metrics"

    with pytest.raises(ProbeError, match=rf"\[telemetry\] metrics: {url} returned no metrics: .*{reason}.* 4 MiB"):
        read_metrics(client, url)


LONG = {
    "one label": "a{" + 'b="' + "x" * (1 << 20) + '"} 1\n',
    "escapes": 'a{b="' + '\\"' * (1 << 20) + '"} 1\n',
    "labels": "a{" + ",".join(f'l{n}="v"' for n in range(1 << 18)) + "} 1\n",
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_a_line_without_end_is_refused_before_it_is_read(text: str) -> None:
    """Such a line would take minutes; the error has its number and none of its content."""
    with pytest.raises(ProbeError, match=r"line 2 has more than 64 Ki characters\.$"):
        parse_samples(f"up 1\n{text}", "x")


def test_an_error_quotes_little_of_what_is_malformed() -> None:
    """A megabyte of malformed text does not end in the report."""
    with pytest.raises(ProbeError) as caught:
        parse_samples("{" * 60_000, "http://x/metrics")

    assert len(str(caught.value)) < 400
