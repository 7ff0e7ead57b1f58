"""What a process needs before its first start, such as a migrated database: made once a run, copied for each target."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

from harness.errors import ProcessError
from harness.process.managed import ManagedProcess, how_it_ended, start_group, stop_group

WITHIN_S = 600.0
"""Time for one command, in seconds."""


def prepare(process: ManagedProcess, command: tuple[str, ...], *, folder: Path, made: Path) -> None:
    """Bring into ``folder`` what ``command`` makes there: by running it, or as a copy of what it made before.

    ``folder`` is the scratch folder of the run or of a copy of it. ``made`` is where the result is stored for copies,
    and exists once the command has run. The command has the folder and the environment of ``process``, and its output
    is in the log of that. Raises `ProcessError`.
    """
    if made.is_dir():
        shutil.copytree(made, folder, dirs_exist_ok=True, symlinks=True)
        return
    before = _state(folder)
    _run(process, command)
    changed = {path for path, state in _state(folder).items() if before.get(path) != state}
    made.mkdir(parents=True)
    for path in sorted(changed):
        target = made / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target, follow_symlinks=False)


def _run(process: ManagedProcess, command: tuple[str, ...]) -> None:
    where = f"harness.toml: [process.{process.name}] prepare"
    process.require_program("prepare", command[0])
    process.log.parent.mkdir(parents=True, exist_ok=True)
    with process.log.open("ab") as output:
        started = start_group(command, cwd=process.cwd, env=process.env, output=output)
    try:
        status = started.wait(WITHIN_S)
    except subprocess.TimeoutExpired:
        raise ProcessError(f"{where} did not end within {WITHIN_S:g} s. Make it quicker.{process.tail()}") from None
    finally:
        stop_group(started)
    if status:
        raise ProcessError(
            f"{where} {how_it_ended(status)}. Run it by hand to see why: {shlex.join(command)}{process.tail()}"
        )


def _state(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return the files below a folder, each with what changes when it is written."""
    files = (path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    return {path: ((status := path.lstat()).st_mtime_ns, status.st_size) for path in files}
