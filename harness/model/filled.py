"""Texts of harness.toml that are empty: each would silently mean nothing, or something else than it seems to."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from harness.errors import ConfigurationError
from harness.model.strict import where_is
from harness.model.struct_types import fields_of, inside, is_struct, kinds_of


def check_filled(value: Any, expected: Any, file: str, path: tuple[str, ...] = ()) -> None:
    """Raise `ConfigurationError` for the first blank text and the first list of a required key that has no entry.

    A struct names in ``MAY_BE_EMPTY`` the keys whose text, or entries of the list after the first, may be empty. The
    values of tables with free keys, such as ``env``, may be empty too.
    """
    for kind in filter(is_struct, kinds_of(expected)):
        if isinstance(value, dict):
            may_be_empty = getattr(kind, "MAY_BE_EMPTY", ())
            for field in fields_of(kind):
                given = value.get(field.encode_name)
                where = (*path, field.encode_name)
                _check_text(given, file, where, allowed=field.encode_name in may_be_empty)
                if given == [] and field.required:
                    raise ConfigurationError(
                        f"{file}: {where_is(where)} is an empty list: write its entries, and run again.", key=where
                    )
                check_filled(given, field.type, file, where)
    if isinstance(value, list):
        for number, each in enumerate(value):
            check_filled(each, inside(expected, str(number)), file, (*path, str(number)))
    elif isinstance(value, dict) and any(get_origin(kind) is dict for kind in kinds_of(expected)):
        for name, each in value.items():
            check_filled(each, _values(expected), file, (*path, name))


def _values(expected: Any) -> Any:
    return next(get_args(kind)[1] for kind in kinds_of(expected) if get_origin(kind) is dict)


def _check_text(given: Any, file: str, where: tuple[str, ...], *, allowed: bool) -> None:
    texts = given if isinstance(given, list) else [given]
    for number, text in enumerate(texts):
        free = allowed and (number > 0 or text is given)
        if isinstance(text, str) and not text.strip() and not free:
            raise ConfigurationError(
                f"{file}: {where_is(where)} is empty: write its text, or remove the key.", key=where
            )
