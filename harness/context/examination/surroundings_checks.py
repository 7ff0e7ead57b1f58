"""What harness.toml needs of the machine: variables, extras, programs, ports, and plugins of pytest."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from harness.context.examination.symptom import Symptom
from harness.context.interpreter_checks import check_interpreter
from harness.context.needed_extras import require_extras
from harness.errors import SecretError
from harness.model.strict import where_is
from harness.process.startable import is_program, taken_port
from harness.telemetry.monitoring.monitoring_servers import ALERTMANAGER, INSTALL, PROMETHEUS

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model.config import Process

_INTERFERING = {
    "rerunfailures": "repeats tests that fail, so that a fault that shows now and then is never seen",
    "flaky": "repeats tests that fail, so that a fault that shows now and then is never seen",
    "socket": "forbids connections, which the checks and live scenarios need",
    "recording": "plays cassettes of its own beside those of the harness",
    "vcr": "plays cassettes of its own beside those of the harness",
}
"""Plugins of pytest by the name of their entry point, with what they do to a gate."""


def _interpreter(context: RunContext) -> Iterator[str]:
    root = context.target.root
    check_interpreter(root, *(path if path.is_dir() else path.parent for path in _scenarios(context)))
    yield from ()


def _scenarios(context: RunContext) -> Iterator[Path]:
    return (context.target.root / name for name in context.config.target.scenarios)


def _variables(context: RunContext) -> Iterator[str]:
    for key, reference in context.target.references:
        try:
            context.vault.resolve(reference, f"harness.toml: {key}")
        except SecretError as exc:
            yield str(exc)


def _extras(context: RunContext) -> Iterator[str]:
    require_extras(context)
    yield from ()


def _programs(context: RunContext) -> Iterator[str]:
    root = context.target.root
    for key, words, process in _commands(context):
        cwd, path = (root / (process.cwd or "."), process.env.get("PATH")) if process else (root, None)
        if words and "{" not in words[0] and not is_program(words[0], cwd=cwd, path=path):
            yield f"harness.toml: {key}: {words[0]!r} is not a program here. Install it, or give its path."
    telemetry = context.config.telemetry
    alerts = telemetry.alerts if telemetry else None
    if alerts and alerts.rules and not alerts.prometheus:
        for names in (PROMETHEUS, ALERTMANAGER):
            if not any(map(shutil.which, names)):
                yield f"harness.toml: [telemetry.alerts] rules: {names[0]} is not installed. Install it: {INSTALL}."


def _commands(context: RunContext) -> Iterator[tuple[str, Sequence[str], Process | None]]:
    """Yield the key of each command of harness.toml with its words, and the process whose it is."""
    config = context.config
    for name, process in config.process.items():
        yield where_is(("process", name, "command")), process.command, process
        yield where_is(("process", name, "prepare")), process.prepare, process
    if config.client:
        yield where_is(("client", "command")), config.client.command, None
    if receiver := config.receiver:
        for key in ("outage", "stop", "start"):
            yield where_is(("receiver", key)), getattr(receiver, key), None
        for key in ("effects", "dead_letters"):
            if probe := getattr(receiver, key):
                yield where_is(("receiver", key, "command")), probe.command, None


def _ports(context: RunContext) -> Iterator[str]:
    own = set(context.run.ports.values())  # which were free a moment ago
    for name, process in context.config.process.items():
        if (url := process.ready_url) and (port := taken_port(url)) and port not in own:
            yield (
                f"harness.toml: {where_is(('process', name, 'ready'))}: port {port} is in use, so another program "
                f"would be tested. Stop what listens there, or let the harness choose: {{port:{name}}}."
            )
    if context.otlp and (port := taken_port(f"http://{context.otlp}")):
        yield (
            f"harness.toml: [telemetry] otlp: port {port} is in use, so no span would arrive. Stop what listens there, "
            "or name another address."
        )


def _plugins(_context: RunContext) -> Iterator[str]:
    for entry in sorted(entry_points(group="pytest11"), key=lambda each: each.name):
        if does := _INTERFERING.get(entry.name):
            yield (
                f"The plugin {entry.name} of pytest {does}. Leave it out of the environment of the gate, or switch it "
                f"off: harness gate -p no:{entry.name}."
            )


SURROUNDINGS: tuple[Symptom, ...] = (
    Symptom("interpreter", "Python, and modules that hide others", _interpreter),
    Symptom("variables", "variables, files and commands of secrets", _variables),
    Symptom("extras", "extras", _extras, needs=("variables",)),
    Symptom("programs", "programs", _programs),
    Symptom("ports", "ports", _ports),
    Symptom("plugins", "plugins of pytest", _plugins),
)
