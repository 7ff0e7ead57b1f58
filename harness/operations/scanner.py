"""`[operations] scanner`: a scanner of the team's choice, run over the files of a run."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import string
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from harness.core.files import PRIVATE
from harness.core.foreign_files import read_file, real_path
from harness.operations.sarif import SarifError, ScannerReport, read_sarif
from harness.process.groups import signal_group

FILES, SARIF = "{files}", "{sarif}"
"""Placeholders of a command: the folder with the files, and the file that takes the document."""
WITHIN_S = 300.0
MOST_BYTES = 64 * 1024 * 1024
"""Of a document that are read."""
CONTROL = "harness-control.env"
"""File with made-up secrets, of which the scanner must report one."""
MOST_LINES = 100
"""Of one result, such as those of a private key, that are compared with its message."""
_OUTSIDE = "outside"


class ScannerError(Exception):
    """The scanner did not do what it is for; the text is a sentence."""


class SearchedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the scanner is given."""

    path: Path
    place: str
    """What a report calls it."""
    place_of: Callable[[bytes], str] | None = None
    """Returns the place that a line describes, where the number of the line means nothing to its reader."""


class ScannerFiles:
    """The folder that a scanner searches: copies of the files of a run, and a control."""

    def __init__(self, folder: Path, files: Sequence[SearchedFile]) -> None:
        """Fill ``folder``, which does not exist yet; raises OSError."""
        self.folder = folder
        self._files: dict[str, SearchedFile] = {}
        self._read: tuple[str, list[bytes]] = ("", [])
        folder.mkdir(mode=0o700)
        for number, file in enumerate(files):
            inside = not Path(file.place).is_absolute() and ".." not in Path(file.place).parts
            name = file.place if inside and file.place not in self._files else f"{_OUTSIDE}/{number}/{file.path.name}"
            self._files[name] = file
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.path, folder / name)
        (folder / CONTROL).write_text(_control(), encoding="utf-8")
        (folder / CONTROL).chmod(PRIVATE)

    def __len__(self) -> int:
        return len(self._files)

    def name_of(self, path: str, cwd: Path) -> str:
        """Return the name within the folder of a path that the scanner reported, or what it reported."""
        for start in (cwd, self.folder):
            with suppress(ValueError, OSError):
                return str(real_path(start / path).relative_to(real_path(self.folder)))
        return path

    def located(self, name: str, first: int, last: int) -> tuple[str, int, str]:
        """Return the place of lines, the number of the first one there, and their text; empty where it is not known."""
        file = self._files.get(name)
        if file is None:
            return Path(name).name, first, ""
        lines = self._lines(name)[max(first - 1, 0) : min(last, first + MOST_LINES)] if first else []
        if file.place_of is not None and lines:
            return file.place_of(lines[0]), 0, _text(lines)
        return file.place, first, _text(lines)

    def _lines(self, name: str) -> list[bytes]:
        if self._read[0] != name:
            self._read = (name, (self.folder / name).read_bytes().split(b"\n"))
        return self._read[1]


def run_scanner(command: Sequence[str], files: ScannerFiles, *, cwd: Path, env: Mapping[str, str]) -> ScannerReport:
    """Run a scanner over the folder and read its document; raises `ScannerError`."""
    document = files.folder.with_name(f"{files.folder.name}.sarif")
    words = [word.replace(FILES, str(files.folder)).replace(SARIF, str(document)) for word in command]
    own = any(SARIF in word for word in command)
    with (Path(os.devnull) if own else document).open("wb") as output:
        status = _run(words, cwd=cwd, env=env, output=output.fileno())
    if status < 0:
        raise ScannerError(f"It was killed by {signal.Signals(-status).name}.")
    try:
        data = read_file(document, MOST_BYTES)
    except OSError as exc:
        raise ScannerError(f"It exited with status {status}, and {SARIF} cannot be read: {exc.strerror}.") from None
    finally:
        document.unlink(missing_ok=True)
    try:
        return read_sarif(data)
    except SarifError as exc:
        raise ScannerError(f"It exited with status {status}, and its document {exc}.") from None


def _run(words: Sequence[str], *, cwd: Path, env: Mapping[str, str], output: int) -> int:
    """Run a command in a group of its own, which does not outlive it; return its status. Raises `ScannerError`."""
    try:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as exc:
        raise ScannerError(f"{words[0]!r} cannot be run: {exc.strerror}. Install it, or give its path.") from None
    with process:
        try:
            return process.wait(timeout=WITHIN_S)
        except subprocess.TimeoutExpired:
            raise ScannerError(f"It did not end within {WITHIN_S:g} s.") from None
        finally:
            with suppress(PermissionError):  # macOS: the group has ended, and is not reaped
                signal_group(process.pid, signal.SIGKILL)


def _text(lines: Sequence[bytes]) -> str:
    return b"\n".join(lines).decode(errors="replace")


def _control() -> str:
    """Return a file with made-up secrets of several kinds: scanners differ in what they know."""
    return "".join(f"{line}\n" for line in _control_lines())


def _control_lines() -> Iterator[str]:
    def drawn(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
        return "".join(secrets.choice(alphabet) for _ in range(length))

    yield f"GITHUB_TOKEN=ghp_{drawn(36)}"
    yield f"AWS_ACCESS_KEY_ID=AKIA{drawn(16, string.ascii_uppercase + '234567')}"
    yield f"AWS_SECRET_ACCESS_KEY={drawn(40)}"
    yield f"STRIPE_KEY=sk_live_{drawn(24)}"
    yield f"SLACK_TOKEN=xoxb-{drawn(12, string.digits)}-{drawn(12, string.digits)}-{drawn(24)}"
    yield f"DATABASE_URL=postgresql://app:{drawn(20)}@db.internal.net:5432/app"
    yield f'password = "{drawn(20)}"'
    yield "-----BEGIN RSA PRIVATE KEY-----"
    for _ in range(13):
        yield drawn(64)
    yield "-----END RSA PRIVATE KEY-----"
