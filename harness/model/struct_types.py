"""The types of a configuration, one key at a time: what a struct, a table or a list has inside."""

from __future__ import annotations

import types
import typing
from functools import cache
from typing import Any, TypeGuard, get_args, get_origin

import msgspec


@cache
def fields_of(struct: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Return the fields of a struct; msgspec compiles their annotations again each time it is asked."""
    return msgspec.structs.fields(struct)


def inside(expected: Any, step: str) -> Any:
    """Return the type at one key or index of the type ``expected``; None where it has none."""
    for kind in kinds_of(expected):
        if is_struct(kind):
            fields = {f.encode_name: f.type for f in fields_of(kind)}
            if step in fields:
                return fields[step]
        elif get_origin(kind) is dict:
            return get_args(kind)[1]
        elif get_origin(kind) is tuple:
            return get_args(kind)[0]
    return None


def kinds_of(expected: Any) -> tuple[Any, ...]:
    """Return the members of a union that are not None, or the type itself."""
    is_union = isinstance(expected, types.UnionType) or get_origin(expected) is typing.Union
    return tuple(k for k in get_args(expected) if k is not types.NoneType) if is_union else (expected,)


def is_struct(kind: Any) -> TypeGuard[type[msgspec.Struct]]:
    """Whether ``kind`` is a struct, which is a table of TOML."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def identity_of(value: Any, expected: Any) -> tuple[Any, ...] | None:
    """Return by what a table of a list is the same in two files: its values of the struct's ``IDENTITY``.

    None where the struct has none, and for what is no table.
    """
    keys = next((getattr(kind, "IDENTITY", ()) for kind in kinds_of(expected) if is_struct(kind)), ())
    return tuple(value.get(key, "") for key in keys) if keys and isinstance(value, dict) else None
