"""promtool and amtool by stand-ins that answer as the real programs do: what is a fault, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.model import Outcome
from harness.telemetry.rules.rule_file import RuleFile, read_rules
from harness.telemetry.rules.tool_checks import check_alertmanager, check_rules, run_rule_tests
from harness.telemetry.rules.tool_run import Tool

Pretend = Callable[..., None]
PLAIN = "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n"
OBJECT = f"kind: PrometheusRule\nspec: {{{PLAIN.strip()}}}\n"


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Return a function that puts a program on an otherwise empty PATH, which prints a text and its arguments' file."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def program(name: str, script: str, version: str = "2.42.0+ds") -> None:
        path = folder / name
        path.write_text(
            f'#!/bin/sh\nif [ "$1" = --version ]; then echo "{name}, version {version} (branch)"; exit; fi\n{script}\n'
        )
        path.chmod(0o755)

    return program


def rules(folder: Path, text: str = PLAIN, name: str = "rules.yml") -> RuleFile:
    """Write and read a file of rules."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_rules(path, name)


def test_a_refused_file_is_a_finding_with_the_reason(tmp_path: Path, pretend: Pretend) -> None:
    """The heads that promtool prints, and paths, are left out; the caller redacts."""
    pretend(
        "promtool", 'echo "Checking $3"; echo "  FAILED:" >&2; echo "$3: 3:9: group g: hush: missing value" >&2; exit 1'
    )

    (finding,) = check_rules([rules(tmp_path)], tmp_path, lambda text: text.replace("hush", "***"))

    assert finding.outcome is Outcome.FAIL
    assert finding.summary == "rules.yml: A rule file is refused by promtool: 3:9: group g: ***: missing value"
    assert finding.observed == "promtool 2.42.0+ds: 3:9: group g: ***: missing value"


def test_objects_of_kubernetes_are_given_as_plain_groups(tmp_path: Path, pretend: Pretend) -> None:
    """A PrometheusRule is unknown to promtool; templates and files whose faults are known are left out."""
    pretend("promtool", '/bin/grep -q "^groups:" "$3"')
    files = [
        rules(tmp_path),
        rules(tmp_path, OBJECT, "b.yml"),
        rules(tmp_path, "{% a %}", "c.yml"),
        rules(tmp_path, "x: 1", "d.yml"),
    ]

    (finding,) = check_rules(files, tmp_path / "scratch")

    assert (finding.outcome, finding.observed) == (Outcome.PASS, "promtool 2.42.0+ds: 2 files")


def test_promtool_passes_nothing_that_it_was_not_given(tmp_path: Path, pretend: Pretend) -> None:
    """Where every file is a template or broken, promtool has judged none of them."""
    pretend("promtool", "exit 0")

    (finding,) = check_rules([rules(tmp_path, "{% a %}", "c.yml"), rules(tmp_path, "x: 1", "d.yml")], tmp_path)

    assert finding.outcome is Outcome.NOT_RUN
    assert finding.observed == "no file was given to promtool: each is a template, or has a fault of rules-parse"


def test_tests_beside_rules_in_another_encoding_are_run(tmp_path: Path, pretend: Pretend) -> None:
    """A rule file that is not UTF-8, and an empty pattern, are left to promtool to judge."""
    pretend("promtool", "exit 0")
    rules(tmp_path, OBJECT)
    (tmp_path / "latin.yml").write_bytes("groups: [] # f\u00fcr".encode("latin-1"))
    path = tmp_path / "a_test.yml"
    path.write_text("rule_files: ['rules.yml', 'latin.yml', '']\ntests: []\n", encoding="utf-8")

    (finding,) = run_rule_tests([path], tmp_path / "scratch")

    assert finding.outcome is Outcome.PASS


@pytest.mark.parametrize(
    "printed, newer",
    [
        # promtool of 2.42 for rules of Prometheus 3 (Query functions; Recording rules, rule_group)
        ('1:1: parse error: unknown function with name "info"', "info"),
        ("line 3: field query_offset not found in type rulefmt.RuleGroup", "query_offset"),
        # for tests of Prometheus 3 (Unit testing for rules)
        ("line 66: field histogram not found in type main.sample", "histogram"),
        ('1:1: parse error: unknown function with name "ratte"', ""),
        ("line 3: field fro not found in type rulefmt.RuleNode", ""),
    ],
)
def test_what_a_newer_version_accepts_is_no_fault(tmp_path: Path, pretend: Pretend, printed: str, newer: str) -> None:
    """It cannot be judged with the version that is there, and the finding names what it does not know."""
    pretend("promtool", f"echo '{printed}'; exit 1")
    path = tmp_path / "test.yml"
    path.write_text("tests: []\n", encoding="utf-8")

    for finding in (*check_rules([rules(tmp_path)], tmp_path), *run_rule_tests([path], tmp_path, lambda p: p.name)):
        assert finding.outcome is (Outcome.ERROR if newer else Outcome.FAIL)
        assert (f"promtool 2.42.0+ds does not know {newer}, which newer versions do" in finding.observed) is bool(newer)


