"""Real resources of the provider: values of path parameters, learnt from every call that the harness makes itself."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import unquote

import httpx

from harness.contract.identifiers import IDS, identity
from harness.contract.item_templates import ItemTemplate, item_templates, template_key
from harness.contract.page_statements import entries
from harness.contract.sample import Sample
from harness.core.plain_names import plain, singular
from harness.errors import SpecError
from harness.openapi.operation import Operation
from harness.openapi.routes import PARAMETER, prefixes, values_in
from harness.openapi.spec_document import Spec

GONE = frozenset({404, 410})
MOST_LISTED = 5
"""Entries of one listing that are learnt."""
MOST = 50
"""Resources of one template that are remembered."""
_METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "POST")

Values = tuple[str, ...]
"""Values of a template's parameters, as they are encoded in a path."""


class CreatedResources:
    """Knows, for each path template, real values of its parameters; thread-safe."""

    def __init__(self, spec: Spec) -> None:
        """Nothing is known yet."""
        self._spec = spec
        self._lock = threading.Lock()
        self._created: dict[str, dict[Values, None]] = defaultdict(dict)
        """By template without names, those that calls of the harness made, the oldest first."""
        self._seen: dict[str, dict[Values, None]] = defaultdict(dict)
        """Those that were there: read, linked or listed."""

    @cached_property
    def items(self) -> dict[str, list[ItemTemplate]]:
        """What the document identifies as items of each collection; see `item_templates`."""
        return item_templates(self._spec)

    def filled(self, template: str, *, created: bool = False) -> str | None:
        """Return a real path for a template such as ``/projects/{id}/runs``, the newest; None where none is known.

        What the harness made comes before what it found; with ``created`` only what it made counts.
        """
        return next(self.paths(template, created=created), None)

    def paths(self, template: str, *, created: bool = False) -> Iterator[str]:
        """Yield the real paths for a template, the likeliest first."""
        parts = PARAMETER.split(template)[::2]
        for values in self._fitting(template, created=created):
            yield "".join(literal + value for literal, value in zip(parts, (*values, ""), strict=True))

    def value(self, name: str) -> str | None:
        """Return a real value of a parameter such as ``projectId``, wherever it stands; None where none is known.

        Names that any resource has, such as ``id``, identify nothing.
        """
        named = self._values_by_name(plain(name))
        return unquote(named) if named is not None else None

    def adds(self, operation: Operation) -> bool:
        """Whether an operation adds what a path of the document identifies, such as ``POST /projects``."""
        if operation.method != "POST":
            return False
        items = self.items.get(template_key(operation.path), ())
        return "201" in operation.responses or any(item.is_named for item in items)

    def learn(self, sample: Sample) -> None:
        """Learn from one answer what is there, what was made, and what is gone."""
        operation, response = sample.operation, sample.response
        template, values = operation.path, _values(operation, response.request.url)
        if values is None:
            return
        if operation.method == "DELETE" or response.status_code in GONE:
            if response.is_success or operation.method in ("GET", "HEAD"):
                self._forget(template, values)
            return
        if not response.is_success:
            return
        self._remember(template, values, created=operation.method == "PUT" and response.status_code == 201)
        if operation.method == "POST" and response.status_code != 202:
            self._learn_items(template, values, [sample.document], created=self.adds(operation))
        elif operation.method == "GET":
            self._learn_items(template, values, entries(sample)[:MOST_LISTED], created=False)
        if location := response.headers.get("location"):
            self.learn_url(response.request.url.join(location), created=response.status_code in (201, 202))

    def learn_url(self, url: httpx.URL, *, created: bool) -> None:
        """Learn that something is at a URL of the provider."""
        for operation in filter(None, (self._found(method, url) for method in _METHODS)):
            if (values := _values(operation, url)) is not None:
                self._remember(operation.path, values, created=created)
                return

    def _found(self, method: str, url: httpx.URL) -> Operation | None:
        try:
            return self._spec.find(method, url)
        except SpecError:
            return None  # which the checks of the document report

    def _learn_items(self, template: str, values: Values, found: list[Any], *, created: bool) -> None:
        for child in self.items.get(template_key(template), ()):
            segment = child.template.rpartition("/")[2]
            [name] = PARAMETER.findall(segment)
            for document in reversed(found):  # the first of a listing is then the newest
                if (value := identity(document, name, IDS)[0]) is not None:
                    written = child.operation.filled({name: value}, f"{{{name}}}")
                    is_below = len(PARAMETER.findall(child.template)) > len(values)
                    own = (*values, written) if is_below else (written,)
                    self._remember(child.template, own, created=created)

    def _remember(self, template: str, values: Values, *, created: bool) -> None:
        """Remember what is at a template, and what is above it."""
        with self._lock:
            for prefix, number in prefixes(template):
                own = created and number == len(values)
                key, part = template_key(prefix), values[:number]
                place = self._created if own or part in self._created[key] else self._seen
                place[key].pop(part, None)
                place[key][part] = None
                if len(place[key]) > MOST:
                    del place[key][next(iter(place[key]))]

    def _forget(self, template: str, values: Values) -> None:
        """Forget what is at a template that ends with a parameter, and all below it."""
        if not PARAMETER.search(template.rpartition("/")[2]):
            return
        with self._lock:
            for known in (self._created, self._seen):
                for key, paths in known.items():
                    if key.startswith(template_key(template)):
                        for gone in [each for each in paths if each[: len(values)] == values]:
                            del paths[gone]

    def _fitting(self, template: str, *, created: bool) -> list[Values]:
        names = PARAMETER.findall(template)
        if not names:
            return [()]
        for prefix, number in reversed(prefixes(template)):
            if known := self._known(template_key(prefix), created=created):
                rest = [self._values_by_name(plain(name)) for name in names[number:]]
                given = tuple(value for value in rest if value is not None)
                return [(*values, *given) for values in known] if len(given) == len(rest) else []
        rest = [self._values_by_name(plain(name)) for name in names]
        return [] if created or None in rest else [tuple(filter(None, rest))]

    def _known(self, key: str, *, created: bool) -> list[Values]:
        with self._lock:
            made = list(reversed(self._created.get(key, {})))
            return made if created else [*made, *reversed(self._seen.get(key, {}))]

    def _values_by_name(self, name: str) -> str | None:
        if name in IDS:
            return None
        keys = self._named.get(name, [])
        return next((values[-1] for key in keys for values in self._known(key, created=False)), None)

    @cached_property
    def _named(self) -> dict[str, list[str]]:
        """By plain name of a last parameter, or of one with the word before it: the templates that it identifies.

        ``{entryId}`` at ``/pictures/{entryId}`` and ``/songs/{entryId}`` identifies neither.
        """
        found: dict[str, dict[str, bool]] = defaultdict(dict)
        for template in (child.template for children in self.items.values() for child in children):
            above, _, last = template.rpartition("/")
            word = singular(plain(above.rpartition("/")[2]))
            for name in map(plain, PARAMETER.findall(last)[-1:]):
                found[word + name if name in IDS else name][template_key(template)] = name in IDS or name.startswith(
                    word
                )
        return {name: _identified(keys) for name, keys in found.items()}


def _identified(keys: dict[str, bool]) -> list[str]:
    """Return the templates whose collection has the parameter's name, else the only one that has the parameter."""
    own = [key for key, is_own in keys.items() if is_own]
    return own or (list(keys) if len(keys) == 1 else [])


def _values(operation: Operation, url: httpx.URL) -> Values | None:
    """Return the values of an operation's path in a URL, as they are encoded there; None where it does not fit."""
    names = operation.path_parameters
    if not names:
        return ()
    path = url.raw_path.decode("ascii", "replace").partition("?")[0]
    found = values_in(operation.path, path, operation.spanning)
    return tuple(found[name] for name in names) if found.keys() >= set(names) else None
