"""The option ``--json``, which every command has whose result a program would ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., Any])


def json_option(function: _Function) -> _Function:
    """Add ``--json``, whose parameter is ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else.")(function)


def print_json(document: Any) -> None:
    """Print a document as JSON: structs, and what of them is in lists and tables."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
