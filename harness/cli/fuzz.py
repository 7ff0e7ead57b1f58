"""`harness fuzz`: run the generated requests, list the stored defects, or reproduce one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.json_output import json_option_with, print_json
from harness.cli.say import say
from harness.context.run_context import RunContext
from harness.context.target import load_target
from harness.errors import ConfigurationError, nearest
from harness.fuzzing.defect_store import DefectStore
from harness.fuzzing.defects import Defect
from harness.fuzzing.reproduction import replay
from harness.model.config import BudgetName, Fuzz
from harness.process.environment import whole_environment
from harness.process.guardian import guardian
from harness.process.subreaper import reap_orphans, wait_and_reap

MODULE = "harness.suite.test_2_contract"
TESTS = "generated_requests or chains_of_linked"


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--replay", "defect_id", metavar="ID", help="Defect whose stored requests are sent again, once.")
@click.option("--list", "listing", is_flag=True, help="List the stored defects.")
@click.option(
    "--budget", type=click.Choice([level.value for level in BudgetName]), help="Number of requests to generate."
)
@click.option("--seed", type=int, metavar="N", help="Seed of the run whose requests are generated again.")
@click.option("--target", metavar="NAME", help="Overlay: harness.NAME.toml replaces keys of harness.toml.")
@json_option_with("--list or --replay")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def fuzz(
    defect_id: str | None,
    budget: str | None,
    seed: int | None,
    target: str | None,
    pytest_args: tuple[str, ...],
    *,
    listing: bool,
    as_json: bool,
) -> None:
    """Send generated requests to the provider.

    The rest of the checklist does not run. Other arguments go to pytest: `harness fuzz -n2 -k projects`.
    """
    here = Path.cwd()
    if defect_id:
        sys.exit(replay_found(here, defect_id, overlay=target, as_json=as_json))
    if listing:
        sys.exit(list_found(here, overlay=target, as_json=as_json))
    if as_json:
        raise click.UsageError("--json goes with --list or --replay. A run of all requests is shown by pytest.")
    sys.exit(run_fuzz(here, overlay=target, level=budget, seed=seed, pytest_args=pytest_args))


def run_fuzz(
    directory: Path, *, overlay: str | None, level: str | None, seed: int | None, pytest_args: Sequence[str]
) -> int:
    """Send generated requests to the provider, and nothing else; return pytest's exit status.

    Naming their level is what asks for them, also at a vendor's API. Raises `ConfigurationError`.
    """
    level = level or (load_target(directory, overlay=overlay).config.fuzz or Fuzz()).budget
    command = [sys.executable, "-m", "pytest", "--pyargs", MODULE, f"--rootdir={directory}", "-k", TESTS]
    command += ["-p", "no:schemathesis", *([f"--harness-target={overlay}"] if overlay else [])]
    command += [f"--harness-fuzz={level}"]
    command += [*([] if seed is None else [f"--harness-seed={seed}"]), *pytest_args]
    guardian.begin()
    with reap_orphans(), subprocess.Popen(command, cwd=directory, env=whole_environment({})) as process:
        guardian.watch(process.pid)
        return wait_and_reap(process)


def list_found(directory: Path, *, overlay: str | None, as_json: bool = False) -> int:
    """Print every stored defect; return the exit status."""
    with RunContext.begun(directory, overlay=overlay) as context:
        store = _defects(context)
        stored = store.all()
        if store.trouble:
            raise ConfigurationError(store.trouble)
        if as_json:
            print_json([{"id": each.id, "operation": each.operation, "title": each.title} for each in stored])
            return 0
        for defect in stored:
            say(f"{defect.id}  {defect.operation}: {defect.title}")
        number = f"{len(stored)} defects stored."
        say(number if stored else "No defects stored. Run harness fuzz to look for some.")
    return 0


def replay_found(directory: Path, defect_id: str, *, overlay: str | None, as_json: bool = False) -> int:
    """Send exactly the requests that showed a defect; return 1 while it occurs, 0 when it is gone, 2 when unseen.

    Raises `ConfigurationError` for an id that is not stored.
    """
    with RunContext.begun(directory, overlay=overlay) as context:
        store = _defects(context)
        if context.target.production:
            raise ConfigurationError(
                "harness fuzz --replay: [target] environment is production, which is never fuzzed. Replay on staging."
            )
        defect = _stored(store, defect_id)
        context.secrets.resolve_all(strict=True)
        with context.running():
            return _replayed(defect, context, as_json=as_json)


def _replayed(defect: Defect, context: RunContext, *, as_json: bool) -> int:
    client = context.provider.fuzz_client("quick")
    outcome = replay(defect, context.spec, client)
    status = {True: 1, False: 0, None: 2}[outcome.occurs]
    steps = [step.curl(client.base_url) for step in defect.steps]
    if as_json:
        found = {"id": defect.id, "operation": defect.operation, "title": defect.title, "requests": steps}
        print_json({**found, "then": defect.answer, "now": outcome.answer, "occurs": outcome.occurs})
        return status

    place = context.spec.at(defect.excerpt.pointer)
    say(f"{defect.id}  {defect.operation}: {defect.title}")
    for step in steps:
        say(f"  {step}")
    say(f"  then   {defect.answer}")
    say(f"  now    {outcome.answer}")
    say(f"  spec   {defect.excerpt.pointer}{'' if place is not None else ' (no longer in the document)'}")
    sentences = {True: "It still occurs.", False: "It no longer occurs.", None: "It could not be checked."}
    say(sentences[outcome.occurs])
    return status


def _stored(store: DefectStore, defect_id: str) -> Defect:
    defect = store.named(defect_id)
    if defect is None:
        ids = [known.id for known in store.all()]
        known = nearest(defect_id, ids) if ids else "None is stored: run harness fuzz or harness gate first."
        raise ConfigurationError(f"harness fuzz --replay: no stored defect has the id {defect_id!r}. {known}")
    return defect


def _defects(context: RunContext) -> DefectStore:
    if context.config.provider is None:
        raise ConfigurationError(
            "harness.toml has no [provider], so there is nothing to fuzz. Add it, with spec and base_url."
        )
    return context.provider.defects()
