"""References into other files and to URLs: each is read once and added to the document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urldefrag, urljoin

from harness.core.pointers import as_fragment, pointer_of, resolve, steps_of
from harness.core.yaml import UnreadableYamlError
from harness.errors import HarnessError, NetworkError, one_line

FILES = "x-harness-files"
"""Key of the document under which the parts that were read are added, by number."""
UNREAD = "x-harness-unread"
"""Key that does not exist: references to what cannot be read lead there."""
MAX_FILES = 2_000
_EXAMPLE = "externalValue"
_SHOWN = re.compile(rf"#?/(?:{FILES}|{UNREAD})/(\d+)")
_NAMED = frozenset(
    {"properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "schemas", "responses", "content"}
    | {"parameters", "examples", "requestBodies", "headers", "securitySchemes", "links", "callbacks", "pathItems"}
    | {"paths", "webhooks", "x-webhooks", "encoding", "mediaTypes"}
)
"""Keys of objects whose keys are names, not keywords."""
_VALUES = frozenset({"example", "default", "enum", "const", "value", "x-codeSamples", "x-code-samples"})
"""Keywords whose values are data: a ``$ref`` in there is not a reference."""
_FILE = re.compile(r"\.(?:json|ya?ml)(?:#|$)")

Read = Callable[[str], Any]


class Bundle:
    """One document with those parts of other documents that it refers to."""

    def __init__(self, raw: dict[str, Any], location: str | None, read: Read) -> None:
        """Change ``raw``, which was read at the URL ``location``, so that every reference in it is a local one.

        ``read`` returns the content of a URL; if it raises, the reference leads nowhere, and `unread` has the reason.
        """
        self.unread: dict[str, str] = {}
        """Why a reference cannot be followed, by the reference as it is written."""
        self.not_asked: set[str] = set()
        """Those of them that were not requested, as the network rules forbid it."""
        self._location, self._read = location, read
        self._documents: dict[str, tuple[str, Any]] = {}
        self._failed: dict[str, str] = {}
        self._refused: set[str] = set()
        self._names: list[str] = []
        self._parts: dict[str, Any] = {}
        self._whole: set[int] = set()
        pending: list[tuple[Any, str | None]] = [(raw, location)]
        while pending:
            node, base = pending.pop()
            for holder, key in references(node):
                if key == _EXAMPLE:
                    self._take_example(holder, base)
                    continue
                try:
                    url, fragment = urldefrag(urljoin(base or "", holder[key]))
                except ValueError as exc:
                    self._leave(holder, key, f"it is not a URL ({exc})")
                    continue
                if holder[key].startswith("#"):
                    url = base or ""
                if url != (location or ""):
                    pending += self._follow(holder, key, url, fragment)
                else:
                    holder[key] = f"#{fragment}"
        if self._parts:
            raw[FILES] = self._parts

    def shown(self, text: str) -> str:
        """Return ``text`` with the references in it as they are written, in place of where they lead now."""
        return _SHOWN.sub(lambda match: self._names[int(match[1])], text)

    def _take_example(self, holder: Any, base: str | None) -> None:
        """Put the example that a file holds in place of its URL; one of the network is not asked for."""
        with suppress(LookupError, ValueError):
            url = urljoin(base or "", holder.pop(_EXAMPLE))
            if url.startswith("file:"):
                holder.setdefault("value", self._document(url)[1])

    def _follow(self, holder: Any, key: str, url: str, fragment: str) -> list[tuple[Any, str]]:
        """Make one reference a local one; return the part that was read for it with its URL, if there is a new one."""
        try:
            steps = steps_of(f"#{fragment}")
            number, content = self._document(url)
        except LookupError as exc:
            if url in self._refused:
                self.not_asked.add(holder[key])
            self._leave(holder, key, str(exc))
            return []
        holder[key] = as_fragment(pointer_of(FILES, number, *steps))
        with suppress(LookupError):
            part = resolve(content, pointer_of(*steps))
            return [(part, url)] if self._graft(part, number, *steps) else []
        return []

    def _leave(self, holder: Any, key: str, reason: str) -> None:
        """Let a reference lead nowhere, for a reason."""
        self.unread.setdefault(holder[key], reason)
        holder[key] = f"#/{UNREAD}/{self._named(holder[key])}"

    def _graft(self, part: Any, *steps: str) -> bool:
        """Put a part of a document at its place, and nothing beside it; False if it is there already."""
        place = self._parts
        for step in steps[:-1]:
            place = place.setdefault(step, {}) if isinstance(place, dict) else {}
            if id(place) in self._whole:
                return False
        if place.get(steps[-1]) is part:
            return False
        place[steps[-1]] = part
        self._whole.add(id(part))
        return True

    def _document(self, url: str) -> tuple[str, Any]:
        """Return number and content of a document, read once; raises `LookupError` with the reason why not."""
        if url not in self._documents and url not in self._failed:
            try:
                self._check(url)
                content = self._read(url)
                self._documents[url] = self._named(f"{url.removeprefix(self._folder)}#"), content
            except (HarnessError, UnreadableYamlError, RecursionError, OSError, LookupError) as exc:
                self._failed[url] = one_line(exc)
                if isinstance(exc, NetworkError):
                    self._refused.add(url)
        if url in self._failed:
            raise LookupError(self._failed[url])
        return self._documents[url]

    def _check(self, url: str) -> None:
        if self._location is None:
            raise LookupError("the location of the document is unknown")
        if url.startswith("file:") and not self._location.startswith("file:"):
            raise LookupError("a document from the network may not refer to local files")
        if len(self._documents) >= MAX_FILES:
            raise LookupError(f"the document refers to more than {MAX_FILES:,} others")

    @property
    def _folder(self) -> str:
        return f"{(self._location or '').rpartition('/')[0]}/"

    def _named(self, name: str) -> str:
        self._names.append(name)
        return str(len(self._names) - 1)


def references(root: Any) -> Iterator[tuple[Any, str]]:
    """Yield the object and the key of every reference within a value, and of every external example."""
    pending = [(root, False)]
    while pending:
        node, named = pending.pop()
        if isinstance(node, list):
            pending.extend((child, False) for child in node)
        elif isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node, "$ref"
            if isinstance(node.get(_EXAMPLE), str):
                yield node, _EXAMPLE
            mapping = node.get("mapping") if "propertyName" in node else None
            if isinstance(mapping, dict):  # OpenAPI, Discriminator Object
                yield from ((mapping, k) for k, v in mapping.items() if isinstance(v, str) and _is_reference(v))
            for key, child in node.items():
                if named or not (key in _VALUES or (key == "examples" and isinstance(child, list))):
                    pending.append((child, key in _NAMED and not named))


def _is_reference(text: str) -> bool:
    return text.startswith("#/") or bool(_FILE.search(text))
