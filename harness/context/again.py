"""The command that runs one test of a gate again."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from harness.core.scenario_modes import MODES

_SUITE = Path(__file__).parents[1] / "suite"
_MODE = re.compile(rf"(?:^|-)({'|'.join(MODES)})(?=-|$)")


def again(test: str, *, root: Path, overlay: str | None) -> str:
    """Return the command, given the node id of the test; ``root`` is the folder in which it is called.

    A shipped check, whose file need not be named, is selected by its name and case, a scenario by its file too, in the
    mode in which it ran.
    """
    file, _, rest = test.partition("::")
    name, _, params = rest.rpartition("::")[2].partition("[")
    params = params.removesuffix("]")
    target = f" --harness-target={shlex.quote(overlay)}" if overlay else ""
    if not file or _is_shipped(root / file):
        return f"pytest --pyargs harness.suite -k {_selecting(name, params)}{target}"
    mode = found[1] if (found := _MODE.search(params)) else "live"
    chosen = _selecting(name, _MODE.sub("", params).strip("-"))
    return f"pytest {shlex.quote(file)} -k {chosen} --harness-mode={mode}{target}"


def _is_shipped(file: Path) -> bool:
    """Whether a test's file is of the suite, whose node ids start elsewhere where it is installed."""
    shipped = _SUITE / file.name
    return shipped.is_file() and (not file.is_file() or file.samefile(shipped))


def _selecting(name: str, params: str) -> str:
    """Return the expression for ``-k`` that selects one case."""
    if params and re.fullmatch(r"[\w.-]+", params):  # pytest reads it literally, so that it selects no other case
        return shlex.quote(f"{name}[{params}]")
    return shlex.quote(" and ".join([name, *re.findall(r"[\w.-]+", params)]))
