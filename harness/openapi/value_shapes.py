"""What a schema allows a serialised text to become: scalars, arrays and objects, without its other keywords."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from harness.openapi.json_document import JsonDocument, items

SCALARS = frozenset({"string", "integer", "number", "boolean", "null"})
MAX_DEPTH = 6
SEPARATORS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|", "spaceDelimited": " ", "pipeDelimited": "|"}
"""Between the values of a list (2.0 ``collectionFormat``, 3.x ``style``); a comma for other styles."""


class ValueShape(msgspec.Struct, frozen=True, kw_only=True):
    """The types that a schema allows."""

    scalars: frozenset[str] = SCALARS
    is_array: bool = True
    is_object: bool = True
    items: ValueShape | None = None
    """Of the entries of an array; None for any."""
    properties: Mapping[str, ValueShape] = {}
    additional: ValueShape | None = None
    """Of the values of other properties; None for any."""
    takes_others: bool = False
    """Whether the schema describes other properties than ``properties``."""
    separator: str = ""
    """Of the entries of a nested array (OpenAPI 2.0, Items Object)."""


ANY = ValueShape()


def shape_of(document: JsonDocument, schema: Any, depth: int = MAX_DEPTH) -> ValueShape:
    """Return the shape of a schema: through references, combinations and ``nullable``; circular ones end as any."""
    parts = list(_parts(document, schema, depth)) if depth else []
    types = [found for part in parts if (found := _types(part))]
    allowed = frozenset[str]().union(*types) if types else frozenset({*SCALARS, "array", "object"})
    properties = {name: s for part in parts for name, s in items(part.get("properties"))}
    entries = next((p["items"] for p in parts if isinstance(p.get("items"), dict)), None)
    extra = [p["additionalProperties"] for p in parts if p.get("additionalProperties") not in (None, False)]
    return ValueShape(
        scalars=allowed & SCALARS,
        is_array="array" in allowed,
        is_object="object" in allowed,
        items=shape_of(document, entries, depth - 1) if entries is not None else None,
        properties={name: shape_of(document, s, depth - 1) for name, s in properties.items()},
        additional=shape_of(document, extra[0], depth - 1) if extra and isinstance(extra[0], dict) else None,
        takes_others=bool(extra) or ("object" in allowed and not properties),
        separator=str(parts[0].get("collectionFormat", "")) if parts else "",
    )


def _parts(document: JsonDocument, schema: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Yield a schema and those it is combined of."""
    found = document.resolved(schema)
    yield found
    for key in ("allOf", "anyOf", "oneOf"):
        for part in found.get(key) or () if depth > 1 and isinstance(found.get(key), list) else ():
            yield from _parts(document, part, depth - 1)


def _types(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the types that one schema names, or that its keywords are about; none where it allows any."""
    named = schema.get("type")
    types = {named} if isinstance(named, str) else set(map(str, named)) if isinstance(named, list) else set()
    if not types:
        types |= {"object"} if "properties" in schema or "additionalProperties" in schema else set()
        types |= {"array"} if "items" in schema or "prefixItems" in schema else set()
    return frozenset(types | ({"null"} if types and schema.get("nullable") is True else set()))


def of_text(shape: ValueShape | None, text: str) -> list[Any]:
    """Return what a text may mean as a scalar, or as JSON where it stands for more, the likeliest first; at least one.

    How values are nested in one text is not defined (OpenAPI 3, Style Values); clients write JSON.
    """
    shape = shape or ANY
    parsed = _json(text)
    found = [parsed] if _is_allowed(shape, parsed) else []
    if not found and shape.is_array and not shape.scalars:
        return of_texts(shape, text.split(SEPARATORS.get(shape.separator, ",")))
    return [*found, text] if "string" in shape.scalars or not found else found


def _is_allowed(shape: ValueShape, value: Any) -> bool:
    """Whether a shape allows a value that is no text; a number with a fraction may be a whole one, such as 1.0."""
    if isinstance(value, list | dict):
        return shape.is_array if isinstance(value, list) else shape.is_object
    if isinstance(value, int | float) and not isinstance(value, bool):
        return not shape.scalars.isdisjoint(("integer", "number"))
    return not isinstance(value, str) and _type_of(value) in shape.scalars


def of_texts(shape: ValueShape, texts: Sequence[str]) -> list[Any]:
    """Return the arrays that several texts may mean."""
    options = [of_text(shape.items, text) for text in texts]
    return _both([option[0] for option in options], [option[-1] for option in options])


def of_pairs(shape: ValueShape, pairs: Sequence[tuple[str, str]]) -> list[Any]:
    """Return the objects that names and texts may mean; a repeated name is an array."""
    texts: dict[str, list[str]] = {}
    for name, text in pairs:
        texts.setdefault(name, []).append(text)
    options = {n: of_repeated(shape.properties.get(n) or shape.additional or ANY, found) for n, found in texts.items()}
    return _both({n: found[0] for n, found in options.items()}, {n: found[-1] for n, found in options.items()})


def of_repeated(shape: ValueShape, texts: Sequence[str]) -> list[Any]:
    """Return what the texts under one name may mean: several are an array, as is one that can be nothing else."""
    is_list = len(texts) > 1 or (shape.is_array and not shape.scalars and not shape.is_object)
    return of_texts(shape, texts) if is_list else of_text(shape, texts[0])


def _both(first: Any, second: Any) -> list[Any]:
    return [first] if first == second and repr(first) == repr(second) else [first, second]


def _type_of(value: Any) -> str:
    return "null" if value is None else "boolean" if isinstance(value, bool) else ""


def _json(text: str) -> Any:
    """Return a JSON text as its value, another text as it is; what is no number in JSON is a text too."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
