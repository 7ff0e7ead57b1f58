"""A raw TOML document → structs, with errors that name file, key and the nearest valid name."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from typing import Any, get_args, get_origin

import msgspec

from harness.core.pointers import child
from harness.errors import ConfigurationError, misfit, nearest
from harness.model.config import Duration
from harness.model.reference import SecretRef
from harness.model.struct_types import fields_of, inside, is_struct, kinds_of

Path = tuple[str, ...]
_IN_WORDS = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "null": "nothing",
    "object": "a table",
    "str": "text",
}
"""Msgspec's names of types, as a reader of TOML calls them."""


def convert(raw: dict[str, Any], expected: type[Any], file: str) -> Any:
    """Return ``raw`` as the struct ``expected``; raises `ConfigurationError` at the first thing that does not fit."""
    check_keys(raw, expected, file)
    try:
        return msgspec.convert(raw, expected, dec_hook=_decode)
    except msgspec.ValidationError as exc:
        message, at = misfit(exc)
        path = _path(at, raw, expected)
        where = where_is(path) + ": " if path else ""
        raise ConfigurationError(f"{file}: {where}{_in_words(message, _choices(expected, path))}", key=path) from None


def _in_words(message: str, choices: Iterable[str]) -> str:
    """Return msgspec's message in the words of TOML, with what to do next."""
    if invalid := re.match(r"Invalid enum value '?(.*?)'?$", message):
        return f"{invalid[1]!r} is not known. {nearest(invalid[1], choices)}"
    if missing := re.match(r"Object missing required field `(.*)`$", message):
        return f"the key {missing[1]} is missing. Add it and run again."
    plain = re.sub(r"`([^`]+)`", lambda m: re.sub(r"\w+", lambda w: _IN_WORDS.get(w[0], w[0]), m[1]), message)
    return f"{plain.replace(' | ', ' or ')}. Correct that key and run again."


def _choices(expected: Any, path: Path) -> list[str]:
    """Return the values that the key at ``path`` can have, none where they are not a list of names."""
    for step in path:
        expected = inside(expected, step)
    names = [list(kind) if isinstance(kind, enum.EnumType) else get_args(kind) for kind in kinds_of(expected)]
    return [str(name) for kind in names for name in kind]


def _path(at: str, raw: Any, expected: Any) -> Path:
    """Read msgspec's ``$.process[...].ready``; in place of ``...`` comes the first key whose value does not fit."""
    path: Path = ()
    for part in re.findall(r"\.\.\.|[^.\[\]]+", at.removeprefix("$")):
        inner = inside(expected, part)
        unfit = (key for key, value in raw.items() if not _fits(value, inner)) if part == "..." else iter((part,))
        step = next(unfit)
        path, raw, expected = (*path, step), child(raw, step), inner
    return path


def _fits(value: Any, expected: Any) -> bool:
    try:
        msgspec.convert(value, expected, dec_hook=_decode)
    except msgspec.ValidationError:
        return False
    return True


def where_is(path: Path) -> str:
    """Return a path into the document as a reader finds it there: ``[provider] auth.token``, ``[[waiver]] 2 item``."""
    named = path[0] == "process"  # a table of tables, whose names may be numbers
    if len(path) > 1 and path[1].isdigit() and not named:
        return f"[[{path[0]}]] {int(path[1]) + 1} {'.'.join(path[2:])}".rstrip()
    head = 2 if named else 1
    return f"[{'.'.join(path[:head])}] {'.'.join(path[head:])}".rstrip()


def listed(places: Iterable[str]) -> str:
    """Return what `where_is` returned for several keys as one text that names each section once."""
    sections: dict[str, list[str]] = {}
    for place in places:
        section, _, key = place.partition(" ")
        sections.setdefault(section, []).append(key)
    return "; ".join(f"{section} {', '.join(keys)}".rstrip() for section, keys in sections.items())


def check_keys(value: Any, expected: Any, file: str, path: Path = ()) -> None:
    """Raise for the first key that the type ``expected`` does not have; types of values are checked by `convert`."""
    inner = get_args(expected)
    if isinstance(value, dict) and (struct := _struct_for(value, expected, file, path)):
        fields = {f.encode_name: f.type for f in fields_of(struct)}
        for key, item in value.items():
            if key == struct.__struct_config__.tag_field:
                continue
            if key not in fields:
                text = f"{file}: {where_is((*path, key))}: unknown key. {nearest(key, fields)}"
                raise ConfigurationError(text, key=(*path, key))
            check_keys(item, fields[key], file, (*path, key))
    elif isinstance(value, dict) and get_origin(expected) is dict:
        for key, item in value.items():
            check_keys(item, inner[1], file, (*path, key))
    elif isinstance(value, list) and get_origin(expected) is tuple:
        for index, item in enumerate(value):
            check_keys(item, inner[0], file, (*path, str(index)))


def _struct_for(value: dict[str, Any], expected: Any, file: str, path: Path) -> type[msgspec.Struct] | None:
    """Return the struct for a table: of a union, the one that its tag names."""
    structs = [kind for kind in kinds_of(expected) if is_struct(kind)]
    tag_field = structs[0].__struct_config__.tag_field if structs else None
    if not tag_field:
        return structs[0] if structs else None
    by_tag = {str(s.__struct_config__.tag): s for s in structs}
    tag = value.get(tag_field)
    if not isinstance(tag, str) or tag not in by_tag:
        where = where_is((*path, tag_field))
        problem = f"{tag!r} is not known" if tag_field in value else "is missing"
        raise ConfigurationError(f"{file}: {where}: {problem}. {nearest(str(tag), by_tag)}", key=(*path, tag_field))
    return by_tag[tag]


def _decode(expected: type, value: Any) -> Any:
    if expected is Duration:
        if not isinstance(value, str):
            raise TypeError("Expected a length of time such as '3s'")
        return Duration.parse(value)
    if expected is SecretRef:
        ref = SecretRef.parse(value) if isinstance(value, str) else None
        if ref is None:  # the value is not repeated: it may be the secret itself
            raise ValueError("Expected a reference to a secret: env:NAME, file:PATH, command:WORDS or fresh:NAME")
        return ref
    raise NotImplementedError(expected)
