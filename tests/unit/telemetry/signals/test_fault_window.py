"""One fault's window against good traffic: by signal, what showed it."""

from __future__ import annotations

from harness.model.signals import Signal
from harness.telemetry.signals.fault_window import CHARS, EXAMPLES, Window, good_traffic, shown
from harness.telemetry.signals.moved_series import SeriesWatch
from harness.telemetry.spans import ObservedSpan, Span

GOOD = good_traffic(
    [Window(logs={"app": "received 1"}, scrapes=("n_total 1\n", "n_total 2\n"), spans=(), alerts=("A",))]
)


def test_every_signal_shows_what_good_traffic_did_not() -> None:
    """A cell holds what is new."""
    span = Span(
        trace_id="a", span_id="b", parent_id="", name="refuse", kind="SERVER", service="", started_ns=0, ended_ns=1,
        links=(),
    )  # fmt: skip
    window = Window(
        logs={"app": "received 2\nrefused 3"},
        scrapes=("n_total 1\nm_total 0\n", "n_total 2\nm_total 1\n"),
        spans=(ObservedSpan(span=span, texts={}),),
        alerts=("A", "B"),
    )
    assert shown(window, GOOD, str) == {
        Signal.LOG: ("app: refused 3",),
        Signal.METRIC: ("m_total +1",),
        Signal.SPAN: ("SERVER 'refuse'",),
        Signal.ALERT: ("B",),
    }


def test_a_signal_that_was_not_observed_is_missing() -> None:
    """Nothing shown is an empty cell, nothing observed is none."""
    assert shown(Window(), GOOD, str) == {}
    assert shown(Window(logs={}, alerts=()), GOOD, str) == {Signal.LOG: (), Signal.ALERT: ()}


def test_what_moved_can_be_given_in_place_of_scrapes() -> None:
    """A window that is watched while it lasts stores no texts."""
    watch = SeriesWatch()
    for text in ("m_total 0\n", "m_total 1\n"):
        watch.add(text)
    good = good_traffic([Window(moved=SeriesWatch().moved)])
    assert shown(Window(moved=watch.moved), good, str) == {Signal.METRIC: ("m_total +1",)}


def test_a_secret_is_redacted_before_an_example_is_cut() -> None:
    """Half of a secret would no longer be found."""
    secret = "s" * 50
    words = ("alpha", "beta", "gamma", "delta", "epsilon")
    logs = {"app": "\n".join(f"{word} {'x' * (CHARS - 20)} {secret}" for word in words)}
    found = shown(Window(logs=logs), GOOD, lambda text: text.replace(secret, "[redacted]"))[Signal.LOG]
    assert len(found) == EXAMPLES
    assert all(len(text) <= CHARS and "ssss" not in text for text in found)
