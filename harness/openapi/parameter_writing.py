"""Values of parameters as a request carries them, in the style of each (OpenAPI 3, Style Values)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from harness.http.message import is_json
from harness.openapi.parameter_styles import Serialisation, serialisation_of

Encode = Callable[[str], str]
_RESERVED = ":/?@!$'()*,;"
"""Reserved characters that ``allowReserved`` leaves as they are, without those that delimit queries (RFC 3986)."""
_ON_THE_WIRE = {" ": "%20", "\t": "%09", "|": "%7C"}


def in_path(parameter: Mapping[str, Any], value: Any) -> str:
    """Return the value of a path parameter, percent-encoded, with what its style puts before it."""
    how = serialisation_of(parameter)
    if how.style == "matrix" and "content" not in parameter:
        pairs = _pairs(how, _content(parameter, value), ",", _encoded)
        return "".join(f";{name}={text}" if text else f";{name}" for name, text in pairs)
    between = "." if how.style == "label" and how.explode else _wire(how.separator)
    return ("." if how.style == "label" else "") + _joined(how, _content(parameter, value), between, _encoded)


def in_header(parameter: Mapping[str, Any], value: Any) -> str:
    """Return the value of a header parameter, which is not percent-encoded."""
    how = serialisation_of(parameter)
    return _joined(how, _content(parameter, value), how.separator, str)


def in_query(parameter: Mapping[str, Any], value: Any) -> str:
    """Return what a query has for a parameter, percent-encoded: ``p=1``, ``p=1&p=2``, ``p[a]=1``."""
    how = serialisation_of(parameter)
    if how.place == "querystring":
        return _whole_query(parameter, value)
    safe = _RESERVED if parameter.get("allowReserved") is True else ""
    pairs = _pairs(how, _content(parameter, value), _wire(how.separator), lambda text: quote(text, safe=safe))
    return "&".join(f"{_encoded(name)}={text}" for name, text in pairs)


def query_pairs(parameter: Mapping[str, Any], value: Any) -> list[tuple[str, str]]:
    """Return the names and values of a query for a parameter, for a client that encodes them."""
    how = serialisation_of(parameter)
    return _pairs(how, _content(parameter, value), how.separator, str)


def in_cookie(parameter: Mapping[str, Any], value: Any) -> str:
    """Return what the header Cookie has for a parameter: ``p=1``, or several pairs for a value that is exploded."""
    how = serialisation_of(parameter)
    encode: Encode = str if how.style == "cookie" else _encoded
    return "; ".join(f"{name}={text}" for name, text in _pairs(how, _content(parameter, value), ",", encode))


def _content(parameter: Mapping[str, Any], value: Any) -> Any:
    """Return a value, as a text where ``content`` and not a style serialises it."""
    kinds = parameter.get("content")
    return json.dumps(value) if isinstance(kinds, dict) and any(map(is_json, kinds)) else value


def _whole_query(parameter: Mapping[str, Any], value: Any) -> str:
    if any(map(is_json, parameter.get("content") or ())):
        return _encoded(json.dumps(value))
    spread = {"name": "", "in": "query", "style": "form", "explode": True}
    return in_query(spread, value) if isinstance(value, dict) else _encoded(_text(value))


def _pairs(how: Serialisation, value: Any, between: str, encode: Encode) -> list[tuple[str, str]]:
    """Return the names and encoded texts of a value where names are written."""
    if how.style == "deepObject" and isinstance(value, dict | list):
        return _deep(how.name, value, encode)
    if how.explode and isinstance(value, list):
        return [(how.name, encode(_text(entry))) for entry in value]
    if how.explode and isinstance(value, dict):
        return [pair for name, v in value.items() for pair in _of_property(str(name), v, encode)]
    return [(how.name, _joined(how, value, between, encode))]


def _of_property(name: str, value: Any, encode: Encode) -> list[tuple[str, str]]:
    return [(name, encode(_text(entry))) for entry in (value if isinstance(value, list) else [value])]


def _joined(how: Serialisation, value: Any, between: str, encode: Encode) -> str:
    """Return the one text of a value: of a list its entries, of an object its names and values."""
    if isinstance(value, list):
        return between.join(encode(_text(entry)) for entry in value)
    if isinstance(value, dict):
        within = "=" if how.explode else between
        return between.join(f"{encode(str(name))}{within}{encode(_text(v))}" for name, v in value.items())
    return encode(_text(value))


def _deep(name: str, value: Any, encode: Encode) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in _deep(f"{name}[{key}]", inner, encode)]
    if isinstance(value, list):
        return [pair for inner in value for pair in _deep(f"{name}[]", inner, encode)]
    return [(name, encode(_text(value)))]


def _wire(separator: str) -> str:
    return _ON_THE_WIRE.get(separator, separator)


def _encoded(text: str) -> str:
    return quote(text, safe="")


def _text(value: Any) -> str:
    """Return a scalar as text, and what is nested deeper than styles define as JSON."""
    return value if isinstance(value, str) else json.dumps(value)
