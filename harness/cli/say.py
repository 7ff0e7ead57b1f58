"""How a command prints a text: what a terminal would obey in it is shown, since names and answers are of others."""

from __future__ import annotations

import click

from harness.core.shown_text import visible


def say(text: str, *, err: bool = False) -> None:
    """Print a text of one or several lines; ``err`` to the standard error."""
    click.echo(visible(text), err=err)
