"""`harness sandbox`: runs the reference product and the reference integration as processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NoReturn

from harness.core.extras import MODULES, Extra, require
from harness.errors import ConfigurationError
from harness.http.client import Network, answers
from harness.process.ending_signals import until_ended
from harness.process.guardian import guardian
from harness.process.managed import ManagedProcess
from harness.process.ready import UrlAnswers
from harness.process.run import Run

PACKAGES = tuple(sorted({m for m, (extra, _) in MODULES.items() if extra is Extra.SANDBOX} | {"sqlalchemy"}))
"""What the processes import."""
TELEMETRY = tuple(sorted(m for m, (extra, _) in MODULES.items() if extra is Extra.TELEMETRY))
"""What a gate of theirs needs besides."""
MODULE = ("-m", "harness.sandbox")
PROCESSES = {"product": (), "integration": ("--database", "{folder}/inbox.db")}
"""Name of each process, which is its command, and its own options."""
INTRODUCTION = """\
Product API    {product}  (OpenAPI document: {product}/openapi.yaml)
Integration    {integration}  (webhooks: {integration}/webhooks/product, metrics: {integration}/metrics)
Credentials    source {folder}/credentials.env
Rotation       {curl} {product}/_sandbox/rotations -d '{{"apiKey": "a-new-key-of-16-or-more", "overlap": 60}}'
Faults         {curl} {product}/_sandbox/faults -X PUT -d '[{{"operation": "POST /runs", "status": 503, "times": 3}}]'
Logs           {folder}/*.log  (until the next run of the harness begins)
Defects        {defects}
Press Ctrl-C to stop."""
CURL = 'curl -H "Authorization: Bearer $PRODUCT_ADMIN_KEY"'


def list_the_defects(*, as_json: bool) -> int:
    """Print the catalogue of the sandbox's defects; return the exit status."""
    options = ["--json"] if as_json else []
    return subprocess.run([sys.executable, *MODULE, "list-defects", *options], check=False).returncode


def gate_on_sandbox(arguments: Sequence[str], defects: Sequence[str]) -> NoReturn:
    """Become a gate on a copy of the sandbox's own target, with the defects planted.

    Raises `ConfigurationError` for a missing package of the extra.
    """
    require("The sandbox", *PACKAGES, *TELEMETRY, extra=Extra.SANDBOX)
    planted = [f"--defect={name}" for name in defects]
    sys.stdout.flush()
    command = [sys.executable, *MODULE, "with-target", *planted, "--", sys.executable, "-m", "harness.cli", "gate"]
    os.execv(sys.executable, [*command, *arguments])  # noqa: S606  # signals then reach what ends the gate well


def run_sandbox(defects: Sequence[str], *, echo: Callable[[str], None]) -> int:
    """Run both processes until Ctrl-C, SIGTERM or the end of the terminal, or until one ends; return the exit status.

    Raises `ConfigurationError` for a missing package of the extra, and for a defect that the processes do not know;
    `ProcessError` when one does not start.
    """
    require("The sandbox", *PACKAGES, extra=Extra.SANDBOX)
    _require(defects)
    run = Run.begin()
    guardian.begin()  # which removes the credentials if this process is killed
    product, integration = (f"http://127.0.0.1:{run.port(name)}" for name in PROCESSES)
    env = _environment(product, defects)
    credentials = run.path / "credentials.env"
    with until_ended(), ExitStack() as stack:
        _write(credentials, env)
        stack.callback(credentials.unlink)  # the logs stay, to be read until the next run begins
        client = stack.enter_context(Network().client(timeout_s=2))
        processes = []
        for name, options in PROCESSES.items():
            process = _process(run, name, options, env, is_ready=partial(answers, client))
            stack.callback(process.stop)
            process.start()
            processes.append(process)
        planted = ", ".join(defects) or "none"
        echo(INTRODUCTION.format(product=product, integration=integration, folder=run.path, curl=CURL, defects=planted))
        return _wait(processes, echo)
    return 0  # by a signal


def _environment(product: str, defects: Sequence[str]) -> dict[str, str]:
    made = {"PRODUCT_API_KEY": "key", "PRODUCT_WEBHOOK_SECRET": "hook", "PRODUCT_ADMIN_KEY": "admin"}
    secrets = {name: os.environ.get(name) or f"{kind}_{os.urandom(16).hex()}" for name, kind in made.items()}
    return {**secrets, "PRODUCT_BASE_URL": product, "SANDBOX_DEFECTS": ",".join(defects)}


def _process(
    run: Run, name: str, options: Sequence[str], env: dict[str, str], *, is_ready: Callable[[str], bool]
) -> ManagedProcess:
    port = str(run.port(name))
    return ManagedProcess(
        name,
        command=(sys.executable, *MODULE, name, "--port", port, *(o.format(folder=run.path) for o in options)),
        ready=UrlAnswers(f"http://127.0.0.1:{port}/healthz", is_ready),
        ready_within_s=20,
        cwd=Path.cwd(),
        env=env,
        log=run.path / f"{name}.log",
    )


def _require(defects: Sequence[str]) -> None:
    done = subprocess.run(
        [sys.executable, *MODULE, "check-defects", *defects], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ConfigurationError(f"--defect: {done.stderr.strip()}")


def _write(path: Path, env: dict[str, str]) -> None:
    """Write the credentials where only this user can read them; they are not printed."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(f"export {name}={value}\n" for name, value in env.items())


def _wait(processes: Sequence[ManagedProcess], echo: Callable[[str], None]) -> int:
    while True:
        for process in processes:
            if death := process.death():
                echo(death)
                return 1
        time.sleep(0.2)
