"""Places within a JSON document: JSON pointers (RFC 6901), and dotted keys as harness.toml writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote

_INDEX = re.compile(r"0|[1-9][0-9]*")
"""An index into a list (RFC 6901 section 4): no sign, no leading zero."""
_IN_FRAGMENT = "/~$&'()*+,;=:@!?"
"""What needs no escape in a fragment (RFC 3986 section 3.5)."""


def escaped(step: object) -> str:
    """Return one step of a JSON pointer (RFC 6901 section 3)."""
    return str(step).replace("~", "~0").replace("/", "~1")


def pointer_of(*steps: object) -> str:
    """Return the JSON pointer of these keys and indexes: ``/paths/~1runs/get``, empty for the whole document."""
    return "".join(f"/{escaped(step)}" for step in steps)


def steps_of(pointer: str) -> tuple[str, ...]:
    """Return the keys of a JSON pointer, written as such or as a URI fragment (``#/a%20b``, RFC 6901 section 6).

    Raises `LookupError` for a text that is not a pointer, such as a reference into another document.
    """
    text = unquote(pointer[1:]) if pointer.startswith("#") else pointer
    if text and not text.startswith("/"):
        raise LookupError(f"{pointer!r} is not a JSON pointer")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


def as_fragment(pointer: str) -> str:
    """Return a JSON pointer as a URI fragment: ``#/paths/~1runs%20all`` (RFC 6901 section 6)."""
    return f"#{quote(pointer, safe=_IN_FRAGMENT)}"


def child(node: Any, step: str) -> Any:
    """Return the value at one key of an object or index of a list; raises `LookupError` if there is none."""
    if isinstance(node, dict) and step in node:
        return node[step]
    if isinstance(node, list) and _INDEX.fullmatch(step):
        return node[int(step)]
    raise LookupError(step)


def resolve(document: Any, pointer: str) -> Any:
    """Return the value at a JSON pointer within ``document``; raises `LookupError` if there is none."""
    for step in steps_of(pointer):
        document = child(document, step)
    return document


def at_pointer(document: Any, pointer: str) -> Any:
    """Return the value at a JSON pointer within ``document``; None if there is none."""
    try:
        return resolve(document, pointer)
    except LookupError:
        return None


def leaves(document: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value that is neither object nor list, with the keys and indexes that lead to it; at any depth."""
    pending: list[tuple[tuple[str, ...], Any]] = [((), document)]
    while pending:
        steps, node = pending.pop()
        if not isinstance(node, dict | list):
            yield steps, node
            continue
        children = node.items() if isinstance(node, dict) else enumerate(node)
        pending += reversed([((*steps, str(step)), value) for step, value in children])


def mapped(node: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy of a document in which ``change`` was applied to every value that is neither object nor list."""
    if isinstance(node, dict):
        return {key: mapped(value, change) for key, value in node.items()}
    return [mapped(value, change) for value in node] if isinstance(node, list) else change(node)


def key_steps(document: Any, dotted: str) -> tuple[str, ...]:
    """Return the keys and indexes behind a dotted key, such as ``data.object.id`` or ``0.eventId``.

    A key that itself contains the dots precedes a nested one. Raises `LookupError` if there is no such value.
    """
    found = _walk(document, dotted.split(".")) if dotted else None
    if found is None:
        raise LookupError(dotted)
    return found


def _walk(node: Any, parts: list[str]) -> tuple[str, ...] | None:
    if not parts:
        return ()
    for taken in range(len(parts), 0, -1):
        step = ".".join(parts[:taken])
        try:
            rest = _walk(child(node, step), parts[taken:])
        except LookupError:
            continue
        if rest is not None:
            return (step, *rest)
    return None


def at_key(document: Any, dotted: str) -> Any:
    """Return the value at a dotted key; None if there is none; see `key_steps`."""
    try:
        return resolve(document, pointer_of(*key_steps(document, dotted)))
    except LookupError:
        return None


def text_at_key(document: Any, dotted: str) -> str:
    """Return the text or whole number at a dotted key as text, empty where there is neither; see `key_steps`."""
    return text_of(at_key(document, dotted))


def text_of(value: Any) -> str:
    """Return a text or whole number as text, empty for any other value."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def with_key(document: Any, dotted: str, value: Any) -> Any:
    """Return a copy of ``document`` with ``value`` at a dotted key; raises `LookupError` if the key is missing."""
    return with_value(document, key_steps(document, dotted), value)


def with_value(node: Any, steps: tuple[str, ...], value: Any) -> Any:
    """Return a copy of ``node`` with ``value`` where the keys and indexes lead; the last key may be a new one.

    Raises `LookupError` if another is missing.
    """
    if not steps:
        return value
    new = with_value(child(node, steps[0]), steps[1:], value) if steps[1:] else value
    if isinstance(node, list):
        index = int(steps[0])
        return [*node[:index], new, *node[index + 1 :]]
    return {**node, steps[0]: new}
