"""The command `harness`: each subcommand is a module of `harness.cli`, imported when it is called."""

from __future__ import annotations

import importlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from harness import __version__
from harness.cli.exit_statuses import USAGE_ERROR, describe
from harness.cli.say import say
from harness.cli.streams import safe_streams
from harness.core.configuration_home import in_words_here
from harness.core.quick_end import skip_last_search
from harness.errors import ConfigurationError, HarnessError, nearest

COMMANDS = {
    "capture": "Store incoming webhooks as fixtures for `harness deliver`.",
    "cassettes": "Manage cassettes.",
    "convert": "Convert recordings to another format, redacted.",
    "deliver": "Sign event fixtures and deliver them to a receiver.",
    "doctor": "Find what would make the gate fail for a boring reason.",
    "explain": "Explain an item, a check, or a finding of the last report.",
    "faults": "Serve faults by script to any client that you try.",
    "fuzz": "Send generated requests to the provider.",
    "gate": "Run the whole checklist live and print the verdict.",
    "init": "Write the first files of a target.",
    "packs": "List vendors that are known, or show NAME.",
    "record": "Record a client's requests to a provider through a local proxy.",
    "replay": "Serve recordings to a client in any language.",
    "sandbox": "Run the reference product and integration on loopback ports.",
    "schema": "Print the JSON Schema of harness.toml.",
    "scheme": "Find how captured deliveries are signed.",
    "spec": "Check an OpenAPI document.",
    "waive": "Waive what failed in the last report.",
}
"""The subcommands, each the name of its module and function, with its summary: the list imports none of them."""


class _Commands(click.Group):
    """Imports a subcommand on demand, and turns the harness' errors into one paragraph and an exit status."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names of all subcommands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the subcommand of that name; raises UsageError with the nearest when there is none."""
        if name not in COMMANDS:
            raise click.UsageError(f"There is no command {name!r}. {nearest(name, COMMANDS)}", ctx)
        command: click.Command = getattr(importlib.import_module(f"harness.cli.{name}"), name)
        describe(command, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line; nothing that it prints holds a secret of the target, be it a traceback."""
        skip_last_search()
        with safe_streams():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand; errors of usage or configuration exit with 4, other errors of the harness with 1."""
        try:
            return super().invoke(ctx)
        except click.UsageError as exc:
            with suppress(HarnessError):  # what was given by mistake may be a secret, and nothing has read the target
                importlib.import_module("harness.cli.surroundings").Surroundings(Path.cwd(), commands=False)
            exc.show()
            ctx.exit(USAGE_ERROR)
        except HarnessError as exc:
            say(f"ERROR: {in_words_here(str(exc))}", err=True)
            ctx.exit(USAGE_ERROR if isinstance(exc, ConfigurationError) else 1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="readiness-harness")
def main() -> None:
    """Run an API integration's production checklist, and get one verdict with evidence."""


if __name__ == "__main__":
    main()
