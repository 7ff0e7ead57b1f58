"""A raw TOML document → structs, with errors that name file, key and the nearest valid name."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable
from typing import Any, get_args, get_origin

import msgspec

from harness.errors import ConfigurationError, misfit, nearest
from harness.model.config import Duration
from harness.model.reference import SecretRef

Path = tuple[str, ...]


def convert(raw: dict[str, Any], expected: type[Any], file: str) -> Any:
    """Return ``raw`` as the struct ``expected``; raises `ConfigurationError` at the first thing that does not fit."""
    check_keys(raw, expected, file)
    try:
        return msgspec.convert(raw, expected, dec_hook=_decode)
    except msgspec.ValidationError as exc:
        message, at = misfit(exc)
        path = _path(at, raw, expected)
        where = where_is(path) + ": " if path else ""
        raise ConfigurationError(
            f"{file}: {where}{message.replace('`', '')}. Correct that key and run again."
        ) from None


def _path(at: str, raw: dict[str, Any], expected: type[Any]) -> Path:
    """Read msgspec's ``$.process[...].ready``, putting the name of the table that does not fit in place of ``...``."""
    parts = [p for p in re.split(r"[.\[\]]+", at.removeprefix("$").replace("[...]", "[*]")) if p]
    if "*" in parts and len(parts) > 1:
        inner = get_args(next(f.type for f in msgspec.structs.fields(expected) if f.name == parts[0]))[1]
        parts[parts.index("*")] = next((k for k, v in raw[parts[0]].items() if not _fits(v, inner)), "*")
    return tuple(parts)


def _fits(value: Any, expected: Any) -> bool:
    try:
        msgspec.convert(value, expected, dec_hook=_decode)
    except msgspec.ValidationError:
        return False
    return True


def where_is(path: Path) -> str:
    """Return a path into the document as a reader finds it there: ``[provider] auth.token``, ``[[waiver]] 2 item``."""
    if len(path) > 1 and path[1].isdigit():
        return f"[[{path[0]}]] {int(path[1]) + 1} {'.'.join(path[2:])}".rstrip()
    head = 2 if path[0] == "process" else 1
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
        fields = {f.encode_name: f.type for f in msgspec.structs.fields(struct)}
        for key, item in value.items():
            if key == struct.__struct_config__.tag_field:
                continue
            if key not in fields:
                raise ConfigurationError(f"{file}: {where_is((*path, key))}: unknown key. {nearest(key, fields)}")
            check_keys(item, fields[key], file, (*path, key))
    elif isinstance(value, dict) and get_origin(expected) is dict:
        for key, item in value.items():
            check_keys(item, inner[1], file, (*path, key))
    elif isinstance(value, list) and get_origin(expected) is tuple:
        for index, item in enumerate(value):
            check_keys(item, inner[0], file, (*path, str(index)))


def _struct_for(value: dict[str, Any], expected: Any, file: str, path: Path) -> type[msgspec.Struct] | None:
    """Return the struct for a table: of a union, the one that its tag names."""
    is_union = isinstance(expected, types.UnionType) or get_origin(expected) is typing.Union
    options = get_args(expected) if is_union else (expected,)
    structs = [o for o in options if isinstance(o, type) and issubclass(o, msgspec.Struct)]
    tag_field = structs[0].__struct_config__.tag_field if structs else None
    if not tag_field:
        return structs[0] if structs else None
    by_tag = {str(s.__struct_config__.tag): s for s in structs}
    tag = value.get(tag_field)
    if tag not in by_tag:
        where = where_is((*path, tag_field))
        problem = f"{tag!r} is not known" if tag_field in value else "is missing"
        raise ConfigurationError(f"{file}: {where}: {problem}. {nearest(str(tag), by_tag)}")
    return by_tag[tag]


def _decode(expected: type, value: Any) -> Any:
    if expected is Duration:
        if not isinstance(value, str):
            raise TypeError("Expected a length of time such as '3s'")
        return Duration.parse(value)
    if expected is SecretRef:
        ref = SecretRef.parse(value) if isinstance(value, str) else None
        if ref is None:  # the value is not repeated: it may be the secret itself
            raise ValueError("Expected a reference to a secret: env:NAME, file:PATH or fresh:NAME")
        return ref
    raise NotImplementedError(expected)
