"""Where the recording of a test lies: named after the test, the same from run to run and on every system."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import msgspec

FOLDER = "cassettes"
"""Folder of all cassettes, beside harness.toml."""
MAX_NAME = 100
"""Characters of one folder or file name, without its suffix; file systems end at 255 bytes, Windows' paths at 260."""
_DIGEST_CHARS = 10
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_PLAIN = re.compile(r"[a-z0-9_./-]+")
"""Ids of which no two are one on a file system that ignores case, or normalises Unicode."""
# Names of devices, which Windows refuses with any suffix.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


class CassettePath(msgspec.Struct, frozen=True, kw_only=True):
    """The two names of one test's cassette, relative to the folder of harness.toml."""

    current: str
    former: str
    """Where earlier versions put it: without folder and class, so that two tests could share one file."""

    def existing(self, root: Path) -> str:
        """Return the one that is there: the former only where the current is not; the current where neither is."""
        return self.former if not (root / self.current).exists() and (root / self.former).exists() else self.current


def current_path(module: PurePosixPath, names: Sequence[str]) -> str:
    """Return the path of a cassette: ``cassettes/FOLDER/MODULE/CLASS/TEST-PARAMETERS.yaml``.

    ``module`` is the test's file relative to the folder of harness.toml, ``names`` are its classes and its own name,
    with the ids of its parameters in brackets. A name that is long, or that could be another's on some file system,
    gets a digest of the whole.
    """
    module = PurePosixPath(unicodedata.normalize("NFC", str(module)))
    names = [unicodedata.normalize("NFC", name) for name in names]
    whole = "::".join([str(module), *names])
    stem = module.with_suffix("") if module.suffix == ".py" else module
    *folders, name = [*stem.parts, *names[:-1], names[-1].replace("[", "-", 1).removesuffix("]")]
    readable = [_readable(part) for part in [*folders, name]]
    if readable != [*folders, name] or not _PLAIN.fullmatch("/".join(readable)):
        digest = hashlib.sha256(whole.encode(errors="surrogateescape")).hexdigest()[:_DIGEST_CHARS]
        readable[-1] = f"{readable[-1][: MAX_NAME - _DIGEST_CHARS - 1].rstrip('.-')}-{digest}"
    return f"{PurePosixPath(FOLDER, *readable)}.yaml"


def _readable(part: str) -> str:
    """Return a name that every system takes for a folder or a file."""
    safe = _UNSAFE.sub("_", part)[:MAX_NAME].rstrip(".")  # Windows drops a dot at the end
    return f"{safe}_" if not safe or _DEVICE.fullmatch(safe) else safe


def former_path(module: PurePosixPath, name: str, values: Sequence[object]) -> str:
    """Return where earlier versions put the cassette of the test ``name`` with parameters of these values."""
    named = "-".join(map(str, values))
    test = re.sub(r"[^\w.-]+", "_", name + (f"-{named}" if named else ""))
    return str(PurePosixPath(FOLDER, module.stem.removeprefix("test_"), f"{test}.yaml"))


def folders_of(module: PurePosixPath) -> set[PurePosixPath]:
    """Return the folders in which cassettes of a test file lie, under their current and their former names."""
    return {
        PurePosixPath(current_path(module, ["x"])).parent,
        PurePosixPath(FOLDER, module.stem.removeprefix("test_")),
    }
