"""What harness.toml needs of the machine: variables, extras, programs, ports, and plugins of pytest."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from harness.context.examination.symptom import Symptom
from harness.context.interpreter_checks import check_interpreter
from harness.context.needed_extras import require_extras
from harness.errors import SecretError
from harness.model.config import Probe
from harness.model.strict import where_is
from harness.process.startable import is_program, taken_port
from harness.process.unreachable import proxy_of_loopback
from harness.telemetry.monitoring.monitoring_servers import ALERTMANAGER, INSTALL, PROMETHEUS

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model.config import Process

_OF_A_SHELL = re.compile(r"&&?|\|\|?|;|[12]?>{1,2}|<|2>&1|\$\{?[A-Za-z_]\w*\}?")
"""A word that only a shell would not pass on as it is."""
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
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
            value = context.vault.resolve(reference, f"harness.toml: {key}").reveal()
        except SecretError as exc:
            yield str(exc)
            continue
        if flaw := _flaw(value):
            yield (
                f"harness.toml: {key} refers to {reference}, whose value {flaw}. It would be sent as it is: "
                "correct it where it is set."
            )


def _flaw(value: str) -> str:
    """Return what a file of variables left around a value; empty for none, and for a text of several lines."""
    if "\n" in value.strip():
        return ""
    if value.endswith("\r"):
        return "ends with a carriage return, as from a file .env with the line ends of Windows"
    if value != value.strip():
        return "begins or ends with white space"
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return "has quotation marks around it, which no shell has removed" if quoted else ""


def _extras(context: RunContext) -> Iterator[str]:
    require_extras(context)
    yield from ()


def _programs(context: RunContext) -> Iterator[str]:
    root = context.target.root
    for key, words, process in _commands(context):
        cwd, path = (root / (process.cwd or "."), process.env.get("PATH")) if process else (root, None)
        if words and "{" not in words[0] and not is_program(words[0], cwd=cwd, path=path):
            yield f"harness.toml: {key}: {words[0]!r} is not a program here. {_instead_of(words[0])}"
        elif operator := next((word for word in words[1:] if _OF_A_SHELL.fullmatch(word)), ""):
            yield (
                f"harness.toml: {key}: {operator!r} means something to a shell alone, and none runs the command. Write "
                f'["sh", "-c", "{words[0]} ..."].'
            )
    telemetry = context.config.telemetry
    alerts = telemetry.alerts if telemetry else None
    if alerts and alerts.rules and not alerts.prometheus:
        for names in (PROMETHEUS, ALERTMANAGER):
            if not any(map(shutil.which, names)):
                yield f"harness.toml: [telemetry.alerts] rules: {names[0]} is not installed. Install it: {INSTALL}."


def _instead_of(word: str) -> str:
    """Return what to write in place of the first word of a command that is no program."""
    if _ASSIGNMENT.match(word):
        return f'A variable before a command is for a shell: set it under env, or write ["env", {word!r}, ...].'
    if len(parts := word.split()) > 1:
        return f'Write each word by itself: ["{parts[0]}", "{parts[1]}", ...].'
    return "Install it, or give its path."


def _proxies(_context: RunContext) -> Iterator[str]:
    if variable := proxy_of_loopback():
        yield (
            f"{variable} is set, and NO_PROXY does not name 127.0.0.1: the processes and the client of the target may "
            "call this machine through the proxy, and reach nothing. Set NO_PROXY=127.0.0.1,localhost."
        )


def _commands(context: RunContext) -> Iterator[tuple[str, Sequence[str], Process | None]]:
    """Yield the key of each command of harness.toml with its words, and the process whose it is."""
    config = context.config
    for name, process in config.process.items():
        yield where_is(("process", name, "command")), process.command, process
        yield where_is(("process", name, "prepare")), process.prepare, process
    if config.client:
        for key in ("command", "at_once"):
            yield where_is(("client", key)), getattr(config.client, key), None
    if receiver := config.receiver:
        for key in ("outage", "stop", "start"):
            yield where_is(("receiver", key)), getattr(receiver, key), None
    for keys, probe in config.inner(Probe):
        yield where_is((*keys, "command")), probe.command, None
    if receiver and receiver.dead_letters:
        yield where_is(("receiver", "dead_letters", "redrive")), receiver.dead_letters.redrive, None


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
    Symptom("proxies", "proxies", _proxies),
    Symptom("plugins", "plugins of pytest", _plugins),
)
