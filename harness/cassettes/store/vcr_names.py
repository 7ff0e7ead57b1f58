"""The names of vcrpy that its documentation does not promise, under public ones: the only module that uses them.

A test names each that a new version moved, also those of objects, which `ATTRIBUTES` lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any

from vcr import matchers, stubs
from vcr.cassette import Cassette
from vcr.filters import decode_response
from vcr.patch import CassettePatcherBuilder
from vcr.request import HeadersDict, Request
from vcr.serialize import CASSETTE_FORMAT_VERSION
from vcr.serializers import compat, yamlserializer
from vcr.stubs import httpx_stubs
from vcr.stubs.compat import get_httpmessage as httpmessage_from
from vcr.util import _join_body_chunks as join_chunks
from vcr.util import read_body

__all__ = [
    "ATTRIBUTES",
    "CASSETTE_FORMAT_VERSION",
    "Cassette",
    "CassetteDumper",
    "CassetteLoader",
    "CassettePatcherBuilder",
    "HeadersDict",
    "as_unicode",
    "decode_response",
    "found_for",
    "headers_from",
    "httpmessage_from",
    "httpx_stubs",
    "join_chunks",
    "normalized_path",
    "normalized_uri",
    "path_of",
    "raw_body",
    "read_body",
    "request_to",
    "serialization_of",
    "set_found",
    "stored_headers",
    "stubs",
    "transformers_for",
]

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "vcr.cassette:Cassette(path='x')": (
        "_before_record_request",
        "_loaded_count",
        "_match_on",
        "_metadata",
        "_new_interactions",
        "_old_interactions",
        "_path",
        "_persister",
        "_played_interactions",
        "_rerecorded_interactions",
        "_responses",
        "_save",
        "_serializer",
        "load",
    ),
    "vcr.request:Request('GET', 'http://x', '', {})": ("_body", "_to_dict", "_was_file", "_was_iter"),
    "vcr.request:HeadersDict()": ("_store",),
    "vcr.stubs:VCRConnection": ("endheaders", "request", "send"),
    "vcr.stubs:compat": ("get_httpmessage",),
    "vcr:stubs": ("parse_headers",),
    "vcr.stubs:httpx_stubs": (
        "_deserialize_headers",
        "_make_vcr_request",
        "_serialize_headers",
        "_serialize_response",
        "_vcr_handle_async_request",
        "_vcr_handle_request",
        "_vcr_request",
    ),
}
"""By an object, given as the expression that makes it, what is read from it, set on it or overridden."""

normalized_uri = matchers._normalized_uri  # noqa: SLF001
normalized_path = matchers._normalized_path  # noqa: SLF001
transformers_for: Callable[[Any], Any] = matchers._get_transformers  # noqa: SLF001
CassetteLoader = yamlserializer._CassetteLoader  # noqa: SLF001
CassetteDumper = yamlserializer._CassetteDumper  # noqa: SLF001
as_unicode = compat.convert_to_unicode

raw_body: Callable[[Request], tuple[Any, bool, bool]] = attrgetter("_body", "_was_file", "_was_iter")
"""From a request to its body, and whether it was a file or an iterator."""
request_to: Callable[[Request], Any] = Request._to_dict  # noqa: SLF001
"""From a request to what a cassette holds."""
stored_headers: Callable[[Request], Mapping[str, tuple[str, Any]]] = attrgetter("headers._store")
"""From a request to its headers by their names in lower case: a third of the time of their public `get`."""
path_of: Callable[[Cassette], Any] = attrgetter("_path")
"""From a cassette to its file."""
serialization_of: Callable[[Cassette], tuple[Any, Any]] = attrgetter("_persister", "_serializer")
"""From a cassette to what reads its file and what parses it."""


def headers_from(fields: Iterable[tuple[str, Any]]) -> HeadersDict:
    """Return headers as `HeadersDict` reads them, in a third of its time.

    Of names that differ in their case alone, the first spelling and the last value count, and of a list its first.
    """
    named: dict[str, tuple[str, Any]] = {}
    for name, value in fields:
        lower = name.lower()
        spelling = named[lower][0] if lower in named else name
        named[lower] = spelling, value[0] if isinstance(value, tuple | list) else value
    headers = HeadersDict.__new__(HeadersDict)
    headers._store = named  # noqa: SLF001
    return headers


def found_for(request: Request) -> int | None:
    """Return the index of the recording that was found for a request, None for none."""
    found: int | None = getattr(request, "_found", None)
    return found


def set_found(request: Request, index: int | None) -> None:
    """Note on a request the index of the recording that was found for it."""
    request._found = index  # noqa: SLF001
