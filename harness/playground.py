"""`harness sandbox`: the reference product and integration as processes, to try the harness on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx

from harness.errors import ConfigurationError
from harness.network import Network
from harness.processes import ManagedProcess
from harness.run import Run

MODULE = ("-m", "harness.sandbox")
INTRODUCTION = """\
Product API    {product}  (its description: {product}/openapi.yaml)
Integration    {integration}  (webhooks: {integration}/webhooks/product, metrics: {integration}/metrics)
Credentials    source {folder}/credentials.env
Rotation       {curl} {product}/_sandbox/rotations -d '{{"apiKey": "a-new-key-of-16-or-more", "overlap": 60}}'
Faults         {curl} {product}/_sandbox/faults -X PUT -d '[{{"operation": "POST /runs", "status": 503, "times": 3}}]'
Logs           {folder}/*.log
Defects        {defects}
Ctrl-C ends it."""
CURL = 'curl -H "Authorization: Bearer $PRODUCT_ADMIN_KEY"'


def list_the_defects() -> int:
    """Print the sandbox' catalogue of defects; return the exit status."""
    return subprocess.run([sys.executable, *MODULE, "list-defects"], check=False).returncode


def run_sandbox(defects: Sequence[str], *, echo: Callable[[str], None]) -> int:
    """Run both processes until Ctrl-C or SIGTERM, or until one ends; return the exit status.

    Raises `ConfigurationError` for a defect that the processes do not know, `ProcessError` when one does not start.
    """
    _require(defects)
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts what it runs in the background deaf to Ctrl-C
        signal.signal(number, signal.default_int_handler)
    run = Run.begin()
    product, integration = (f"http://127.0.0.1:{run.port(name)}" for name in ("product", "integration"))
    env = {
        "PRODUCT_API_KEY": os.environ.get("PRODUCT_API_KEY") or f"key_{os.urandom(16).hex()}",
        "PRODUCT_WEBHOOK_SECRET": os.environ.get("PRODUCT_WEBHOOK_SECRET") or f"hook_{os.urandom(16).hex()}",
        "PRODUCT_ADMIN_KEY": os.environ.get("PRODUCT_ADMIN_KEY") or f"admin_{os.urandom(16).hex()}",
        "PRODUCT_BASE_URL": product,
        "SANDBOX_DEFECTS": ",".join(defects),
    }
    credentials = run.path / "credentials.env"
    commands = {
        "product": ("product", "--port", str(run.port("product"))),
        "integration": (
            "integration",
            "--port",
            str(run.port("integration")),
            "--database",
            str(run.path / "inbox.db"),
        ),
    }
    with ExitStack() as stack:
        _write(credentials, env)
        stack.callback(credentials.unlink)  # the logs stay, for whoever looks into them afterwards
        client = stack.enter_context(Network().client(timeout_s=2))
        processes = []
        for name, words in commands.items():
            process = ManagedProcess(
                name,
                command=(sys.executable, *MODULE, *words),
                ready=f"http://127.0.0.1:{run.port(name)}/healthz",
                ready_within_s=20,
                cwd=Path.cwd(),
                env=env,
                log=run.path / f"{name}.log",
                is_ready=lambda url: _answers(client, url),
            )
            stack.callback(process.stop)
            process.start()
            processes.append(process)
        echo(
            INTRODUCTION.format(
                product=product,
                integration=integration,
                folder=run.path,
                curl=CURL,
                defects=", ".join(defects) or "none",
            )
        )
        return _wait(processes, echo)


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
    try:
        while True:
            for process in processes:
                if death := process.death():
                    echo(death)
                    return 1
            time.sleep(0.2)
    except KeyboardInterrupt:
        return 0


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).is_success
    except httpx.TransportError:
        return False
