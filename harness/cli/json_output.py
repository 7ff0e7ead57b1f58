"""The option ``--json``, which every command has whose result a program would ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., Any])


def json_option(function: _Function) -> _Function:
    """Add ``--json``, whose parameter is ``as_json``."""
    return _option("Print one JSON document, and nothing else.")(function)


def json_option_with(others: str) -> Callable[[_Function], _Function]:
    """Return what adds ``--json`` to a command that prints such a document only with one of its other options."""
    return _option(f"Print one JSON document, and nothing else; goes with {others}.")


def _option(text: str) -> Callable[[_Function], _Function]:
    return click.option("--json", "as_json", is_flag=True, help=text)


def print_json(document: Any) -> None:
    """Print a document as JSON: structs, and what of them is in lists and tables."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
