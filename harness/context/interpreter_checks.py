"""Refuses an interpreter that would not run what the checks consist of: without assertions, or with other modules."""

from __future__ import annotations

import importlib.metadata
import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

import harness
from harness.errors import ConfigurationError

_DISTRIBUTION = "readiness-harness"
_OPTIMIZE = "PYTHONOPTIMIZE"
_UNUSED = frozenset(
    {"antigravity", "benchmarks", "docs", "examples", "idlelib", "test", "tests", "this", "tkinter", "turtle"}
)
"""Modules that nothing here imports, and whose names a project may have."""


def check_interpreter(*folders: Path) -> None:
    """Raise `ConfigurationError` where assertions are switched off, or a file in ``folders`` hides another module.

    Beside ``folders``, from which Python imports in a run, those are searched from which this process imports before
    the standard library: the current folder and ``PYTHONPATH``.
    """
    if sys.flags.optimize or os.environ.get(_OPTIMIZE, "") not in ("", "0"):
        switch = _OPTIMIZE if os.environ.get(_OPTIMIZE) else "python -O"
        raise ConfigurationError(
            f"{switch} removes assertions, so that a scenario passes whatever it sees. Run without: unset {_OPTIMIZE}."
        )
    for file, name in _shadowing([*folders, *_first_on_path()]):
        whose = "Python's" if name in sys.stdlib_module_names else "the harness's"
        what = "the harness itself" if name == "harness" else f"the module {name!r} of {whose} own"
        raise ConfigurationError(
            f"{file} hides {what}: Python imports this file instead, and checks fail or pass for the wrong reason. "
            "Rename it, or move it into a package."
        )


def _first_on_path() -> Iterator[Path]:
    """Yield the folders of `sys.path` before the standard library, which can hide its modules, and ``PYTHONPATH``."""
    library = Path(os.__file__).parent
    for entry in sys.path:
        if entry and Path(entry).is_dir() and library.samefile(entry):
            break
        yield Path(entry or ".")
    yield from (Path(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry)


def _shadowing(folders: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield each file of a module that hides one of Python, of the harness or of what it depends on."""
    own, installed = Path(harness.__file__).parent, [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]
    for folder in {path.resolve(): None for path in folders if path.is_dir()}:
        if folder in installed or any(folder.glob("*.dist-info")):
            continue  # libraries that somebody installed, and no files of the project
        for file in sorted(folder.iterdir()):
            name = _module(file)
            if not name or name in _UNUSED or file.samefile(own):
                continue
            if (
                name in sys.stdlib_module_names
                or name == own.name
                or (_is_installed(name, installed) and name in _imported())
            ):
                yield (file / "__init__.py" if file.is_dir() else file), name


def _module(file: Path) -> str:
    """Return the name under which a file or folder is imported; empty for what is no module, or no regular package."""
    if file.is_dir():
        return file.name if (file / "__init__.py").is_file() else ""
    return file.stem if file.suffix == ".py" else ""


def _is_installed(name: str, installed: Iterable[Path]) -> bool:
    return any((folder / name).is_dir() or any(folder.glob(f"{name}.*")) for folder in installed)


def _imported() -> set[str]:
    """Return the names of the modules of everything that the harness depends on, directly or not."""
    seen, pending, names = set[str](), [_DISTRIBUTION, "pytest"], set[str]()
    while pending:
        wanted = pending.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        try:
            found = importlib.metadata.distribution(wanted)
        except importlib.metadata.PackageNotFoundError:
            continue  # of an extra that is not installed
        names.update(path.parts[0].partition(".")[0] for path in found.files or () if path.suffix in (".py", ".so"))
        requires = [text for text in found.requires or () if wanted == _DISTRIBUTION or "extra ==" not in text]
        pending += [re.split(r"[^\w.-]", text, maxsplit=1)[0] for text in requires]
    return names
