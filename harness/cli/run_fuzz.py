"""`harness fuzz`: generated requests alone, and what they found before, listed or tried again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.context.run_context import RunContext
from harness.core.pointers import at_pointer
from harness.errors import ConfigurationError, nearest
from harness.fuzzing.defect_store import DefectStore
from harness.fuzzing.defects import Defect
from harness.fuzzing.reproduction import replay
from harness.process.run import Run
from harness.process.subreaper import reap_orphans

MODULE = "harness.suite.test_2_contract"
TESTS = "generated_requests or chains_of_linked"
Echo = Callable[[str], None]


def run_fuzz(
    directory: Path, *, overlay: str | None, level: str | None, seed: int | None, pytest_args: Sequence[str]
) -> int:
    """Send generated requests to the provider, and nothing else; return pytest's exit status."""
    command = [sys.executable, "-m", "pytest", "--pyargs", MODULE, f"--rootdir={directory}", "-k", TESTS]
    command += ["-p", "no:schemathesis", *([f"--harness-target={overlay}"] if overlay else [])]
    command += [*([f"--harness-fuzz={level}"] if level else [])]
    command += [*([] if seed is None else [f"--harness-seed={seed}"]), *pytest_args]
    with reap_orphans():
        return subprocess.run(command, cwd=directory, check=False).returncode


def list_found(directory: Path, *, overlay: str | None, echo: Echo) -> int:
    """Print every defect that is kept; return the exit status."""
    world, found = _open(directory, overlay)
    try:
        kept = found.all()
        if found.trouble:
            raise ConfigurationError(found.trouble)
        for defect in kept:
            echo(world.vault.redact(f"{defect.id}  {defect.operation}: {defect.title}"))
        echo(f"{len(kept)} found defects are kept." if kept else "No found defect is kept: none was found yet.")
    finally:
        shutil.rmtree(world.run.directory, ignore_errors=True)
    return 0


def replay_found(directory: Path, defect_id: str, *, overlay: str | None, echo: Echo) -> int:
    """Send exactly the requests that showed a defect; return 1 while it occurs, 0 when it is gone, 2 when unseen.

    Raises `ConfigurationError` for an id that is not kept.
    """
    world, found = _open(directory, overlay)
    try:
        if world.target.production:
            raise ConfigurationError(
                "harness fuzz --replay: [target] environment is production, which is not fuzzed. Replay on staging."
            )
        defect = _kept(found, defect_id)
        world.vault.resolve_all(world.target.references, strict=True)
        with world.running():
            return _tell(defect, world, lambda text: echo(world.vault.redact(text)))
    finally:
        shutil.rmtree(world.run.directory, ignore_errors=True)


def _tell(defect: Defect, world: RunContext, echo: Echo) -> int:
    client = world.fuzz_client("quick")
    outcome = replay(defect, world.spec, client)
    place = at_pointer(world.spec.document, defect.excerpt.pointer)
    echo(f"{defect.id}  {defect.operation}: {defect.title}")
    for step in defect.steps:
        echo(f"  {step.curl(client.base_url)}")
    echo(f"  then   {defect.answer}")
    echo(f"  now    {outcome.answer}")
    echo(f"  spec   {defect.excerpt.pointer}{'' if place is not None else ' (no longer in the document)'}")
    said = {True: "It still occurs.", False: "It no longer occurs.", None: "Whether it occurs could not be seen."}
    echo(said[outcome.occurs])
    return {True: 1, False: 0, None: 2}[outcome.occurs]


def _kept(found: DefectStore, defect_id: str) -> Defect:
    defect = found.get(defect_id)
    if defect is None:
        ids = [known.id for known in found.all()]
        known = nearest(defect_id, ids) if ids else "None is kept: run harness fuzz or harness gate first."
        raise ConfigurationError(f"harness fuzz --replay: no found defect is called {defect_id!r}. {known}")
    return defect


def _open(directory: Path, overlay: str | None) -> tuple[RunContext, DefectStore]:
    world = RunContext.load(directory, run=Run.begin(), overlay=overlay, reports=directory / "reports")
    if world.config.provider is None:
        shutil.rmtree(world.run.directory, ignore_errors=True)
        raise ConfigurationError(
            "harness.toml names no [provider], so there is nothing to fuzz. Add spec and base_url."
        )
    world.vault.resolve_all(world.target.references, strict=False)
    return world, world.found()
