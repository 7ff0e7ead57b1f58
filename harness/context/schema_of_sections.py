"""Sections of harness.toml → JSON Schema: from their types, constants and docstrings, and what other rooms know.

Only keywords that mean the same in draft-07 and in draft 2020-12 are used, and no references, so that each editor of
TOML (taplo, Even Better TOML) understands them. What depends on several sections, or on files, is left to the reader.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect as types

from harness.context.configuration_schema import OVERLAY_SCHEMA, SCHEMA
from harness.context.referred_urls import URL_KEYS
from harness.context.section_texts import texts_of_fields
from harness.core.dates import DURATION, as_duration
from harness.model.config import Absent, Alerts, Configuration, Duration, Signature, Telemetry
from harness.model.config.base import CALLABLE
from harness.model.item import Item
from harness.model.reference import REFERENCE, SecretRef
from harness.model.signals import FAULTS, Signal

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FILLED = r"\S"
_URL = rf"{CALLABLE.pattern.replace('https', '[Hh][Tt][Tt][Pp][Ss]')}|\{{"
"""How a URL that can be called begins, or a placeholder for one."""
_CUSTOM: dict[Any, str] = {Duration: f"^(?:{DURATION.pattern})$", SecretRef: f"^(?:{REFERENCE.pattern})$"}
_SIMPLE: dict[Any, str] = {types.StrType: "string", types.BoolType: "boolean", types.IntType: "integer"}


def schemas() -> Iterator[tuple[str, str]]:
    """Yield name and text of both schemas; it reads the source of the sections."""
    titles = {SCHEMA: "harness.toml of the readiness harness", OVERLAY_SCHEMA: "harness.NAME.toml, over harness.toml"}
    for name, title in titles.items():
        made = _of_struct(types.type_info(Configuration), overlay=name == OVERLAY_SCHEMA)
        text = msgspec.json.format(msgspec.json.encode({"$schema": DIALECT, "title": title, **made}), indent=1)
        yield name, text.decode() + "\n"


def _of_struct(struct: Any, *, overlay: bool) -> Schema:
    """Return the schema of a section; of an overlay, only what names a variant or a table of a list is required."""
    section = struct.cls
    properties: Schema = {struct.tag_field: {"const": struct.tag}} if struct.tag_field else {}
    required = list(properties)
    for field in struct.fields:
        properties[field.encode_name] = _of_field(field, section, overlay=overlay)
        if field.required and (not overlay or field.encode_name in getattr(section, "IDENTITY", ())):
            required.append(field.encode_name)
    rules = [] if overlay else [*_rules(section)]
    return {
        "description": _plain(inspect.getdoc(section) or "").partition("\n\n")[0],
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
        **({"allOf": rules} if rules else {}),
    }


def _rules(section: Any) -> Iterator[Schema]:
    """Yield what a section demands of several keys."""
    if keys := getattr(section, "EXACTLY_ONE", ()):
        yield {"oneOf": [{"required": [key]} for key in keys]}
    pairs = getattr(section, "TOGETHER", ())
    for one, two in [*pairs, *((b, a) for a, b in pairs), *getattr(section, "BELONGS_TO", {}).items()]:
        yield {"anyOf": [{"not": {"required": [one]}}, {"required": [two]}]}


def _of_field(field: Any, section: Any, *, overlay: bool) -> Schema:
    found = _of_type(field.type, overlay=overlay)
    _restrict(found, field.encode_name, section, required=field.required)
    found |= _known().get((section, field.encode_name), {})
    text = _plain(texts_of_fields(section).get(field.name, "")) or found.get("description", "")
    default = field.default
    if default not in (msgspec.NODEFAULT, None, ()) and not isinstance(default, msgspec.Struct):
        found["default"] = as_duration(default) if isinstance(default, Duration) else default
    return {**({"description": text} if text else {}), **{k: v for k, v in found.items() if k != "description"}}


def _restrict(found: Schema, name: str, section: Any, *, required: bool) -> None:
    """Add what the section demands of one key: of its number, its text, or each text of its list."""
    for kind in found.get("anyOf", [found]):
        is_list = kind.get("type") == "array"
        if is_list and required:
            kind["minItems"] = 1
        text = kind["items"] if is_list else kind
        pattern = _pattern(name, section)
        if text == {"type": "string"} and pattern:
            text["pattern"] = pattern
    for keyword, limit in zip(("minimum", "maximum"), getattr(section, "RANGES", {}).get(name, ()), strict=False):
        if limit is not None:
            found[keyword] = limit


def _pattern(name: str, section: Any) -> str:
    """Return what a text must match; empty where anything does."""
    if form := getattr(section, "FORMS", {}).get(name):
        return f"^(?:{form.pattern})$"
    if name in getattr(section, "CALLED", ()) and name != "spec":
        return f"^(?:{_URL}|env:)" if name in URL_KEYS else f"^(?:{_URL})"
    return "" if name in getattr(section, "MAY_BE_EMPTY", ()) else _FILLED


def _of_type(kind: Any, *, overlay: bool) -> Schema:
    match kind:
        case types.StructType():
            found = _of_struct(kind, overlay=overlay)
        case types.UnionType():
            options = [each for each in kind.types if not isinstance(each, types.NoneType)]
            made = [_of_type(each, overlay=overlay) for each in options]
            found = made[0] if len(made) == 1 else {"anyOf": made}
        case types.VarTupleType():
            found = {"type": "array", "items": _of_type(kind.item_type, overlay=overlay)}
        case types.DictType():
            free = isinstance(kind.value_type, types.AnyType)
            found = {"type": "object", "additionalProperties": free or _of_type(kind.value_type, overlay=overlay)}
        case types.EnumType():
            found = {"type": "string", "enum": [str(each) for each in kind.cls]}
        case types.LiteralType():
            found = {"type": "string", "enum": list(kind.values)}
        case types.CustomType():
            found = {"type": "string", "pattern": _CUSTOM[kind.cls]}
        case types.DateType():
            found = {"type": "string", "format": "date"}
        case _:
            found = {"type": _SIMPLE[type(kind)]}
    return found


def _plain(text: str) -> str:
    """Return a docstring as an editor shows it: in one paragraph, with single backticks."""
    return "\n\n".join(" ".join(part.split()) for part in text.replace("``", "`").split("\n\n"))


@cache
def _known() -> Mapping[tuple[Any, str], Schema]:
    """Return what no type declares of a key: the names that other rooms give it."""
    from harness.telemetry.metrics import MOVEMENTS  # a parser of its own, which takes a while to import
    from harness.webhooks.schemes import SCHEMES

    series = {m.id: {"description": m.summary, "type": "string", "pattern": _FILLED} for m in MOVEMENTS}
    fault = {"type": "string", "enum": [*FAULTS]}
    command = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    signals = {"type": "array", "items": {"type": "string", "enum": [*Signal]}}
    shown = {name: {"description": f"What must show {words}.", **signals} for name, words in FAULTS.items()}
    return {
        (Signature, "scheme"): {"enum": [scheme.name for scheme in SCHEMES]},
        (Telemetry, "series"): {"properties": series, "additionalProperties": False},
        (Telemetry, "shown_by"): {"properties": shown, "additionalProperties": False},
        (Alerts, "fires"): {"additionalProperties": {"anyOf": [fault, command]}},
        (Item, "concerns"): {"items": {"type": "string", "enum": [*Absent.__struct_fields__]}},
    }
