"""Secrets that a command prints, such as that of a password manager; what it prints is never shown."""

from __future__ import annotations

import shlex
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from harness.process.environment import whole_environment
from harness.process.groups import signal_group
from harness.process.guardian import guardian

COMMAND_WITHIN_S = 30.0
"""Time for the command of one secret, in seconds."""


def command_output(text: str, root: Path) -> str:
    """Return what a command prints to standard output, without the last line end.

    ``text`` has its words, quoted as for a shell, though none is started; it runs in the folder ``root``. Further lines
    belong to the secret, such as those of a private key. Raises ValueError that continues "refers to it, ".
    """
    try:
        words = shlex.split(text)
    except ValueError as exc:
        raise ValueError(f"whose words cannot be read: {exc}. Close each quotation mark.") from None
    status, output = _run(words, root)
    if status != 0:
        how = f"exited with status {status}" if status > 0 else f"was killed by {signal.Signals(-status).name}"
        raise ValueError(
            f"which {how}. Run it by hand in {root} to see why; its output may hold the secret and is not shown."
        )
    try:
        value = output.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ValueError("whose output is not UTF-8. Have it print the secret as text.") from None
    if not value:
        raise ValueError("which printed nothing to standard output. Have it print the secret there.")
    return value


def _run(words: list[str], root: Path) -> tuple[int, bytes]:
    """Run a command in a group of its own, which does not outlive it where it takes too long."""
    guardian.begin()
    try:
        process = subprocess.Popen(
            words,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=whole_environment({}),
        )
        guardian.watch(process.pid)
    except OSError as exc:
        raise ValueError(
            f"and {words[0]!r} cannot be run: {exc.strerror}. Install it, or give its path; it is run in {root}."
        ) from None
    with process:
        try:
            output, _ = process.communicate(timeout=COMMAND_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise ValueError(
                f"which did not end within {COMMAND_WITHIN_S:g} s. It gets no input: sign in to its service first."
            ) from None
        finally:
            with suppress(PermissionError):  # macOS: the group has ended, and is not reaped
                signal_group(process.pid, signal.SIGKILL)
            guardian.forget(process.pid)
    return process.returncode, output