@pytest.mark.parametrize(
    "printed, newer",
    [
        # promtool 2.42 for rules of Prometheus 3 (migration guide: UTF-8 names; durations and numbers as one)
        (
            'group "g", rule 1, "A": could not parse expression: 1:5: parse error: unexpected',
            "the syntax of an expression",
        ),
        ('group "g", rule 1, "A": invalid label name: x.y', "the name of a label"),
        ('group "g", rule 1, "a.b": invalid recording rule name: a.b', "the name of a series"),
    ],
    ids=["syntax", "label", "series"],
)
def test_syntax_that_parses_is_no_fault_of_the_rules(
    tmp_path: Path, pretend: Pretend, printed: str, newer: str
) -> None:
    """The reader has parsed the file before; only promtool of Prometheus 3 knows better."""
    pretend("promtool", f"echo '{printed}'; exit 1")
    (old,) = check_rules([rules(tmp_path)], tmp_path)
    pretend("promtool", f"echo '{printed}'; exit 1", version="3.5.0")
    (new,) = check_rules([rules(tmp_path)], tmp_path)

    assert old.outcome is Outcome.ERROR
    assert old.observed.startswith(f"promtool 2.42.0+ds does not know {newer}, which newer versions do")
    assert new.outcome is Outcome.FAIL


def test_tests_of_objects_run_on_plain_groups(tmp_path: Path, pretend: Pretend) -> None:
    """The test's own file stays as it is; a copy names plain groups."""
    pretend("promtool", '/bin/grep -q "rules-0.yml" "$3" && /bin/grep -q "^groups:" rules-0.yml && echo ok; ')
    rules(tmp_path, OBJECT)
    path = tmp_path / "a_test.yml"
    path.write_text("rule_files: ['*les.yml']\ntests: []\n", encoding="utf-8")

    (finding,) = run_rule_tests([path], tmp_path / "scratch")

    assert (finding.outcome, finding.observed) == (Outcome.PASS, "promtool 2.42.0+ds: 1 files")


def test_no_value_of_alertmanagers_file_is_shown(tmp_path: Path, pretend: Pretend) -> None:
    """The program may quote what it does not understand."""
    path = tmp_path / "am.yml"
    path.write_text("receivers: [{name: pager, slack_configs: [{api_url: 'https://x/hush', n: {a: tokn}}]}]\n")
    pretend("amtool", "echo \"Checking '$2'  FAILED: bad URL https://x/hush of tokn in pager\"; exit 1")

    (finding,) = check_alertmanager(path, "am.yml")

    assert finding.summary == "am.yml: Alertmanager's configuration is refused by amtool: bad URL *** of *** in pager"


def test_a_program_that_hangs_is_ended(tmp_path: Path, pretend: Pretend) -> None:
    """It is given a bounded time."""
    pretend("promtool", "exec /bin/sleep 60")
    promtool = Tool.found("promtool", timeout_s=0.2)
    assert promtool

    answer = promtool.run(["check"], tmp_path, functions=frozenset(), parses=True)

    assert (answer.succeeded, answer.text) == (False, "it did not end within 0.2 s")


@pytest.mark.parametrize(
    "script, timeout_s, why",
    [("kill -9 $$", 60.0, "it was ended by a signal"), ("exec /bin/sleep 60", 0.2, "it did not end within 0.2 s")],
    ids=["killed", "hangs"],
)
def test_a_program_that_does_not_answer_refuses_nothing(
    tmp_path: Path, pretend: Pretend, monkeypatch: pytest.MonkeyPatch, script: str, timeout_s: float, why: str
) -> None:
    """That the files are not judged is an error of the machine, not a fault of the files."""
    pretend("promtool", script)
    found = Tool.found
    monkeypatch.setattr(Tool, "found", lambda name, redact: found(name, redact, timeout_s=timeout_s))

    (finding,) = check_rules([rules(tmp_path)], tmp_path)

    assert finding.outcome is Outcome.ERROR
    assert why in finding.observed
    assert "rules.yml" in finding.observed


def test_a_missing_program_is_reported_with_what_to_install(tmp_path: Path, pretend: Pretend) -> None:
    """Nothing is a pass without it."""
    del pretend
    findings = [
        *check_rules([rules(tmp_path)], tmp_path),
        *run_rule_tests([], tmp_path),
        *check_alertmanager(tmp_path / "am.yml", "am.yml"),
    ]

    assert [(f.outcome, f.observed) for f in findings] == [
        (Outcome.NOT_RUN, "promtool is not on the PATH: apt-get install prometheus"),
        (Outcome.NOT_RUN, "promtool is not on the PATH: apt-get install prometheus"),
        (Outcome.NOT_RUN, "amtool is not on the PATH: apt-get install prometheus-alertmanager"),
    ]
