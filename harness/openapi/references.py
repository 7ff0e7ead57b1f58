"""The references within an OpenAPI document: where they are, and on which line of which file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

from harness.core.foreign_files import MAX_BYTES, read_text

EXAMPLE, OPERATION = "externalValue", "operationRef"
NAMED = frozenset(
    {"properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "schemas", "responses", "content"}
    | {"parameters", "examples", "requestBodies", "headers", "securitySchemes", "links", "callbacks", "pathItems"}
    | {"paths", "webhooks", "x-webhooks", "encoding", "mediaTypes"}
)
"""Keys of objects whose keys are names, not keywords."""
VALUES = frozenset({"example", "default", "enum", "const", "value", "dataValue", "x-codeSamples", "x-code-samples"})
"""Keywords whose values are data: a ``$ref`` in there is not a reference."""
FIXED = frozenset({"const", "enum", "default"})
"""Those of them that are part of a schema."""
DIALECT = "$schema"
_FETCHED = frozenset({*FIXED, DIALECT, "links"})
_REFERRING = frozenset({"$ref", EXAMPLE, OPERATION, "propertyName", *_FETCHED})
_KNOWN_DIALECTS = ("https://json-schema.org/", "http://json-schema.org/", "https://spec.openapis.org/")
_CONTAINERS = (dict, list)
_FILE = re.compile(r"\.(?:json|ya?ml)(?:#|$)")
_KEYED = re.compile(
    r"""(?:\$ref|externalValue|operationRef)["']?[ ]*:\s*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"'][^\n]*))""",
)
_LIKE_ONE = re.compile(r""":[ ]+["']?([^\s"',}]*(?:\.ya?ml|\.json|\#/)[^\s"',}]*)""")


def references(root: Any) -> Iterator[tuple[Any, str]]:
    """Yield the object and the key of every reference within a value, and of every external example.

    So is what libraries would fetch by themselves: a dialect of somebody's own, ``$ref`` in data, and links to
    operations of other APIs.
    """
    pending = [(root, False)]
    while pending:
        node, named = pending.pop()
        if isinstance(node, dict) and not _REFERRING.isdisjoint(node):
            yield from _references_of(node, named=named)
        pending += [(child, names) for _, child, names in containers(node, named=named)]


def containers(node: Any, *, named: bool) -> Iterator[tuple[str | int, Any, bool]]:
    """Yield the objects and lists right within a value of a document: key or index, value, whether its keys are names.

    ``named`` is that of the value itself. What is data is passed over.
    """
    if isinstance(node, list):
        yield from ((index, child, False) for index, child in enumerate(node) if isinstance(child, _CONTAINERS))
    elif isinstance(node, dict):
        for key, child in node.items():
            if isinstance(child, _CONTAINERS) and (named or not _is_data(key, child)):
                yield key, child, key in NAMED and not named


def _references_of(node: dict[str, Any], *, named: bool) -> Iterator[tuple[Any, str]]:
    if isinstance(node.get("$ref"), str):
        yield node, "$ref"
    yield from [(node, key) for key in (EXAMPLE, OPERATION) if isinstance(node.get(key), str)]
    mapping = node.get("mapping") if "propertyName" in node else None
    if isinstance(mapping, dict):  # OpenAPI, Discriminator Object
        yield from ((mapping, k) for k, v in mapping.items() if isinstance(v, str) and _is_reference(v))
    if not _FETCHED.isdisjoint(node):
        yield from list(_fetched(node, named=named))


def _fetched(node: dict[str, Any], *, named: bool) -> Iterator[tuple[Any, str]]:
    """Yield the object and the key of what an object has, and libraries would fetch."""
    if isinstance(node.get(DIALECT), str) and not node[DIALECT].startswith(_KNOWN_DIALECTS):
        yield node, DIALECT
    if named:
        return
    yield from ((node, key) for key in FIXED & node.keys() if _refers_elsewhere(node[key]))
    if isinstance(links := node.get("links"), dict):
        yield from ((links, name) for name, link in links.items() if _leads_elsewhere(link))


def _is_data(key: str, value: Any) -> bool:
    return key in VALUES or (key == "examples" and isinstance(value, list))


def _refers_elsewhere(value: Any) -> bool:
    """Whether data of a schema has a ``$ref`` that would lead out of the document."""
    if isinstance(value, list):
        return any(_refers_elsewhere(item) for item in value if isinstance(item, _CONTAINERS))
    if not isinstance(value, dict):
        return False
    reference = value.get("$ref")
    return (isinstance(reference, str) and not reference.startswith("#")) or _refers_elsewhere([*value.values()])


def _leads_elsewhere(link: Any) -> bool:
    reference = link.get(OPERATION) if isinstance(link, dict) else None
    return isinstance(reference, str) and "://" in reference


def _is_reference(text: str) -> bool:
    return text.startswith("#/") or bool(_FILE.search(text))


def anchors(root: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the anchors within a document, and the keys that lead to each (JSON Schema)."""
    pending: list[tuple[Any, tuple[str, ...]]] = [(root, ())]
    while pending:
        node, steps = pending.pop()
        if isinstance(node, dict):
            names = [node.get("$anchor"), node.get("$dynamicAnchor")]
            names += [i[1:] for i in (node.get("$id"), node.get("id")) if isinstance(i, str) and i.startswith("#")]
            yield from ((name, steps) for name in names if isinstance(name, str))
        children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        pending += [(value, (*steps, str(key))) for key, value in children]


def path_of(url: str) -> Path:
    """Return the path behind a URL of a file."""
    return Path(url2pathname(urlsplit(url).path))


class ReferenceLines:
    """Where the references in some files are written."""

    def __init__(self, urls: Iterable[str]) -> None:
        """Read the files again, for what is to be shown of a few references; other URLs are left out."""
        self._lines: dict[tuple[str, str], tuple[str, int]] = {}
        for url in urls:
            if url.startswith("file:"):
                with suppress(OSError, UnicodeDecodeError):
                    self._read(url, read_text(path_of(url), MAX_BYTES))

    def find(self, target: str) -> tuple[str, int] | None:
        """Return URL and line (from 1) of the first reference to the URL ``target``; None if there is none."""
        return self._lines.get(_plain(target))

    def _read(self, url: str, text: str) -> None:
        for number, line in enumerate(text.splitlines(), 1):
            if "ref" in line or "#/" in line or _FILE.search(line) or "externalValue" in line:
                for written in _written(line):
                    with suppress(ValueError):
                        target = url + written if written.startswith("#") else urljoin(url, written)
                        self._lines.setdefault(_plain(target), (url, number))


def _written(line: str) -> Iterator[str]:
    """Yield what may be a reference in a line of JSON or YAML; an unquoted one may end at a comma or brace."""
    for double, single, bare in _KEYED.findall(line):
        yield double.replace("\\/", "/") or single or bare.partition(" #")[0].rstrip()
        if bare:
            yield re.split(r"[,}\]]", bare)[0].rstrip()
    yield from _LIKE_ONE.findall(line)


def _plain(url: str) -> tuple[str, str]:
    """Return document and fragment of a URL, in one form for all ways to write it (RFC 3986 section 2.1)."""
    document, fragment = urldefrag(url)
    return unquote(document), unquote(fragment)
