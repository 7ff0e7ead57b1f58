"""What promtool and amtool report of rules, of the team's tests of rules, and of Alertmanager's configuration."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from harness.core.foreign_files import read_file
from harness.core.yaml import UnreadableYamlError, read_yaml
from harness.model import Check, Finding, Outcome
from harness.telemetry.promql.newer_promql import NEWER_FUNCTIONS
from harness.telemetry.rules.alertmanager_config import hidden_values
from harness.telemetry.rules.rule_checks import ITEM
from harness.telemetry.rules.rule_file import RuleFile, read_rules
from harness.telemetry.rules.scaled_rules import plain_text
from harness.telemetry.rules.tool_run import Tool, ToolAnswer

INSTALL = "apt-get install prometheus"
INSTALL_AMTOOL = "apt-get install prometheus-alertmanager"
PROMTOOL_RULES = Check(
    id="promtool-rules",
    item=ITEM,
    summary="the rule files, as promtool checks them",
    passed="Every rule file is accepted by promtool",
    failed="A rule file is refused by promtool",
    expected="promtool check rules succeeds",
    source="Prometheus: Command line, promtool check rules",
    fix="Correct what promtool reports.",
)
PROMTOOL_TESTS = Check(
    id="promtool-tests",
    item=ITEM,
    summary="your own tests of the rules, as promtool runs them",
    passed="Your tests of the rules pass",
    failed="One of your tests of the rules fails",
    expected="promtool test rules succeeds",
    source="Prometheus: Unit testing for rules",
    fix="Correct the rule or its test.",
)
AMTOOL = Check(
    id="amtool-config",
    item=ITEM,
    summary="Alertmanager's configuration, as amtool checks it",
    passed="Alertmanager's configuration is accepted by amtool",
    failed="Alertmanager's configuration is refused by amtool",
    expected="amtool check-config succeeds",
    source="Alertmanager: amtool, check-config",
    fix="Correct what amtool reports.",
)
CHECKS = (PROMTOOL_RULES, PROMTOOL_TESTS, AMTOOL)
_HEADS = re.compile(r"^(?:Checking \S+$|Checking '.*'|Unit Testing: .*|amtool: error: .*)|\bFAILED:", re.MULTILINE)
"""What both print around their reasons."""


def check_rules(files: Sequence[RuleFile], scratch: Path, redact: Callable[[str], str] = str) -> list[Finding]:
    """Run ``promtool check rules``; a finding for each file that it refuses, or one for all.

    Objects of Kubernetes are given to it as plain groups, written to ``scratch``. Files that are templates, or whose
    faults are known, are left out.
    """
    promtool = Tool.found("promtool", redact)
    if promtool is None:
        return [_missing(PROMTOOL_RULES, "promtool", INSTALL)]
    refused = []
    usable = [file for file in files if not file.template and not file.faults]
    for number, file in enumerate(usable):
        path = file.path if file.is_plain else _write(scratch / f"rules-{number}.yml", plain_text(_read(file)))
        answer = promtool.run(["check", "rules", path.name], path.parent, functions=NEWER_FUNCTIONS, parses=True)
        if not answer.succeeded:
            refused.append(_refused(PROMTOOL_RULES, promtool, file.name, answer, path.name))
    if files and not usable:
        why = "no file was given to promtool: each is a template, or has a fault of rules-parse"
        return [PROMTOOL_RULES.finding(Outcome.NOT_RUN, why)]
    return refused or [PROMTOOL_RULES.finding(Outcome.PASS, f"{promtool.name}: {len(usable)} files")]


def run_rule_tests(
    paths: Sequence[Path], scratch: Path, shown: Callable[[Path], str] = str, redact: Callable[[str], str] = str
) -> list[Finding]:
    """Run ``promtool test rules``; a finding for each file that fails, or one for all.

    ``shown`` returns a path as findings name it. A test of PrometheusRule objects is run on their plain groups.
    """
    promtool = Tool.found("promtool", redact)
    if promtool is None:
        return [_missing(PROMTOOL_TESTS, "promtool", INSTALL)]
    failed = []
    for number, path in enumerate(paths):
        runnable = _with_plain_rules(path, scratch / f"test-{number}")
        answer = promtool.run(
            ["test", "rules", runnable.name], runnable.parent, functions=NEWER_FUNCTIONS, parses=False
        )
        if not answer.succeeded:
            failed.append(_refused(PROMTOOL_TESTS, promtool, shown(path), answer, runnable.name))
    return failed or [PROMTOOL_TESTS.finding(Outcome.PASS, f"{promtool.name}: {len(paths)} files")]


def check_alertmanager(path: Path, name: str, redact: Callable[[str], str] = str) -> list[Finding]:
    """Run ``amtool check-config``; no value of a receiver or of ``global`` is shown."""
    hidden = sorted(hidden_values(path), key=len, reverse=True)

    def without_values(text: str) -> str:
        for value in hidden:
            text = text.replace(value, "***")
        return redact(text)

    amtool = Tool.found("amtool", without_values)
    if amtool is None:
        return [_missing(AMTOOL, "amtool", INSTALL_AMTOOL)]
    answer = amtool.run(["check-config", path.name], path.parent, functions=frozenset(), parses=False)
    if answer.succeeded:
        return [AMTOOL.finding(Outcome.PASS, f"{amtool.name}: {name}")]
    return [_refused(AMTOOL, amtool, name, answer, path.name)]


def _missing(check: Check, program: str, install: str) -> Finding:
    return check.finding(Outcome.NOT_RUN, f"{program} is not on the PATH: {install}")


def _refused(check: Check, tool: Tool, name: str, answer: ToolAnswer, file: str) -> Finding:
    """Return a failure; or an error, where the program did not judge the file or a newer version may accept it."""
    if not answer.judged:
        observed = f"{tool.name} {name}: {answer.text or 'it was ended by a signal'}. Run it yourself, and see why"
        return check.finding(Outcome.ERROR, observed, summary=f"{name}: not judged", case=f"{check.id}-{name}")
    text = _HEADS.sub("", answer.text).replace(f"{file}: ", "").strip()
    if answer.newer:
        observed = f"{tool.name} does not know {answer.newer}, which newer versions do: install one of these. {text}"
        return check.finding(Outcome.ERROR, observed, summary=f"{name}: not judged", case=f"{check.id}-{name}")
    first = " ".join(text.splitlines()[0].split()) if text else "it gives no reason"
    return check.finding(
        Outcome.FAIL, f"{tool.name}: {text}", summary=f"{name}: {check.failed}: {first}", case=f"{check.id}-{name}"
    )


def _read(file: RuleFile) -> list[Any]:
    return [rule for rule in file.rules if rule.query]


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text or "groups: []\n", encoding="utf-8")
    return path


def _with_plain_rules(path: Path, folder: Path) -> Path:
    """Return the test file, or where it names objects of Kubernetes, a copy in ``folder`` that names plain groups."""
    try:
        document = read_yaml(read_file(path))
    except (OSError, UnreadableYamlError):
        return path
    named = document.get("rule_files") if isinstance(document, dict) else None
    if not isinstance(named, list):
        return path
    files = [read_rules(found) for pattern in named if pattern for found in _matching(path.parent, str(pattern))]
    if all(file.is_plain for file in files):
        return path
    for number, file in enumerate(files):
        copy = folder / f"rules-{number}.yml"
        if file.is_plain:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.path, copy)
        else:
            _write(copy, plain_text(_read(file)))
    document["rule_files"] = [f"rules-{number}.yml" for number in range(len(files))]
    return _write(folder / path.name, yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False))


def _matching(folder: Path, pattern: str) -> Iterator[Path]:
    if Path(pattern).is_absolute():
        yield from [Path(pattern)] if Path(pattern).is_file() else []
    else:
        yield from sorted(found for found in folder.glob(pattern) if found.is_file())
