"""The parameters of a concrete request: which it gives, and what each may mean by the document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

import msgspec

from harness.core.pointers import escaped
from harness.http.message import is_json, media_type
from harness.openapi.json_document import JsonDocument
from harness.openapi.operation import Operation
from harness.openapi.parameter_styles import Serialisation, of_segment, pairs_of, serialisation_of, values_of
from harness.openapi.routes import values_in
from harness.openapi.value_shapes import ValueShape, of_pairs, shape_of

WHOLE_QUERY = "querystring"
"""Place of a parameter that is the whole query (OpenAPI 3.2, Parameter Object)."""
_FORM = "application/x-www-form-urlencoded"


class SentTexts:
    """The texts of one request in which its parameters are, still encoded."""

    def __init__(self, operation: Operation, target: str, headers: Iterable[tuple[str, str]]) -> None:
        """``target`` is a URL, or path and query; the names of ``headers`` are in lower case."""
        parts = urlsplit(target)
        self.query = parts.query
        self.path = values_in(operation.path, parts.path, operation.spanning) if "{" in operation.path else {}
        self.headers = list(headers)

    @cached_property
    def queried(self) -> list[tuple[str, str]]:
        """Names, decoded, and values of the query."""
        split = (pair.partition("=") for pair in self.query.split("&") if pair)
        return [(unquote_plus(name), value) for name, _, value in split]

    @cached_property
    def cookies(self) -> list[tuple[str, str]]:
        """Names, decoded, and values of the cookies, also of several in one field."""
        lines = (pair for name, value in self.headers if name == "cookie" for pair in value.split(";"))
        split = (pair.strip().partition("=") for pair in lines if pair.strip())
        return [(unquote(name), value) for name, _, value in split]


class ParameterReading(msgspec.Struct, frozen=True, kw_only=True):
    """What a request gives for one parameter."""

    texts: Sequence[str]
    """Its texts, decoded."""
    values: Sequence[Any]
    """What they may mean, the likeliest first; none where they are not serialised as the document describes."""
    is_empty: bool = False
    """Whether it is a name without a value, which the document allows (``allowEmptyValue``)."""


class ParameterReader:
    """Reads one parameter of an operation."""

    def __init__(self, document: JsonDocument, parameter: Mapping[str, Any], others: Iterable[str] = ()) -> None:
        """``others`` are the names of the other parameters of its place."""
        self._parameter = parameter
        self._document = document
        self.how = serialisation_of(parameter, frozenset(others))
        content = parameter.get("content")
        self._content = next(iter(content), "") if isinstance(content, dict) else ""

    @property
    def described(self) -> str:
        """How the parameter is serialised, in words."""
        return self._content or self.how.shown

    @cached_property
    def _shape(self) -> ValueShape:
        if self._content:
            return shape_of(
                self._document, self._document.resolved(self._parameter["content"][self._content]).get("schema")
            )
        return shape_of(self._document, self._parameter.get("schema", self._parameter))

    def read(self, sent: SentTexts) -> ParameterReading | None:
        """Return what a request gives for the parameter, None where it gives nothing."""
        how = self.how
        if how.place == WHOLE_QUERY:
            return self._whole(sent.query) if sent.query else None
        if how.place == "path":
            text = sent.path.get(how.name)
            return None if text is None else self._single(text, unquote(text))
        if how.place == "header":
            lines = [value for name, value in sent.headers if name == how.name.lower()]
            return self._single(", ".join(lines) if self._shape.is_array else lines[-1], lines[-1]) if lines else None
        pairs = self._pairs(sent.queried if how.place == "query" else _within_one(how, self._shape, sent.cookies))
        if not pairs:
            return None
        texts = [unquote_plus(value) for _, value in pairs]
        if self._content:
            return ParameterReading(texts=texts, values=self._of_content(texts[-1]))
        is_empty = texts == [""] and self._parameter.get("allowEmptyValue") is True
        return ParameterReading(texts=texts, values=values_of(how, self._shape, pairs), is_empty=is_empty)

    def _pairs(self, sent: list[tuple[str, str]]) -> list[tuple[str, str]]:
        if self._content:
            return [pair for pair in sent if pair[0] == self.how.name]
        return pairs_of(self.how, self._shape, sent)

    def _single(self, text: str, decoded: str) -> ParameterReading:
        if self._content:
            return ParameterReading(texts=[decoded], values=self._of_content(decoded))
        return ParameterReading(texts=[decoded], values=of_segment(self.how, self._shape, text))

    def _whole(self, query: str) -> ParameterReading:
        decoded = unquote(query)
        if media_type(self._content) == _FORM:
            pairs = parse_qsl(query, keep_blank_values=True)
            return ParameterReading(texts=[decoded], values=of_pairs(self._shape, pairs))
        return ParameterReading(texts=[decoded], values=self._of_content(decoded))

    def _of_content(self, text: str) -> list[Any]:
        """Return the value of a text in the media type of ``content``; nothing for what is no JSON and should be."""
        if is_json(self._content):
            try:
                return [json.loads(text)]
            except (ValueError, RecursionError):
                return []
        if media_type(self._content) == _FORM:
            return of_pairs(self._shape, parse_qsl(text, keep_blank_values=True))
        return [text]


def _within_one(how: Serialisation, shape: ValueShape, cookies: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return cookies, and where the value is spread over ``&`` in one of them, as RFC 6570 has it, its pairs."""
    if not how.explode or not (shape.is_array or shape.is_object):
        return cookies
    split = [f"{name}={value}".split("&") for name, value in cookies]
    return [(unquote(n), v) for parts in split for n, _, v in (part.partition("=") for part in parts)]


def name_of(parameter: Mapping[str, Any]) -> str:
    """Return how a parameter is called in a table: ``query limit``."""
    return f"{parameter.get('in')} {parameter['name']}"


def schema_place(pointer: str, parameter: Mapping[str, Any]) -> str:
    """Return the place of a parameter's schema: below it or, in OpenAPI 2.0, the parameter itself; empty for none."""
    if "schema" in parameter:
        return f"{pointer}/schema"
    content = parameter.get("content")
    for kind in content if isinstance(content, dict) else ():
        return f"{pointer}/content/{escaped(kind)}/schema"
    return pointer if "type" in parameter else ""
