"""What the first minutes cost: from nothing to a verdict about a provider of others, and `harness --help`.

Usage: ``python benchmarks/first_minutes.py [--json]``. Needs a package registry, and what tests/real/install brings.

For each provider, pip installs the built wheel in an empty virtual environment. There `harness init` gets its answers
as options, and the command that it names runs as it stands, with the variables that it asks for: the verdict must be
about the integration alone, and name nothing but what the user can mend. The time is that of a clock, and counts the
environment; an answer is an option or a variable.

The processor time of `harness --help` is held beside that of a program of click that does nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from _strangers import INSTALL, PROGRAMS, kinto, localstripe
from _table import Row, show
from startup import REPETITIONS, compared
from vendor import DOCUMENT

ROOT = Path(__file__).parents[1]
WAIT_S = 600.0
BARE = """
import click

@click.group()
def main():
    "Do nothing."

main()
"""
USERS_OWN = {"runbook.auth": "fail", "runbook.webhooks": "fail", "workflow.recorded": "error"}
"""What the user alone can mend: skeletons to fill in, and a recording to make."""
PROVED = ("auth.accepts", "workflow.core")
"""What the first gate must have proved."""


class Provider(NamedTuple):
    """A server of others, and what a user answers about it."""

    run: Callable[[Path], AbstractContextManager[str]]
    answers: Callable[[str], Sequence[str]]
    """Options of `harness init`, by the URL of the provider."""


PROVIDERS = {
    "kinto": Provider(kinto, lambda url: (f"--spec={url}/__api__", "--credential=bot:env:KINTO_PASSWORD")),
    "localstripe": Provider(
        localstripe, lambda url: (f"--spec={DOCUMENT}", f"--base-url={url}", "--credential=env:STRIPE_API_KEY")
    ),
}


def main() -> None:
    """Measure and print."""
    show(f"The first minutes; {REPETITIONS} runs of each help in turn", [*first_verdicts(), *first_look()])


def first_verdicts() -> Iterator[Row]:
    """Yield the rows of each provider; what is not installed is named on stderr."""
    if not PROGRAMS.is_dir() or not DOCUMENT.is_file():
        print(f"No verdict is measured: {PROGRAMS} ({INSTALL}) or {DOCUMENT} is missing.", file=sys.stderr)
        return
    for name, provider in PROVIDERS.items():
        with tempfile.TemporaryDirectory() as folder, provider.run(Path(folder)) as url:
            yield from _first_verdict(name, Path(folder), provider.answers(url))


def _first_verdict(name: str, folder: Path, answers: Sequence[str]) -> Iterator[Row]:
    (project := folder / "project").mkdir()
    wheel = _wheel(folder / "dist")
    began = time.monotonic()
    _run([sys.executable, "-m", "venv", folder / "env"], folder)
    _run([folder / "env" / "bin" / "python", "-m", "pip", "install", "--quiet", wheel], folder)
    installed = time.monotonic()
    said = _run([folder / "env" / "bin" / "harness", "init", *answers], project).stdout.splitlines()
    written = _digests(project)
    variables = [word for line in said if line.startswith("Set first: ") for word in line[11:].split(", ")]
    command = shlex.split(said[-1].removeprefix("Next: "))
    values = {variable: f"sk_test_{secrets.token_hex(12)}" for variable in variables}
    done = _run([folder / "env" / "bin" / command[0], *command[1:]], project, values, status=1)
    took = time.monotonic() - began
    _check(project, done.stdout)
    edited = sum(_digests(project).get(path) != digest for path, digest in written.items())
    yield Row(work=f"{name}: from nothing to the verdict", value=took / 60, unit="min", bar="<= 5")
    yield Row(work=f"{name}: of that, after the installation", value=(began + took - installed) / 60, unit="min")
    yield Row(work=f"{name}: answers", value=len(answers) + len(variables), unit="answers", bar="<= 6")
    yield Row(work=f"{name}: files that were changed by hand", value=edited, unit="files", bar="<= 0")


def _check(project: Path, output: str) -> None:
    """End the benchmark unless the verdict is about the integration, and the user can mend each blocker."""
    report = json.loads((project / "reports" / "readiness.json").read_bytes())
    wrong = {i["id"]: i["outcome"] for i in report["items"] if i["outcome"] in {"fail", "error"}}
    passed = {i["id"] for i in report["items"] if i["outcome"] == "pass"}
    if report["problems"] or report["provider"]["ours"] or wrong != USERS_OWN or not passed.issuperset(PROVED):
        sys.exit(f"The first verdict holds {wrong} against the user:\n{output[-4000:]}")


def _wheel(folder: Path) -> Path:
    _run([sys.executable, "-m", "hatchling", "build", "-d", folder, "-t", "wheel"], ROOT)
    return next(folder.glob("*.whl"))


def _run(
    command: Sequence[str | Path], cwd: Path, env: dict[str, str] | None = None, *, status: int = 0
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "HARNESS_", "PYTEST_"))}
    done = subprocess.run(
        command, cwd=cwd, env=kept | (env or {}), capture_output=True, text=True, check=False, timeout=WAIT_S
    )
    if done.returncode != status:
        sys.exit(f"{shlex.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr}")
    return done


def _digests(folder: Path) -> dict[Path, str]:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def first_look() -> list[Row]:
    """Run both helps in turn, and compare their least and their usual processor times."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare = folder / "bare.py"
        bare.write_text(BARE, encoding="utf-8")
        script = Path(sys.executable).with_name("harness")
        shown = compared([str(script), "--help"], [sys.executable, str(bare), "--help"], folder)
    return [
        Row(work="harness --help beyond a bare click program, least", value=shown.least_ms, unit="ms", bar="<= 60"),
        Row(work="harness --help beyond a bare click program, median", value=shown.usual_ms, unit="ms"),
        Row(work="harness --help, median", value=shown.with_ms, unit="ms"),
        Row(work="a bare click program, median", value=shown.without_ms, unit="ms"),
    ]


if __name__ == "__main__":
    main()
