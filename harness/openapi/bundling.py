"""References into other files and to URLs: each is read once, and stands in the document from then on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urldefrag, urljoin

from harness.core.pointers import as_fragment, escaped, steps_of
from harness.core.yaml import UnreadableYamlError
from harness.errors import HarnessError

FILES = "x-harness-files"
"""Key of the document under which what was read stands, by number."""
UNREAD = "x-harness-unread"
"""Key under which nothing stands: references to what cannot be read lead there."""
MAX_FILES = 2_000
_SHOWN = re.compile(rf"#?/(?:{FILES}|{UNREAD})/(\d+)")
_NAMED = frozenset(
    {"properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "schemas", "responses", "content"}
    | {"parameters", "examples", "requestBodies", "headers", "securitySchemes", "links", "callbacks", "pathItems"}
    | {"paths", "webhooks", "x-webhooks", "encoding", "mediaTypes"}
)
"""Keys of objects whose own keys are names, and so no keywords."""
_VALUES = frozenset({"example", "default", "enum", "const", "value", "x-codeSamples", "x-code-samples"})
"""Keywords whose values are somebody's data: a ``$ref`` in there is none."""
_FILE = re.compile(r"\.(?:json|ya?ml)(?:#|$)")

Read = Callable[[str], Any]


class Bundle:
    """One document with all that it refers to."""

    def __init__(self, raw: dict[str, Any], location: str | None, read: Read) -> None:
        """Change ``raw``, which was read at the URL ``location``, so that every reference in it is a local one.

        ``read`` returns what a URL holds; where it raises, the reference leads nowhere, and `unread` says why.
        """
        self.unread: dict[str, str] = {}
        """Why a reference cannot be followed, by the reference as it is written."""
        self._location, self._read = location, read
        self._known: dict[str, str] = {location: "#"} if location else {}
        self._names: list[str] = []
        self._contents: dict[str, Any] = {}
        pending = [(raw, location)]
        while pending:
            node, base = pending.pop()
            for holder, key in references(node):
                content = self._rewrite(holder, key, base)
                if content is not None:
                    pending.append(content)
        if self._contents:
            raw[FILES] = self._contents

    def shown(self, text: str) -> str:
        """Return ``text`` with the references in it as they are written, in place of where they lead now."""
        return _SHOWN.sub(lambda match: self._names[int(match[1])], text)

    def _rewrite(self, holder: Any, key: str, base: str | None) -> tuple[Any, str] | None:
        """Make one reference a local one; return what was read for it, with its URL, None where nothing was."""
        written = holder[key]
        url, fragment = urldefrag(written if base is None else urljoin(base, written))
        if written.startswith("#"):
            if base != self._location:
                holder[key] = _joined(self._known[str(base)], fragment)
            return None
        fresh = None
        try:
            steps_of(f"#{fragment}")
            if url not in self._known:
                fresh = self._content(url, written), url
                number = self._number(url)
                self._known[url] = f"#/{FILES}/{number}"
                self._contents[number] = fresh[0]
        except (HarnessError, UnreadableYamlError, OSError, LookupError) as exc:
            self.unread.setdefault(written, " ".join(str(exc).split()))
            holder[key] = f"#/{UNREAD}/{self._number(written, whole=True)}"
            return None
        holder[key] = _joined(self._known[url], fragment)
        return fresh

    def _content(self, url: str, written: str) -> Any:
        if self._location is None:
            raise LookupError("it is not known where the document stands")
        if url.startswith("file:") and not self._location.startswith("file:"):
            raise LookupError("a document of the network does not read files")
        if len(self._contents) >= MAX_FILES:
            raise LookupError(f"the document refers to more than {MAX_FILES:,} others, so {written} is not read")
        return self._read(url)

    def _number(self, url: str, *, whole: bool = False) -> str:
        folder = self._location.rpartition("/")[0] + "/" if self._location else ""
        self._names.append(url if whole else f"{url.removeprefix(folder)}#")
        return str(len(self._names) - 1)


def _joined(root: str, fragment: str) -> str:
    """Return the reference to a JSON pointer, given as a fragment, below the place of a file."""
    return root + "".join(as_fragment(f"/{escaped(step)}")[1:] for step in steps_of(f"#{fragment}"))


def references(root: Any) -> Iterator[tuple[Any, str]]:
    """Yield the object and the key of every reference within a value."""
    pending = [(root, False)]
    while pending:
        node, named = pending.pop()
        if isinstance(node, list):
            pending.extend((child, False) for child in node)
        elif isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node, "$ref"
            mapping = node.get("mapping") if "propertyName" in node else None
            if isinstance(mapping, dict):  # OpenAPI, Discriminator Object
                yield from ((mapping, k) for k, v in mapping.items() if isinstance(v, str) and _is_reference(v))
            for key, child in node.items():
                if named or not (key in _VALUES or (key == "examples" and isinstance(child, list))):
                    pending.append((child, key in _NAMED and not named))


def _is_reference(text: str) -> bool:
    return text.startswith("#/") or bool(_FILE.search(text))
