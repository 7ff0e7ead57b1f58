"""References into other files and to URLs: each is read once and added to the document."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import Any
from urllib.parse import urldefrag, urljoin

from harness.core.pointers import as_fragment, child, pointer_of, resolve, steps_of
from harness.core.yaml import UnreadableYamlError
from harness.errors import HarnessError, NetworkError, one_line
from harness.openapi.json_document import JsonDocument
from harness.openapi.references import DIALECT, EXAMPLE, OPERATION, ReferenceLines, anchors, path_of, references

FILES = "x-harness-files"
"""Key of the document under which the parts that were read are added, by number."""
UNREAD = "x-harness-unread"
"""Key that does not exist: references to what cannot be read lead there."""
MAX_FILES = 2_000
MAX_HOPS = 32
"""References that are followed one after another, before they are taken for a circle."""
_DATA = re.compile(r"\.(?:json|ya?ml)$")
"""External examples that are read; of others only the presence is checked."""
_SHOWN = re.compile(rf"#?/(?:{FILES}|{UNREAD})/(\d+)")
_HERE = ' in "<byte string>", '
"""How PyYAML names a text that it reads."""

Read = Callable[[str], Any]


class Bundle:
    """One document with those parts of other documents that it refers to."""

    def __init__(self, raw: dict[str, Any], location: str | None, read: Read) -> None:
        """Change ``raw``, which was read at the URL ``location``, so that every reference in it is a local one.

        ``read`` returns the content of a URL; if it raises, the reference leads nowhere, and `unread` has the reason.
        What a library would follow by itself, past ``read``, is taken out.
        """
        self.unread: dict[str, str] = {}
        """Why a reference cannot be followed, by the reference as it is written, from the folder of the document."""
        self.not_asked: set[str] = set()
        """Those of them that were not requested, as the network rules forbid it."""
        self._raw, self._location, self._read = raw, location or "", read
        self._documents: dict[str, tuple[str, Any]] = {}
        self._failed: dict[str, str] = {}
        self._refused: set[str] = set()
        self._names: list[str] = []
        self._targets: dict[str, str] = {}
        self._parts: dict[str, Any] = {}
        self._whole: set[int] = set()
        self._anchors: dict[str, dict[str, tuple[str, ...]]] = {}
        self._url_of: dict[int, str] = {}
        self._into: set[int] = set()
        pending: list[tuple[Any, str]] = [(raw, self._location)]
        while pending:
            node, base = pending.pop()
            for holder, key in references(node):
                if key == EXAMPLE:
                    self._take_example(holder, base)
                elif key == DIALECT or not isinstance(holder[key], str):
                    del holder[key]
                elif key != OPERATION or "://" not in holder[key]:  # other APIs are nothing to be read
                    pending += self._follow(holder, key, base)
        if self._parts:
            raw[FILES] = self._parts
        for key in ("paths", "webhooks", "x-webhooks"):
            self._finish_path_items(raw.get(key))

    def shown(self, text: str) -> str:
        """Return ``text`` with the references in it as they are written, in place of where they lead now."""
        return _SHOWN.sub(lambda m: self._names[int(m[1])] if int(m[1]) < len(self._names) else m[0], text)

    def written_at(self, reference: str) -> str:
        """Return ``FILE:LINE`` of the first place of a reference that leads nowhere; empty if it is not in a file.

        ``reference`` is one of `unread`, or one within the document as it is now.
        """
        numbered = _SHOWN.match(reference)
        if reference in self._targets:
            target = self._targets[reference]
        elif numbered:
            target = f"{self._url_of.get(int(numbered[1]), '')}#{reference[numbered.end() :]}"
        else:
            target = self._location + reference
        found = self._lines.find(target)
        return f"{self.relative(found[0])}:{found[1]}" if found else ""

    def filled(self, value: Any, place: str) -> Any:
        """Return an example with what it refers to in other files; ``place`` is its own, in the document as it is now.

        OpenAPI knows no references within examples, but those who publish documents do. What cannot be read remains.
        """
        numbered = _SHOWN.match(place)
        return self._filled(value, self._url_of.get(int(numbered[1]), "") if numbered else self._location, MAX_HOPS)

    def _filled(self, value: Any, base: str, hops: int) -> Any:
        if isinstance(value, list):
            return [self._filled(item, base, hops) for item in value]
        if not isinstance(value, dict):
            return value
        filled = {key: self._filled(item, base, hops) for key, item in value.items()}
        if isinstance(value.get("$ref"), str) and hops:
            with suppress(LookupError, ValueError):
                url, fragment = urldefrag(urljoin(base, value["$ref"]))
                if url.startswith("file:") or url in self._documents:
                    url, steps = self._real(url, self._steps(url, fragment))
                    found = self._filled(self._at(url, steps), url, hops - 1)
                    del filled["$ref"]
                    return {**found, **filled} if isinstance(found, dict) else found
        return filled

    def _finish_path_items(self, listed: Any) -> None:
        """Let path items refer to their fields directly, and put these beside their own, which go first.

        Schemathesis follows one reference of a path item, and neither takes fields beside it (OpenAPI 3, Path Item
        Object).
        """
        for path, item in listed.items() if isinstance(listed, dict) else ():
            if isinstance(item, dict) and isinstance(item.get("$ref"), str):
                place, found = JsonDocument(self._raw).placed(item["$ref"])
                own = {key: value for key, value in item.items() if key != "$ref"}
                if found:
                    listed[path] = {**found, **own} if own else {"$ref": as_fragment(place)}

    def _take_example(self, holder: Any, base: str) -> None:
        """Put the example that a file holds in place of its URL; one of the network is not asked for."""
        written = holder.pop(EXAMPLE)
        with suppress(ValueError):
            url = urljoin(base, written)
            if not url.startswith("file:"):
                return
            try:
                content = self._document(url)[1]
            except LookupError as exc:
                if _DATA.search(url) or not path_of(url).is_file():
                    self._note(written, base, str(exc))
            else:
                if _DATA.search(url):
                    holder.setdefault("value", content)

    def _follow(self, holder: Any, key: str, base: str) -> list[tuple[Any, str]]:
        """Make one reference a local one; return the part that was read for it with its URL, if there is a new one."""
        written = holder[key]
        if base == self._location and written.startswith("#/") and written.isprintable():  # most are local ones already
            return []
        try:
            url, fragment = urldefrag(urljoin(base, written))
            url = base if written.startswith("#") else url
            if url == self._location and fragment[:1] in ("", "/"):
                holder[key] = f"#{fragment}"
                self._into.update([id(holder)] if base != url else ())
                return []
            number = "" if url == self._location else self._document(url)[0]
            steps = self._steps(url, fragment)
        except ValueError as exc:
            self._leave(holder, key, base, f"it is not a URL ({exc})")
            return []
        except LookupError as exc:
            self._leave(holder, key, base, str(exc))
            return []
        with suppress(LookupError):
            url, steps = self._real(url, steps)
            number = "" if url == self._location else self._document(url)[0]
        holder[key] = as_fragment(pointer_of(*([FILES, number] if number else []), *steps))
        with suppress(LookupError):
            part = self._at(url, steps)
            return [(part, url)] if number and self._graft(part, number, *steps) else []
        return []

    def _steps(self, url: str, fragment: str) -> tuple[str, ...]:
        """Return the keys that a fragment names, as a JSON pointer or an anchor; raises `LookupError` for another."""
        if fragment[:1] in ("", "/"):
            return steps_of(f"#{fragment}")
        if url not in self._anchors:
            self._anchors[url] = dict(anchors(self._content(url)))
        if fragment not in self._anchors[url]:
            raise LookupError(f"'#{fragment}' is not a JSON pointer, and there is no such $anchor")
        return self._anchors[url][fragment]

    def _real(self, url: str, steps: tuple[str, ...], hops: int = MAX_HOPS) -> tuple[str, tuple[str, ...]]:
        """Return document and keys of a place behind the references on the way to it; raises `LookupError`."""
        node = self._content(url)
        for number, step in enumerate(steps):
            if isinstance(node, dict) and isinstance(node.get("$ref"), str) and step not in node:
                if not hops:
                    raise LookupError(step)
                document, behind = self._leads(node, url)
                return self._real(document, (*behind, *steps[number:]), hops - 1)
            node = child(node, step)
        return url, steps

    def _leads(self, holder: dict[str, Any], base: str) -> tuple[str, tuple[str, ...]]:
        """Return document and keys that a reference names, whether or not it was made a local one already."""
        reference = holder["$ref"]
        if numbered := _SHOWN.match(reference):
            return self._url_of[int(numbered[1])], steps_of(f"#{reference[numbered.end() :]}")
        if id(holder) in self._into:
            return self._location, steps_of(reference)
        url, fragment = urldefrag(urljoin(base, reference))
        url = base if reference.startswith("#") else url
        return url, self._steps(url, fragment)

    def _content(self, url: str) -> Any:
        return self._raw if url == self._location else self._document(url)[1]

    def _at(self, url: str, steps: tuple[str, ...]) -> Any:
        return resolve(self._content(url), pointer_of(*steps))

    def _leave(self, holder: Any, key: str, base: str, reason: str) -> None:
        """Let a reference lead nowhere, for a reason."""
        name = self._note(holder[key], base, reason)
        holder[key] = f"#/{UNREAD}/{self._named(name)}"

    def _note(self, written: str, base: str, reason: str) -> str:
        """Note why a reference cannot be followed; return its name."""
        with suppress(ValueError):
            url = base + written if written.startswith("#") else urljoin(base, written)
            name = written if base == self._location else self.relative(url)
            self._targets.setdefault(name, url)
            if urldefrag(url)[0] in self._refused:
                self.not_asked.add(name)
            self.unread.setdefault(name, reason)
            return name
        self.unread.setdefault(written, reason)
        return written

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
                number = self._named(f"{self.relative(url)}#")
                self._documents[url], self._url_of[int(number)] = (number, content), url
            except (HarnessError, UnreadableYamlError, RecursionError, OSError, LookupError) as exc:
                self._failed[url] = one_line(exc).replace(_HERE, " at ")
                if isinstance(exc, NetworkError):
                    self._refused.add(url)
        if url in self._failed:
            raise LookupError(self._failed[url])
        return self._documents[url]

    def _check(self, url: str) -> None:
        if not self._location:
            raise LookupError("the location of the document is unknown")
        if url.startswith("file:") and not self._location.startswith("file:"):
            raise LookupError("a document from the network may not refer to local files")
        if len(self._documents) >= MAX_FILES:
            raise LookupError(f"the document refers to more than {MAX_FILES:,} others")

    @cached_property
    def _lines(self) -> ReferenceLines:
        return ReferenceLines([self._location, *self._documents])

    def relative(self, url: str) -> str:
        """Return a URL as it is seen from the folder of the document."""
        return url.removeprefix(f"{self._location.rpartition('/')[0]}/")

    def _named(self, name: str) -> str:
        self._names.append(name)
        return str(len(self._names) - 1)
