"""Forks commands of the sandbox from a process that has imported them already, so that each starts in milliseconds.

Reads ``{"start": [ARGUMENT…]}`` or ``{"kill": PID}`` a line, and answers each with one number.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys

from harness.sandbox.__main__ import main

# What the commands and their libraries import late is imported once, here.
for module in (
    "anyio._backends._asyncio",
    "encodings.idna",
    "harness.sandbox.integration.app",
    "harness.sandbox.logs",
    "harness.sandbox.http_server",
    "httpcore",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.h11_impl",
):
    importlib.import_module(module)


def start(args: list[str]) -> int:
    """Fork a child that runs the command; its output goes to our standard error."""
    pid = os.fork()
    if pid:
        return pid
    os.dup2(2, 1)
    os.close(0)
    status = 1
    try:
        main(args, prog_name="python -m harness.sandbox")
    except SystemExit as exc:
        status = exc.code if isinstance(exc.code, int) else 1
    finally:
        os._exit(status)


def kill(pid: int) -> int:
    """Kill a child and wait for its end; ids are ours until then."""
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


children: set[int] = set()
for line in sys.stdin:
    asked = json.loads(line)
    if "start" in asked:
        answer = start(asked["start"])
        children.add(answer)
    else:
        answer = kill(asked["kill"])
        children.remove(asked["kill"])
    print(answer, flush=True)  # noqa: T201
for child in children:
    kill(child)
