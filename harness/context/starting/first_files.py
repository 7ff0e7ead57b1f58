"""From a few answers to the first files of a target."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from harness.context.configuration_schema import SCHEMA, shipped_schema
from harness.context.starting.first_configuration import configuration_text
from harness.context.starting.first_credential import check_reference
from harness.context.starting.first_document import first_document
from harness.context.starting.first_events import event_files
from harness.context.starting.first_scenario import scenario_text
from harness.context.starting.start_answers import StartAnswers
from harness.context.target import load_target
from harness.core.configuration_home import CONFIG_NAME, configuration_file
from harness.core.extras import PACKAGE
from harness.core.foreign_files import read_file
from harness.core.pointers import leaves
from harness.errors import ConfigurationError
from harness.model import SecretRef
from harness.operations.runbooks import INCIDENTS, WEBHOOKS
from harness.packs.shelf import pack_named

CI_FILES = {"github": ".github/workflows/readiness.yml", "gitlab": "readiness.gitlab-ci.yml"}
RUNBOOKS = "runbooks/"
_INSTALLED = f'pip install "{PACKAGE}[all]"'
_REQUIREMENTS = "requirements.txt"
_TAKEN = "GITHUB_"


class FirstFiles(NamedTuple):
    """What is written."""

    content: dict[str, bytes]
    """By path."""
    unset: list[str]
    """Names of the variables that harness.toml refers to and that are not set."""


def refuse_another(root: Path) -> None:
    """Raise `ConfigurationError` where a folder has a target already."""
    if there := configuration_file(root):
        raise ConfigurationError(
            f"{there.name} describes a target already, and nothing is overwritten. Begin in another folder, or ask "
            "`harness doctor` about this one."
        )


def first_files(answers: StartAnswers) -> FirstFiles:
    """Return what describes the target of the answers.

    Raises `ConfigurationError` and `SpecError` for answers from which no true configuration can be made.
    """
    check_reference(answers.signing_secret, "--signing-secret")
    spec = first_document(answers)
    events = event_files(answers, spec) if answers.receiver else {}
    name = str(spec.raw.get("info", {}).get("title", "")) if spec else ""
    name = name or (pack_named(answers.pack, "--provider").title if answers.pack else "") or answers.root.resolve().name
    written = configuration_text(answers, spec, name=f"{name} integration", events=bool(events))
    _check(written)
    texts = {
        CONFIG_NAME: written,
        SCHEMA: shipped_schema(),
        **{f"{RUNBOOKS}{incident}.md": _text(f"runbook-{incident}.md") for incident in _incidents(answers)},
    }
    if spec and (scenario := scenario_text(spec, writes=answers.own)):
        texts["scenarios/test_first.py"] = scenario
    if answers.ci != "none":
        texts[CI_FILES[answers.ci]] = _ci(answers, _variables(written))
    unset = [variable for variable in _variables(written) if not os.environ.get(variable)]
    return FirstFiles({**{path: text.encode() for path, text in texts.items()}, **events}, unset)


def _incidents(answers: StartAnswers) -> Iterator[str]:
    """Yield the incidents that the integration can have: without a receiver, none of webhooks."""
    yield from (incident for incident in INCIDENTS if incident != WEBHOOKS or answers.receiver)


def _check(written: str) -> None:
    """Raise `ConfigurationError` where answers make no harness.toml that a run would read."""
    with TemporaryDirectory() as folder:
        (Path(folder) / CONFIG_NAME).write_text(written, encoding="utf-8")
        load_target(Path(folder))


def _variables(written: str) -> list[str]:
    """Return the names of the variables to which a harness.toml refers, each once."""
    texts = (text for _, text in leaves(tomllib.loads(written)) if isinstance(text, str))
    found = (reference for text in texts if (reference := SecretRef.parse(text)) and reference.kind == "env")
    return list(dict.fromkeys(reference.name for reference in found))


def _ci(answers: StartAnswers, variables: Sequence[str]) -> str:
    text = _text(f"{answers.ci}.yml").replace(_INSTALLED, _installing(answers.root / _REQUIREMENTS))
    lines = [_secret_line(name) for name in variables]
    if not lines:
        return text.replace("        env:\n          # SECRETS\n", "")
    return text.replace("# SECRETS", "\n          ".join(lines))


def _secret_line(variable: str) -> str:
    """Return the line of GitHub's file that sets a variable; no name of a secret there may begin with GITHUB_."""
    name, note = variable, ""
    if variable.startswith(_TAKEN):
        name = f"GH_{variable.removeprefix(_TAKEN)}"
        note = f"  # add it as {name}: GitHub takes no name that begins with {_TAKEN}"
    return f"{variable}: ${{{{ secrets.{name} }}}}{note}"


def _installing(requirements: Path) -> str:
    """Return the command that installs the harness, as a requirements.txt names it if it does."""
    if not requirements.is_file():
        return _INSTALLED
    text = read_file(requirements).decode(errors="replace")
    required = (line.partition("#")[0].lower().replace("_", "-") for line in text.splitlines())
    named = any(PACKAGE in line for line in required)  # pip refuses the name beside a URL, unless an index has both
    return f"pip install -r {_REQUIREMENTS}" if named else f"{_INSTALLED} -r {_REQUIREMENTS}"


def _text(name: str) -> str:
    return resources.files("harness.context.starting").joinpath("texts", name).read_text(encoding="utf-8")
