"""A crash of the client is distinguished from a failure that it reports."""

from __future__ import annotations

import traceback

import pytest

from harness.resilience.client_crashes import crash_of
from harness.resilience.client_process import ClientRun

PYTHON = '  File "client.py", line 7, in <module>\n    run["id"]\n    ~~~^^^^^^\n'
NODE = "TypeError: Cannot read properties of null (reading 'id')\n    at run (client.js:7:3)\n\nNode.js v22.4.0"


def ended(status: int | None, tail: str = "") -> ClientRun:
    return ClientRun(exit_status=status, seconds=1, tail=tail)


@pytest.mark.parametrize(
    "run, crash",
    [
        (ended(-11), "the client was ended by SIGSEGV"),
        (ended(134), "the client was ended by SIGABRT"),
        (ended(1, f"{PYTHON}KeyError: 'id'"), "the client broke down: KeyError: 'id'"),
        (
            ended(1, f"{PYTHON}ValueError: 'x' is not a valid Status"),
            "the client broke down: ValueError: 'x' is not a valid Status",
        ),
        (ended(1, NODE), "the client broke down: TypeError: Cannot read properties of null (reading 'id')"),
        (
            ended(2, "panic: runtime error: index out of range [0]\n\ngoroutine 1 [running]:"),
            "the client broke down: panic: runtime error: index out of range [0]",
        ),
        (
            ended(1, 'Exception in thread "main" java.lang.NullPointerException: run is null'),
            "the client broke down: java.lang.NullPointerException: run is null",
        ),
    ],
    ids=["signal", "shell", "python", "enum", "node", "go", "java"],
)
def test_a_mistake_that_nothing_caught_is_a_crash(run: ClientRun, crash: str) -> None:
    """A signal, or what a runtime prints of a mistake of the program."""
    assert crash_of(run) == crash


@pytest.mark.parametrize(
    "run",
    [
        ended(0, f"{PYTHON}KeyError: 'id'"),
        ended(None, f"{PYTHON}KeyError: 'id'"),
        ended(-9),
        ended(1, "workflow failed: KeyError: 'id'"),
        ended(1, f"{PYTHON}product.Failed: unknown status 'x'"),
        ended(1, "Error: unknown status\n    at run (client.js:7:3)\n\nNode.js v22.4.0"),
    ],
    ids=["success", "killed", "other-signal", "reported", "raised", "thrown"],
)
def test_a_reported_failure_is_none(run: ClientRun) -> None:
    """Nor is a success, a client that the harness ended, or an error that the program raises itself."""
    assert crash_of(run) == ""


def test_the_words_of_this_python_are_known() -> None:
    """What the interpreter prints today has the shape that is looked for."""
    try:
        dict[str, str]()["id"]
    except KeyError:
        printed = traceback.format_exc()

    assert crash_of(ended(1, printed.strip())) == "the client broke down: KeyError: 'id'"
