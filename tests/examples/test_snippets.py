"""Every snippet the documents show is loaded, run or looked up."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import jsonschema_rs
import pytest
import yaml

from harness.cli.main import COMMANDS, main
from harness.context.configuration_schema import OVERLAY_SCHEMA, SCHEMA, shipped_schema
from harness.context.target import load_target

if TYPE_CHECKING:
    from tests.examples.conftest import Snippet

ROOT = Path(__file__).parents[2]
FOREIGN = {"cat", "export", "pip"}
"""Commands in snippets that are neither ours nor pytest's."""

Snippets = Callable[..., "list[Snippet]"]


def test_every_toml_snippet_is_a_target(snippets: Snippets, tmp_path: Path) -> None:
    """Each harness.toml that is shown loads and fits the schema; each overlay loads over the one above it."""
    for snippet in snippets("toml"):
        overlay = snippet.title.removeprefix("harness.").removesuffix(".toml") if snippet.title else None
        (tmp_path / (snippet.title or "harness.toml")).write_text(snippet.text)

        target = load_target(tmp_path, overlay=overlay)

        assert target.config.target.name == "Acme integration", str(snippet)
        schema = json.loads(shipped_schema(OVERLAY_SCHEMA if overlay else SCHEMA))
        raw = json.loads(json.dumps(tomllib.loads(snippet.text), default=str))
        assert jsonschema_rs.Draft202012Validator(schema).is_valid(raw), str(snippet)


def test_every_python_snippet_runs_against_the_sandbox(snippets: Snippets, pytester: pytest.Pytester) -> None:
    """Each snippet passes live as a file of its own, together with the conftest and the items that the guides show."""
    for number, snippet in enumerate(snippets("python")):
        name = snippet.title.removesuffix(".py") or f"test_{snippet.document.stem.replace('-', '_')}_{number}"
        pytester.makepyfile(**{name: snippet.text})
    items = re.findall(r"^\[\[item\]\]\n(?:.+\n)+", "\n".join(s.text for s in snippets("toml")), re.MULTILINE)
    (pytester.path / "harness.toml").write_text("\n".join((_sandbox_toml(), *items)))
    tests = sum(len(re.findall(r"^def test_", s.text, re.MULTILINE)) for s in snippets("python"))

    result = pytester.runpytest_subprocess(
        "--harness-mode=live", "-p", "no:schemathesis", "-p", "no:cacheprovider", timeout=120
    )

    result.assert_outcomes(passed=tests)


def test_every_command_shown_exists(snippets: Snippets) -> None:
    """Each line of shell names a command, a target of make and options that there are."""
    wrong = [
        f"{snippet}: {line}: {complaint}"
        for snippet in snippets("sh", "yaml")
        for line in _shell_lines(snippet)
        for complaint in _complaints(shlex.split(line))
    ]

    assert wrong == []


@pytest.mark.parametrize(
    "line, complaint",
    [
        ("harness gaet", "no subcommand gaet"),
        (".venv/bin/harness gaet", "no subcommand gaet"),
        ("harness deliver x --too y", "no option --too"),
        ("harness gate --harness-moode=live", "no option --harness-moode"),
        ("pytest --harness-moode live", "no option --harness-moode"),
        ("make gaet", "no target gaet"),
        ("uvx --from 'a[b]' readiness-harness gaet", "no subcommand gaet"),
        ("curl x", "curl is no command of ours"),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(line: str, complaint: str) -> None:
    """The look-up can fail."""
    assert list(_complaints(shlex.split(line))) == [complaint]


def _sandbox_toml() -> str:
    """Return this repository's harness.toml with its paths made absolute and without its scenarios."""
    text = (ROOT / "harness.toml").read_text()
    paths = re.compile(r'"((?:harness|fixtures)/[^"]*|tests/scenarios)"')
    assert tomllib.loads(text)["target"]["scenarios"]
    return paths.sub(lambda m: f'"{ROOT / m[1]}"', text)


def _shell_lines(snippet: Snippet) -> Iterator[str]:
    if snippet.language == "sh":
        yield from snippet.text.replace("\\\n", "").splitlines()  # a line may go on in the next
        return
    pipeline = yaml.safe_load(snippet.text)
    for job in pipeline.get("jobs", {}).values():  # of GitHub
        yield from (step["run"] for step in job["steps"] if "run" in step)
    for job in pipeline.values():  # of GitLab
        yield from job.get("script", ()) if isinstance(job, dict) else ()


def _complaints(words: list[str]) -> Iterator[str]:
    command, *rest = words
    command = command.removeprefix(".venv/bin/")
    if command == "uvx":  # the command within: the script is named as the distribution
        command, *rest = ("harness", *rest[rest.index("readiness-harness") + 1 :])
    own = rest[: rest.index("--")] if "--" in rest else rest  # what follows belongs to another command
    options = [w.partition("=")[0] for w in own if w.startswith("--")]
    if command == "make":
        targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
        yield from (f"no target {w}" for w in rest if "=" not in w and (not targets or w not in targets[1].split()))
    elif command == "pytest":
        yield from _unknown(options, _pytest_options())
    elif command == "harness":
        if rest[0] not in COMMANDS:
            yield f"no subcommand {rest[0]}"
            return
        context = click.Context(main)
        found = main.get_command(context, rest[0])
        assert found is not None
        known = {name for parameter in found.params for name in parameter.opts}
        yield from _unknown(options, known | (_pytest_options() if rest[0] == "gate" else set()))
    elif command not in FOREIGN:
        yield f"{command} is no command of ours"


def _unknown(options: list[str], known: set[str]) -> Iterator[str]:
    yield from (f"no option {o}" for o in options if o not in known)


def _pytest_options() -> set[str]:
    """Return the options that the harness adds to pytest, and those of pytest that the documents use."""
    from harness.plugins.core import pytest_addoption

    parser = pytest.Parser(_ispytest=True)
    pytest_addoption(parser)
    return {name for option in parser.getgroup("harness").options for name in option.names()} | {"--pyargs"}
