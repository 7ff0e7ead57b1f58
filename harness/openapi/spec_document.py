"""The OpenAPI document: its operations and webhooks, looked up by label or by concrete request."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from harness.core.cutting import cut
from harness.core.pointers import pointer_of
from harness.errors import SpecError, one_line
from harness.http.message import Request
from harness.openapi.bundling import Bundle, Read
from harness.openapi.directions import READ_ONLY, WRITE_ONLY, Directions, copied, flags_in, spellings
from harness.openapi.inputs import Inputs
from harness.openapi.json_document import JsonDocument, described, items
from harness.openapi.media_ranges import narrowest_first
from harness.openapi.operation import METHODS, Operation
from harness.openapi.reading import Fetch, RepeatedKeys, document_of, fetched_document, read_at, read_document
from harness.openapi.response_bodies import judged, without_local_times
from harness.openapi.routes import Routes
from harness.openapi.schemas import Schemas
from harness.openapi.versions import additional, flattened, make_local, make_plain

_WEBHOOKS = ("webhooks", "x-webhooks")
"""Keys of the webhooks: since OpenAPI 3.1, and before."""


class Spec(JsonDocument):
    """A loaded OpenAPI document, with all that it refers to."""

    def __init__(
        self,
        document: dict[str, Any],
        source: str,
        base_url: str = "",
        location: str | None = None,
        read: Read | None = None,
        repeated: RepeatedKeys | None = None,
    ) -> None:
        """``source`` is where it was read, for messages; ``base_url`` is where the provider answers.

        What ``read`` returns for references from ``location`` becomes a part of it; ``repeated`` are its double keys.
        """
        super().__init__(document)
        make_local(document)
        self.repeated: RepeatedKeys = {} if repeated is None else repeated
        self.bundle = Bundle(document, location, read or partial(read_at, None, (), self.repeated))
        self.source = source
        make_plain(self)
        self._prefix = urlsplit(base_url).path.rstrip("/")
        self._schemas: dict[tuple[str, ...], Schemas] = {}
        self._inputs: dict[str, Inputs] = {}
        self._operations, self._seen = dict[str, Operation](), dict[str, Operation]()

    def shown(self, text: str) -> str:
        """Return ``text`` with the references in it as they are written, though they lead into the document now."""
        return self.bundle.shown(text)

    @cached_property
    def schema(self) -> Any:
        """Schemathesis' own view of the document; raises `SpecError` for one that it cannot work with."""
        return self.load()

    def load(self) -> Any:
        """Return a new view of the document, to be set up otherwise; raises `SpecError`."""
        import schemathesis

        try:
            # An explicit Config keeps a schemathesis.toml lying about from changing what is checked.
            # harness.toml says where the provider answers: a mistake in `servers` is not to keep it from being called.
            narrowest_first(self._contents)
            document = {key: value for key, value in self.raw.items() if key != "servers"}
            document["paths"] = flattened(document.get("paths"), lambda path: self.at(pointer_of("paths", path)))
            if self._flags & spellings(READ_ONLY) and Directions(self.resolved, [READ_ONLY]).is_spread(document):
                document = copied(document)  # Schemathesis misses these; `judged` makes up for responses
                Directions(JsonDocument(document).resolved, [READ_ONLY]).relax(document)
            return schemathesis.openapi.from_dict(document, config=schemathesis.Config())
        except Exception as exc:
            raise SpecError(f"[provider] spec: {self.source} cannot be loaded: {self._line(exc)}") from exc

    @cached_property
    def _contents(self) -> list[Any]:
        answers = (r for d in self.definitions.values() for _, r in described(self.resolved(d.get("responses"))))
        return [found["content"] for answer in answers if "content" in (found := self.resolved(answer))]

    @cached_property
    def _unusual(self) -> bool:
        """Whether a response has a media type that Schemathesis does not find, or items that it does not validate."""
        listed = (pair for content in self._contents for pair in items(content))
        return any(";" in kind or "*+" in kind or (isinstance(m, dict) and "itemSchema" in m) for kind, m in listed)

    @cached_property
    def places(self) -> dict[str, str]:
        """Place of each operation, by label; ``* /path`` where the path item cannot be read."""
        found = {}
        for path, _ in described(self.raw.get("paths")):
            place = pointer_of("paths", path)
            item = self.at(place)
            for key, _ in items(item):
                if key in METHODS:
                    found[f"{key.upper()} {path}"] = place + pointer_of(key)
            for method, _ in additional(item):
                found.setdefault(f"{method} {path}", place + pointer_of("additionalOperations", method))
            if not isinstance(item, dict):
                found[f"* {path}"] = place  # unreadable, but not to be mistaken for absent
        return found

    @cached_property
    def definitions(self) -> dict[str, dict[str, Any]]:
        """The description of each operation, by ``METHOD /path``, from the document alone."""
        return {label: self.placed(place)[1] for label, place in self.places.items()}

    @cached_property
    def methods(self) -> frozenset[str]:
        """The methods of all operations, in upper case; ``*`` where a path item cannot be read."""
        return frozenset(label.partition(" ")[0] for label in self.places)

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, in the order of the document, but for those that are no object."""
        described = [label for label, place in self.places.items() if isinstance(self.at(place), dict)]
        return tuple(self._operation(label) for label in described if not label.startswith("* "))

    @cached_property
    def readable(self) -> tuple[Operation, ...]:
        """The operations that requests can be made for; see `operation` for the others."""
        assert self.schema is not None  # its truth would be its length, which takes seconds in a large document
        found = []
        for operation in self.operations:
            with suppress(SpecError):
                found += [operation] if operation.raw else []
        return tuple(found)

    @cached_property
    def callbacks(self) -> tuple[Operation, ...]:
        """The operations of all callbacks, whose paths are their expressions (OpenAPI 3, Callback Object)."""
        found = []
        for operation in self.operations:
            base = f"{operation.pointer}/callbacks"
            for name, _ in items(self.at(base)):
                for expression, _ in described(self.at(at := base + pointer_of(name))):
                    place = at + pointer_of(expression)
                    methods = [key for key, _ in items(self.at(place)) if key in METHODS]
                    found += [Operation(self, m.upper(), expression, place + pointer_of(m)) for m in methods]
        return tuple(found)

    @cached_property
    def webhooks(self) -> tuple[Operation, ...]:
        """The POST operation of each webhook, whose path is its name."""
        return tuple(
            Operation(self, "POST", name, place)
            for key in _WEBHOOKS
            for name, _ in items(self.raw.get(key))
            if isinstance(self.at(place := pointer_of(key, name, "post")), dict)
        )

    @cached_property
    def of_requests(self) -> Schemas:
        """The schemas in their form for requests."""
        return self._schemas_without(READ_ONLY)

    @cached_property
    def of_responses(self) -> Schemas:
        """The schemas in their form for responses."""
        return self._schemas_without(WRITE_ONLY)

    @cached_property
    def sent_back(self) -> Schemas | None:
        """The schemas for responses, with what is only for requests forbidden; None where nothing is."""
        flags = spellings(WRITE_ONLY) & self._flags
        return Schemas(self, without=(WRITE_ONLY,), forbid=True) if flags else None

    @cached_property
    def of_either(self) -> Schemas:
        """The schemas as they hold where the direction is not known, as for webhooks and examples of schemas."""
        return self._schemas_without(READ_ONLY, WRITE_ONLY)

    def _schemas_without(self, *flags: str) -> Schemas:
        """Return the schemas without the properties that have a flag; the same ones where no property has one."""
        present = tuple(flag for flag in flags if self._flags & spellings(flag))
        return self._schemas.setdefault(present, Schemas(self, without=present))

    @cached_property
    def _flags(self) -> frozenset[str]:
        return flags_in(self.raw)

    def judged(self, operation: Operation, response: httpx.Response, failures: Sequence[Any]) -> Sequence[Any]:
        """Return the failures that Schemathesis found in a response, with the body judged in its direction."""
        failures = without_local_times(failures, self.raw)
        if not (self._flags or self._unusual):
            return failures
        return judged(operation, response, failures, self.of_responses, self.sent_back)

    def inputs(self, operation: Operation) -> Inputs:
        """Return what an operation takes."""
        if operation.label not in self._inputs:
            self._inputs[operation.label] = Inputs(operation, self.of_requests)
        return self._inputs[operation.label]

    @cached_property
    def _routes(self) -> Routes:
        return Routes(self.places, lambda label: self._operation(label).spanning)

    def _operation(self, label: str) -> Operation:
        if label not in self._operations:
            method, _, path = label.partition(" ")
            self._operations[label] = Operation(self, method, path, self.places[label], self._loaded)
        return self._operations[label]

    def _loaded(self, label: str) -> Any:
        method, _, path = label.partition(" ")
        if method != method.upper():  # methods are case-sensitive, and Schemathesis sends them in upper case
            raise SpecError(f"[provider] spec: {label} in {self.source} is not checked: a method in small letters")
        try:
            return self.schema[path][method]
        except SpecError:
            raise
        except Exception as exc:
            raise SpecError(f"[provider] spec: {label} in {self.source} cannot be read: {self._line(exc)}") from exc

    def operation(self, label: str) -> Operation:
        """Return the operation ``METHOD /path``; raises `SpecError` with the reason if it cannot be read."""
        if label not in self.places:
            self._loaded(label)
        operation = self._operation(label)
        assert operation.raw is not None
        return operation

    def as_seen(self, raw: Any) -> Operation:
        """Return Schemathesis' view of the operation ``raw``; the same one while the same is asked for."""
        known = self._seen.get(raw.label)
        if known is None or known.raw is not raw:
            known = Operation(self, raw.method.upper(), raw.path, self.places[raw.label], lambda _: raw)
            self._seen[raw.label] = known
        return known

    def find(self, method: str, url: httpx.URL | str) -> Operation | None:
        """Return the operation that a concrete request goes to, None when the document has none.

        Raises `SpecError` for one that cannot be read.
        """
        path = urlsplit(str(url)).path.removeprefix(self._prefix) or "/"
        label = self._routes.find(method.upper(), path)
        return self.operation(label) if label else None

    def request_violations(self, request: Request) -> list[str]:
        """Return how a request breaks the document, in words; missing credentials are not reported."""
        operation = self.find(request.method, request.url)
        if operation is None:
            return [f"{request.method} {request.path}: no operation of {self.source} describes this call"]
        found = self.inputs(operation).look(request.url, request.headers, request.body).violations
        return [f"{operation.label}: {violation}" for violation in found]

    def _line(self, exc: BaseException) -> str:
        text = self.shown(cut(one_line(exc), 400))
        return text + next((f" ({reason})" for written, reason in self.bundle.unread.items() if written in text), "")


def load_spec(
    reference: str,
    *,
    root: Path,
    base_url: str = "",
    fetch: Fetch | None = None,
    named_by: str = "harness.toml: [provider] spec",
    within: Path | None = None,
) -> Spec:
    """Read the OpenAPI document at a path relative to ``root``, or at a URL through ``fetch``.

    It may refer to files below its folder, or ``within`` (by default ``root``): what it refers to can be sent.
    Raises `SpecError`, which begins with the key or option ``named_by``, if any, and the reference.
    """
    place = f"{named_by}: {reference}" if named_by else reference
    remote = "://" in reference
    location = reference if remote else (root / reference).absolute().as_uri()
    text = fetched_document(reference, place, fetch) if remote else document_of(root / reference, place, root)
    repeated: RepeatedKeys = {location: []}
    folders = () if remote else ((root / reference).parent, within or root)
    document = read_document(text, place, repeated[location])
    return Spec(document, reference, base_url, location, partial(read_at, fetch, folders, repeated), repeated)
