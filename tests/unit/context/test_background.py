"""Background work: lanes that run beside the tests, and where their results, errors and processes end up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.context.background import Background, Lane
from harness.errors import ProcessError
from harness.process import cancellation

LONG_S = 600.0


@pytest.fixture
def background() -> Iterator[Background]:
    """Background work that ends with the test and leaves no thread."""
    made = Background()
    yield made
    made.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane-")]


@pytest.fixture
def lane(background: Background) -> Lane:
    return background.lane("client")


class Gate:
    """Work that shows when it begins, and ends when it is let go."""

    def __init__(self, result: str = "") -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.thread = ""
        self._result = result

    def __call__(self) -> str:
        self.thread = threading.current_thread().name
        self.begun.set()
        self.let_go.wait()
        return self._result


def unwanted() -> str:
    raise AssertionError("was begun already")


def test_a_result_is_that_of_the_work_that_was_begun(lane: Lane) -> None:
    """The work runs in the lane's thread, once; whoever asks gets its result."""
    gate = Gate("done")
    lane.begin("a", gate)
    gate.begun.wait()
    gate.let_go.set()

    assert lane.result("a", unwanted) == "done"
    assert gate.thread == "lane-client"


def test_work_that_was_not_begun_is_done_here(lane: Lane) -> None:
    """Where nothing was begun, as on a worker of pytest-xdist, there is no thread at all."""
    assert lane.result("a", threading.current_thread) is threading.main_thread()


def test_each_result_is_taken_once(lane: Lane) -> None:
    """A test that runs again does its work again: it must not be judged by the run before."""
    lane.begin("a", lambda: "first")
    assert lane.result("a", lambda: "again") in ("first", "again")  # done here, where its turn had not come

    assert lane.result("a", lambda: "second") == "second"


def test_an_error_travels_to_whoever_asks(lane: Lane) -> None:
    """What the work raises is raised where its result is asked for, and the lane goes on."""
    gate = Gate()

    def fails() -> None:
        gate()
        raise ProcessError("the command cannot be run")

    lane.begin("a", fails)
    lane.begin("b", lambda: "goes on")
    gate.begun.wait()
    gate.let_go.set()

    with pytest.raises(ProcessError, match="the command cannot be run"):
        lane.result("a", unwanted)
    assert lane.result("b", lambda: "goes on") == "goes on"


def test_pieces_of_one_lane_never_overlap(lane: Lane) -> None:
    """Work that waits, and work that was not begun at all, is done here when the piece at hand has ended."""
    at_once: list[str] = []

    def alone(name: str) -> str:
        at_once.append(name)
        assert at_once == [name]
        cancellation.pause(0.001)
        at_once.remove(name)
        return threading.current_thread().name

    for n in range(20):
        lane.begin(n, lambda n=n: alone(f"begun {n}"))  # type: ignore[misc]  # mypy cannot infer the default's type

    threads = {lane.result(n, lambda n=n: alone(f"taken {n}")) for n in reversed(range(25))}  # type: ignore[misc]

    assert "MainThread" in threads


def test_pieces_that_cannot_disturb_each_other_are_done_at_once(background: Background) -> None:
    """A lane begins as many as it may, a test does one more, and a pause waits for all."""
    cases = background.lane("cases")
    cases.at_once = 2
    gates = {key: Gate(key) for key in ("a", "b")}
    for key, gate in gates.items():
        cases.begin(key, gate)
    for gate in gates.values():
        gate.begun.wait()

    assert cases.result("not begun", lambda: "here") == "here"
    for gate in gates.values():
        threading.Timer(0.01, gate.let_go.set).start()
    with cases.paused():
        assert [cases.result(key, unwanted) for key in gates] == ["a", "b"]


def test_lanes_run_at_once(background: Background) -> None:
    """A lane does not wait for another."""
    gates = {name: Gate(name) for name in ("client", "crash")}
    for name, gate in gates.items():
        background.lane(name).begin("a", gate)

    for gate in gates.values():
        gate.begun.wait()
    for gate in gates.values():
        gate.let_go.set()

    assert [background.lane(name).result("a", unwanted) for name in gates] == ["client", "crash"]


def test_nothing_begins_in_a_paused_lane(background: Background, lane: Lane) -> None:
    """A pause waits for the piece at hand; what it holds back can be asked for within it, and goes on after it."""
    gate, last = Gate("first"), Gate("last")
    lane.begin("first", gate)
    lane.begin("asked for", unwanted)
    lane.begin("last", last)
    last.let_go.set()
    gate.begun.wait()
    threading.Timer(0.01, gate.let_go.set).start()

    with background.paused():
        assert lane.result("first", unwanted) == "first"
        assert lane.result("asked for", lambda: "here") == "here"
        assert not last.begun.is_set()

    last.begun.wait()
    assert lane.result("last", lambda: "last") == "last"


def test_only_the_named_lanes_pause(background: Background) -> None:
    """Another lane begins its work while one is paused."""
    gate = Gate("goes on")
    gate.let_go.set()
    with background.paused("client"):
        background.lane("crash").begin("a", gate)
        gate.begun.wait()

    assert background.lane("crash").result("a", lambda: "goes on") == "goes on"


def test_a_lane_with_more_work_goes_on_while_others_do_their_last(background: Background) -> None:
    """A pause of all lanes waits for a long last piece first, and stops the others only then."""
    long, first, second = Gate("long"), Gate("first"), Gate("second")
    background.lane("client").begin("first", first)
    background.lane("client").begin("second", second)
    background.lane("exercise").begin("long", long)
    for gate in (first, long):
        gate.begun.wait()
    threading.Timer(0.01, first.let_go.set).start()

    def once_the_second_has_begun() -> None:
        second.begun.wait()
        long.let_go.set()
        second.let_go.set()

    threading.Thread(target=once_the_second_has_begun, daemon=True).start()
    with background.paused():
        assert [background.lane("client").result(key, unwanted) for key in ("first", "second")] == ["first", "second"]


def test_the_end_cancels_what_is_not_done(background: Background, lane: Lane) -> None:
    """At the end of a run that stops early, what is being done ends within seconds, and what waits never begins."""
    begun, ended = threading.Event(), threading.Event()

    def long() -> None:
        begun.set()
        try:
            cancellation.pause(LONG_S)
        finally:
            ended.set()

    lane.begin("long", long)
    lane.begin("never", unwanted)
    begun.wait()

    background.close()

    assert ended.is_set()


def test_what_is_shared_is_opened_once_and_closed_at_the_end(background: Background, lane: Lane) -> None:
    """The lane and the tests use one thing, whichever of them needs it first."""
    seen: list[str] = []

    @contextmanager
    def opened() -> Iterator[str]:
        seen.append("opened")
        yield "shared"
        seen.append("closed")

    def work() -> str:
        return background.shared("copy", opened)

    lane.begin("a", work)

    assert [lane.result("a", work), background.shared("copy", opened)] == ["shared", "shared"]
    background.close()
    assert seen == ["opened", "closed"]


def test_what_cannot_be_opened_is_tried_once(background: Background) -> None:
    """Everyone who asks for it gets the one error: a process that does not start costs its patience once."""
    tries: list[int] = []

    @contextmanager
    def broken() -> Iterator[str]:
        tries.append(1)
        raise ProcessError("does not start")
        yield ""

    for _ in range(2):
        with pytest.raises(ProcessError, match="does not start"):
            background.shared("copy", broken)
    assert len(tries) == 1
