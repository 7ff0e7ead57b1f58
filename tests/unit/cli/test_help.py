"""Every `--help` of the package: complete summaries in the imperative, and options in one style."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from harness.cli.exit_statuses import STATUSES, USAGE_ERROR
from harness.cli.main import COMMANDS, main
from harness.sandbox.__main__ import main as sandbox

VERBS = {
    "Check",
    "Convert",
    "Create",
    "Explain",
    "Find",
    "List",
    "Manage",
    "Print",
    "Process",
    "Queue",
    "Record",
    "Rename",
    "Run",
    "Send",
    "Serve",
    "Show",
    "Sign",
    "Store",
    "Waive",
    "Write",
}
"""The first words of summaries, verbs in the imperative; a new command may add its own."""
FLAG_VERBS = VERBS | {"Add", "Confirm", "Point", "Redrive", "Replace"}


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and all its subcommands, each with the words that call it."""
    yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            if not below.hidden:
                yield from commands(below, (*path, name))


ALL = [*commands(main, ("harness",)), *commands(sandbox, ("python -m harness.sandbox",))]
GROUPS = [(path, group) for path, group in ALL if isinstance(group, click.Group)]


@pytest.mark.parametrize("path, command", ALL, ids=[path for path, _ in ALL])
def test_a_summary_is_one_sentence_in_the_imperative(path: str, command: click.Command) -> None:
    """The first paragraph of a help text is one sentence, which begins with a verb."""
    summary = (command.help or "").partition("\n\n")[0].replace("\n", " ")

    assert summary.partition(" ")[0] in VERBS, path
    assert summary.endswith(".")
    assert ". " not in summary


@pytest.mark.parametrize("path, group", GROUPS, ids=[path for path, _ in GROUPS])
def test_no_summary_is_cut(path: str, group: click.Group) -> None:
    """On a terminal of 80 columns, the list of commands shows each summary on one line, uncut."""
    shown = CliRunner().invoke(group, ["--help"], prog_name=path, terminal_width=80).output

    assert "..." not in shown.partition("Commands:")[2]
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if not command.hidden:
            summary = (command.help or "").partition("\n\n")[0].replace("\n", " ")
            (line,) = [line for line in shown.splitlines() if line.startswith(f"  {name} ")]
            assert line.endswith(f"  {summary}")
            assert len(line) <= 80


@pytest.mark.parametrize("path, command", ALL, ids=[path for path, _ in ALL])
def test_options_are_described_in_one_style(path: str, command: click.Command) -> None:
    """The text of every option ends with a full stop, and begins with a verb only if the option is a flag."""
    for option in command.params:
        if isinstance(option, click.Option) and option.name not in {"help", "version"}:
            text = option.help or ""
            assert text.endswith("."), f"{path} {option.opts[0]}: {text!r}"
            assert (text.partition(" ")[0] in FLAG_VERBS) == option.is_flag, f"{path} {option.opts[0]}: {text!r}"


LEAVES = {path: command for path, command in ALL if not isinstance(command, click.Group)}
OF_THE_HARNESS = {path.removeprefix("harness "): c for path, c in LEAVES.items() if path.startswith("harness ")}
WITHOUT_JSON = {
    "capture": "listens, and writes fixtures",
    "record": "listens, and writes a cassette",
    "faults": "listens, or shows the output of another command",
    "replay": "listens",
    "schema": "prints JSON already",
}
"""Commands whose result no program would ask for, and why."""
JSON_WITH = {"gate": "--plan", "fuzz": "--list or --replay", "sandbox": "--list-defects"}
"""Commands that print JSON only with one of these options."""


@pytest.mark.parametrize("name", OF_THE_HARNESS)
def test_the_help_ends_with_the_exit_statuses(name: str) -> None:
    """Each command names what 0, 4 and its other statuses mean, and its text does not repeat it."""
    shown = CliRunner().invoke(main, [*name.split(), "--help"]).output
    table = shown.partition("\n  Exit status:\n")[2].splitlines()

    assert [int(line.split()[0]) for line in table] == sorted({*STATUSES[name], USAGE_ERROR})
    assert "Exits" not in shown


def test_no_status_is_of_a_command_that_does_not_exist() -> None:
    """The table has a row for each command, and no other."""
    assert set(STATUSES) == set(OF_THE_HARNESS)


def test_the_list_of_commands_has_their_own_summaries() -> None:
    """The summaries that the list shows without importing the commands are the first sentences of their help."""
    context = click.Context(main)
    own = {}
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        own[name] = (command.help or "").partition("\n\n")[0].replace("\n", " ")

    assert own == COMMANDS
    assert list(COMMANDS) == sorted(COMMANDS)


@pytest.mark.parametrize("name", OF_THE_HARNESS)
def test_a_command_speaks_json_where_a_program_would_ask(name: str) -> None:
    """Each has the one option --json, whose help names the options that it needs; or it is among those without."""
    texts = [
        option.help for option in OF_THE_HARNESS[name].params if "--json" in option.opts and hasattr(option, "help")
    ]

    others = f"; goes with {JSON_WITH[name]}" if name in JSON_WITH else ""
    assert texts == ([] if name in WITHOUT_JSON else [f"Print one JSON document, and nothing else{others}."])
