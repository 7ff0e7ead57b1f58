"""What each exit status of a command means, for the end of its help: one table for all."""

from __future__ import annotations

import click

USAGE_ERROR = 4
_WRONG = "harness.toml, an option or a secret is wrong; nothing ran"
_FAILED = "it could not be completed"
STATUSES: dict[str, dict[int, str]] = {
    "capture": {0: "stopped by Ctrl-C, or at --limit", 1: _FAILED},
    "cassettes migrate": {0: "every cassette has its current name", 1: "one could not be renamed"},
    "convert": {0: "everything is converted", 1: "something could not be converted"},
    "deliver": {
        0: "every delivery was acknowledged with 2xx",
        1: "one was not, or an answer holds a secret or could not be searched for one",
        130: "stopped by Ctrl-C",
    },
    "doctor": {0: "nothing is in the way of a gate", 1: "something is"},
    "explain": {0: "explained", 1: _FAILED, 2: "nothing has that name"},
    "faults": {
        0: "COMMAND called and exited with 0; without one: stopped by Ctrl-C",
        1: "it exited with another status, made no call, or a call could not be passed on",
    },
    "fuzz": {
        0: "no defect was found; with --replay: it no longer occurs",
        1: "a defect was found; with --replay: it still occurs",
        2: "interrupted; with --replay: it could not be checked",
    },
    "gate": {0: "READY", 1: "NOT READY or INCOMPLETE, or the run was interrupted"},
    "init": {0: "the files are written"},
    "packs": {0: "printed"},
    "record": {0: "every exchange was recorded", 1: "one could not be forwarded or recorded"},
    "replay": {0: "every request was answered", 1: "one matched no recording, broke the spec, or got no answer"},
    "sandbox": {0: "stopped by Ctrl-C", 1: "a process did not start, or ended"},
    "scheme": {0: "the scheme is found", 1: "none is, or several are"},
    "schema": {0: "printed or written", 1: "it could not be written"},
    "spec check": {0: "no problem was found", 1: "there is a problem, or the document is unreadable"},
    "waive": {0: "written, or nothing was to be written", 1: "the file could not be written"},
}
"""By command, without the status that all have: `USAGE_ERROR`."""


def describe(command: click.Command, path: str) -> None:
    """Let the help of a command, and of those below it, end with its exit statuses."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            describe(below, f"{path} {name}")
    elif path in STATUSES:
        rows = {**STATUSES[path], USAGE_ERROR: _WRONG}
        lines = [f"  {status:<3}  {rows[status]}" for status in sorted(rows)]
        command.epilog = "\b\nExit status:\n" + "\n".join(lines)
