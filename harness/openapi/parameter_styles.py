"""How one parameter is serialised: the styles of OpenAPI 3 and the formats of 2.0, from texts to what they may mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, unquote_plus

import msgspec

from harness.openapi.value_shapes import SEPARATORS, ValueShape, of_pairs, of_repeated, of_text, of_texts

Pairs = Sequence[tuple[str, str]]
"""Names, decoded, with their values as they are encoded."""
_ENCODED = {",": ",", " ": "%20|\\+| ", "\t": "%09|\t", "|": "\\|", ".": "\\.", ";": ";"}
"""What separates values on the wire, a regular expression."""
_DEFAULT = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
_STEP = re.compile(r"\[([^\[\]]*)\]")
_INDEXED = re.compile(r"\[\d*\]")


class Serialisation(msgspec.Struct, frozen=True, kw_only=True):
    """How the value of one parameter becomes text."""

    name: str
    place: str
    """``path``, ``query``, ``header`` or ``cookie``."""
    style: str
    explode: bool
    is_default: bool = False
    """Whether the document has neither style nor explode: lists separated by commas are then read too."""
    keeps_reserved: bool = False
    """Whether reserved characters are not percent-encoded, such as the plus sign (``allowReserved``)."""
    others: frozenset[str] = frozenset()
    """Names of the other parameters of the place."""

    @property
    def separator(self) -> str:
        """What stands between the values of a list."""
        return SEPARATORS.get(self.style, ",")

    @property
    def shown(self) -> str:
        """The style in words."""
        return f"style {self.style}, explode {str(self.explode).lower()}"


def serialisation_of(parameter: Mapping[str, Any], others: frozenset[str] = frozenset()) -> Serialisation:
    """Return how a parameter is serialised, with the defaults of its place (OpenAPI 3, Parameter Object)."""
    place = str(parameter.get("in"))
    style = str(parameter.get("style") or parameter.get("collectionFormat") or _DEFAULT.get(place, "form"))
    explode = parameter.get("explode")
    if "type" in parameter and "schema" not in parameter:  # OpenAPI 2.0: `multi` repeats the name, the others do not
        explode = style == "multi" or (style == "form" and parameter["type"] != "array")
    is_exploded = explode if isinstance(explode, bool) else style in ("form", "cookie", "deepObject")
    is_default = not {"style", "explode", "type"} & parameter.keys()
    return Serialisation(
        name=str(parameter["name"]),
        place=place,
        style=style,
        explode=is_exploded,
        is_default=is_default,
        keeps_reserved=parameter.get("allowReserved") is True,
        others=others,
    )


def decoder_of(how: Serialisation) -> Callable[[str], str]:
    """Return what decodes one value: fields are not percent-encoded, nor are cookies in the style ``cookie``."""
    if how.place == "header" or how.style == "cookie":
        return str.strip
    return unquote_plus if how.place == "query" and not how.keeps_reserved else unquote


def pairs_of(how: Serialisation, shape: ValueShape, sent: Pairs) -> list[tuple[str, str]]:
    """Return the pairs of a query, or of cookies, that make up the value of a parameter; none where it is absent."""
    own = [pair for pair in sent if pair[0] == how.name]
    bracketed = [pair for pair in sent if pair[0].startswith(f"{how.name}[")]
    if how.style == "deepObject":
        return own + bracketed
    if shape.is_array and how.explode and not own:
        own = [pair for pair in bracketed if _INDEXED.fullmatch(pair[0][len(how.name) :])]
    if not (shape.is_object and how.explode) or own:
        return own
    described = [pair for pair in sent if pair[0] in shape.properties]
    strange = [p for p in sent if p[0] not in shape.properties and p[0] not in how.others] if shape.takes_others else []
    return described + strange


def values_of(how: Serialisation, shape: ValueShape, pairs: Pairs) -> list[Any]:
    """Return what the pairs of a query or of cookies may mean, the likeliest first; nothing in a wrong style."""
    decode = decoder_of(how)
    own = [value for name, value in pairs if name == how.name]
    found: list[Any] = []
    if how.style == "deepObject":
        found += _deep(shape, [(n[len(how.name) :], decode(v)) for n, v in pairs if n != how.name])
    elif how.explode:
        found += of_texts(shape, [decode(v) for _, v in pairs]) if shape.is_array else []
        if shape.is_array and how.is_default and len(own) == 1:
            found += of_texts(shape, decode(own[0]).split(","))
        spread = pairs if not own or how.name in shape.properties else ()
        found += of_pairs(shape, [(n, decode(v)) for n, v in spread]) if shape.is_object and spread else []
    elif len(own) == 1:
        found += _lists(how, shape, own[0], how.separator)
    if own and shape.scalars:
        found = (
            [*of_text(shape, decode(own[-1])), *found] if len(own) == 1 else [*found, *of_text(shape, decode(own[-1]))]
        )
    return found


def of_segment(how: Serialisation, shape: ValueShape, text: str) -> list[Any]:
    """Return what the value of a path parameter or of a header may mean; nothing where the style is wrong."""
    if how.style == "label":
        return _labelled(how, shape, text[1:]) if text.startswith(".") else []
    if how.style == "matrix":
        return _of_matrix(how, shape, text[1:].split(";")) if text.startswith(";") else []
    scalars = of_text(shape, decoder_of(how)(text)) if shape.scalars else []
    return [*scalars, *_lists(how, shape, text, how.separator)]


def _labelled(how: Serialisation, shape: ValueShape, text: str) -> list[Any]:
    """Read ``.3.4.5``, and ``.3,4,5`` where not exploded, which 3.0 wrote like the first (Style Examples)."""
    found = of_text(shape, unquote(text)) if shape.scalars else []
    found += _lists(how, shape, text, ".")
    return found if how.explode else [*_lists(how, shape, text, ","), *found]


def _of_matrix(how: Serialisation, shape: ValueShape, parts: list[str]) -> list[Any]:
    """Read ``;name=3,4``, ``;name=3;name=4`` and ``;R=100;G=200`` (RFC 6570 section 3.2.7)."""
    pairs = [(unquote(name), value) for name, _, value in (part.partition("=") for part in parts)]
    own = [value for name, value in pairs if name == how.name]
    if len(own) != len(pairs):
        spread = shape.is_object and how.explode
        return of_pairs(shape, [(n, unquote(v)) for n, v in pairs]) if spread else []
    scalars = of_text(shape, unquote(own[0])) if shape.scalars and len(own) == 1 else []
    if how.explode:
        return [*scalars, *(of_texts(shape, [unquote(v) for v in own]) if shape.is_array else [])]
    return [*scalars, *(_lists(how, shape, own[0], ",") if len(own) == 1 else [])]


def _lists(how: Serialisation, shape: ValueShape, text: str, separator: str) -> list[Any]:
    """Return the arrays and objects that one text may mean; separators that were encoded with the values count too."""
    decode = decoder_of(how)
    parts = [decode(part) for part in re.split(_ENCODED[separator], text)]
    readings = [parts]
    if len(parts) == 1 and separator in parts[0]:
        readings.insert(0, [part.strip() if how.place == "header" else part for part in parts[0].split(separator)])
    found: list[Any] = []
    for texts in readings:
        found += of_texts(shape, texts) if shape.is_array else []
        found += _object_of(how, shape, texts) if shape.is_object else []
    return [*found, []] if shape.is_array and text == "" else found


def _object_of(how: Serialisation, shape: ValueShape, texts: Sequence[str]) -> list[Any]:
    """Read ``R=100,G=200`` where exploded, else ``R,100,G,200``."""
    if how.explode:
        split = [text.partition("=") for text in texts]
        return of_pairs(shape, [(name, value) for name, _, value in split]) if all(s[1] for s in split) else []
    return of_pairs(shape, list(zip(texts[::2], texts[1::2], strict=True))) if len(texts) % 2 == 0 else []


def _deep(shape: ValueShape, pairs: Sequence[tuple[str, str]]) -> list[Any]:
    """Read ``[R]=100`` and, as clients nest it, ``[a][b]=1``, ``[a][]=1`` and ``[0]=1``."""
    if not pairs or not all(_STEP.sub("", name) == "" for name, _ in pairs):
        return []
    if shape.is_array and all(_INDEXED.fullmatch(name) for name, _ in pairs):
        return of_texts(shape, [text for _, text in pairs])
    if not shape.is_object:
        return []
    below: dict[str, list[tuple[str, str]]] = {}
    for name, text in pairs:
        first = _STEP.match(name)
        below.setdefault(first[1] if first else "", []).append((name[first.end() :] if first else "", text))
    found: list[dict[str, Any]] = [{}, {}]
    for name, inner in below.items():
        options = _value_below(shape.properties.get(name, shape.additional), inner)
        found[0][name], found[1][name] = options[0], options[-1]
    return found[:1] if found[0] == found[1] else found


def _value_below(shape: ValueShape | None, pairs: Sequence[tuple[str, str]]) -> list[Any]:
    within = shape or ValueShape()
    if any(name for name, _ in pairs):
        return _deep(within, pairs) or [dict(pairs)]
    texts = [text for _, text in pairs]
    return of_repeated(within, texts)
