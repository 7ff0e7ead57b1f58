"""Where a provider crashed is read from what its log gained, and only where that is certain."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from harness.http.crash_log import CRASHED_IN, CrashLog, crashes_in, traced

PYTHON = """\
INFO: 127.0.0.1 "POST /orders HTTP/1.1" 500
Traceback (most recent call last):
  File "/env/lib/python3.12/site-packages/uvicorn/protocols/http.py", line 410, in run_asgi
    result = await app()
  File "/srv/shop/orders.py", line 17, in create
    return body["name"]
           ~~~~^^^^^^^^
  File "/env/lib/python3.12/site-packages/pydantic/main.py", line 1, in get
    raise KeyError(name)
KeyError: 'name'
"""
CHAINED = f"""\
{PYTHON}
During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/shop/answers.py", line 3, in problem
    raise shop.errors.UnhandledError(4711)
shop.errors.UnhandledError: 4711
"""
OF_A_LIBRARY = """\
Traceback (most recent call last):
  File "/env/lib/python3.12/site-packages/uvicorn/protocols/http.py", line 410, in run_asgi
    result = await app()
RuntimeError
"""
FOLLOWED = "\nDuring handling of the above exception, another exception occurred:\n\n"
OF_THE_RUNTIME = """\
Request POST /todos failed with status code 500. Error: getaddrinfo ENOTFOUND places.example
    at GetAddrInfoReqWrap.onlookupall [as oncomplete] (node:dns:122:26)
"""
GROUPED = """\
  + Exception Group Traceback (most recent call last):
  |   File "/env/lib/python3.12/site-packages/anyio/tasks.py", line 1, in run
  |     raise group
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/srv/shop/orders.py", line 17, in create
    |     1 / 0
    | ZeroDivisionError: division by zero
    +------------------------------------
"""
NODE = """\
Unhandled error in POST /todos: 500 TypeError: Cannot read properties of undefined (reading 'id')
    at Object.get (node:internal/x:1:2)
    at TodoController.create (/srv/dist/controllers/todo.js:12:34)
    at /srv/dist/sequence.js:5:6
    at run (/srv/node_modules/@loopback/core/run.js:1:1)
"""
LOGS = {
    "Python": (PYTHON, ["KeyError in shop/orders.py, create"]),
    "exceptions that followed from one": (CHAINED, ["UnhandledError in shop/answers.py, problem"]),
    "only code of libraries": (OF_A_LIBRARY, ["RuntimeError in protocols/http.py, run_asgi"]),
    "own code, and then that of a library": (
        f"{PYTHON}{FOLLOWED}{OF_A_LIBRARY}",
        ["KeyError in shop/orders.py, create"],
    ),
    "only code of the runtime": (OF_THE_RUNTIME, ["Error in a library"]),
    "a group": (GROUPED, ["ZeroDivisionError in shop/orders.py, create"]),
    "Node.js": (NODE, ["TypeError in controllers/todo.js, TodoController.create"]),
    "two crashes": (
        PYTHON + CHAINED,
        ["KeyError in shop/orders.py, create", "UnhandledError in shop/answers.py, problem"],
    ),
    "no trace": ("INFO: 500\n", []),
}


@pytest.mark.parametrize("log, places", LOGS.values(), ids=LOGS.keys())
def test_a_crash_is_named_by_its_exception_and_the_last_of_the_own_frames(log: str, places: list[str]) -> None:
    """Messages, which change with the input, and line numbers, which change with each edit, are no part of the name."""
    assert list(crashes_in(log)) == places


def answered(log: CrashLog, path: Path, *texts: str) -> str:
    """Return the place of a crash during which the log gained ``texts``."""

    def send() -> httpx.Response:
        with path.open("a") as file:
            file.writelines(texts)
        return httpx.Response(500)

    return str(traced(log, send).extensions.get(CRASHED_IN, ""))


def test_only_what_the_log_gains_meanwhile_counts(tmp_path: Path) -> None:
    """One crash that is logged twice is one; of two different ones, neither is chosen."""
    path = tmp_path / "provider.log"
    path.write_text(NODE)
    log = CrashLog(path)

    assert answered(log, path, PYTHON, PYTHON) == "KeyError in shop/orders.py, create"
    assert answered(log, path, PYTHON, NODE) == ""
    assert answered(log, path, NODE) == "TypeError in controllers/todo.js, TodoController.create"


def test_other_requests_at_the_same_time_leave_it_open(tmp_path: Path) -> None:
    """The trace may be that of the other one."""
    path = tmp_path / "provider.log"
    log = CrashLog(path)
    other = log.begin()

    assert answered(log, path, PYTHON) == ""
    log.end(other, crashed=False)
    assert answered(log, path, PYTHON) == "KeyError in shop/orders.py, create"


def test_a_log_without_traces_is_not_waited_for_again(tmp_path: Path) -> None:
    """After the second crash without one it is taken to have none, however many crashes follow."""
    ticks = iter(range(1000))
    log = CrashLog(tmp_path / "none.log", clock=lambda: float(next(ticks)))

    assert [answered(log, tmp_path / "none.log", "INFO: 500\n") for _ in range(9)] == [""] * 9
    assert next(ticks) < 10
