"""The OpenAPI document: its operations and webhooks, looked up by label or by concrete request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from harness.core.pointers import mapped, pointer_of
from harness.errors import NetworkError, SpecError, one_line
from harness.http.message import Request
from harness.openapi.bundling import Bundle
from harness.openapi.directions import READ_ONLY, WRITE_ONLY, Directions, flags_in, spellings
from harness.openapi.inputs import Inputs
from harness.openapi.json_document import JsonDocument, items
from harness.openapi.media_ranges import specificity
from harness.openapi.operation import METHODS, Operation
from harness.openapi.reading import MAX_BYTES, parsed, read_document
from harness.openapi.references import path_of
from harness.openapi.response_bodies import judged
from harness.openapi.routes import Routes
from harness.openapi.schemas import Schemas

Fetch = Callable[[str], bytes]
"""Returns the content of a URL; raises what httpx does, or `HarnessError`."""
_TEXTS = (".md", ".txt", ".graphql", ".html")
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
        fetch: Fetch | None = None,
    ) -> None:
        """``source`` is where it was read, for messages; ``base_url`` is where the provider answers.

        References to other documents start at the URL ``location``, and are read by ``fetch`` where they are of the
        network. What they name becomes a part of ``document``.
        """
        super().__init__(document)
        self.bundle = Bundle(document, location, partial(_read, fetch))
        self.source = source
        self._prefix = urlsplit(base_url).path.rstrip("/")
        self._schemas: dict[tuple[str, ...], Schemas] = {}
        self._inputs: dict[str, Inputs] = {}
        self._operations: dict[str, Operation] = {}

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
            self._order_ranges()
            document = {key: value for key, value in self.raw.items() if key != "servers"}
            if self._flags & spellings(READ_ONLY):  # Schemathesis misses some; `judged` makes up for responses
                document = mapped(document, lambda value: value)
                Directions(JsonDocument(document).resolved, [READ_ONLY]).relax(document)
            return schemathesis.openapi.from_dict(document, config=schemathesis.Config())
        except Exception as exc:
            raise SpecError(f"[provider] spec: {self.source} cannot be loaded: {self._line(exc)}") from exc

    def _order_ranges(self) -> None:
        """Put the most specific media types first: of several ranges, Schemathesis takes the first that fits."""
        for operation in self.operations:
            for response in operation.responses.values():
                content = response.get("content")
                if isinstance(content, dict) and any("*" in str(kind) for kind in content):
                    ordered = sorted(content.items(), key=lambda kind: -specificity(str(kind[0])))
                    content.clear()
                    content.update(ordered)

    @cached_property
    def places(self) -> dict[str, str]:
        """Place of each operation, by label; ``* /path`` where the path item cannot be read."""
        found = {}
        for path, _ in items(self.raw.get("paths")):
            place = pointer_of("paths", path)
            item = self.at(place)
            for key, _ in items(item):
                if key in METHODS:
                    found[f"{key.upper()} {path}"] = place + pointer_of(key)
            for method, _ in items(item.get("additionalOperations")) if isinstance(item, dict) else ():  # OpenAPI 3.2
                found[f"{method} {path}"] = place + pointer_of("additionalOperations", method)
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
        return judged(operation, response, failures, self.of_responses) if self._flags else failures

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
        if "/additionalOperations/" in self.places.get(label, ""):
            raise SpecError(
                f"[provider] spec: {label} in {self.source} is not checked: an additional operation (OpenAPI 3.2)"
            )
        try:
            return self.schema[path][method]
        except SpecError:
            raise
        except Exception as exc:
            reason = self._line(exc)
            raise SpecError(f"[provider] spec: {label} in {self.source} cannot be read: {reason}") from exc

    def operation(self, label: str) -> Operation:
        """Return the operation ``METHOD /path``; raises `SpecError` with the reason if it cannot be read."""
        if label not in self.places:
            self._loaded(label)
        operation = self._operation(label)
        assert operation.raw is not None
        return operation

    def as_seen(self, raw: Any) -> Operation:
        """Return Schemathesis' view of the operation ``raw``."""
        return Operation(self, raw.method.upper(), raw.path, self.places[raw.label], lambda _: raw)

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
        return self.shown(one_line(exc)[:400])


def load_spec(
    reference: str,
    *,
    root: Path,
    base_url: str = "",
    fetch: Fetch | None = None,
    named_by: str = "harness.toml: [provider] spec",
) -> Spec:
    """Read the OpenAPI document at a path relative to ``root``, or at a URL through ``fetch``.

    Raises `SpecError`, which begins with ``named_by`` (the key or option that names the document), if any, and the
    reference.
    """
    place = f"{named_by}: {reference}" if named_by else reference
    if "://" in reference:
        assert fetch is not None
        location = reference
        try:
            text = _fetched(fetch, reference)
        except LookupError as exc:
            raise SpecError(
                f"{place} cannot be read: {exc}. Is it the description's own URL, and does it need no credential? "
                "A path to a file works too."
            ) from None
    else:
        path = root / reference
        location = path.absolute().as_uri()
        try:
            text = path.read_bytes()
        except OSError as exc:
            raise SpecError(
                f"{place} cannot be read: {exc.strerror}. Paths start at {root}; a URL works too."
            ) from None
    return Spec(read_document(text, place), reference, base_url, location, fetch)


def _read(fetch: Fetch | None, url: str) -> Any:
    """Return the content of a file or URL; raises `HarnessError`, `OSError`, `LookupError` or `ValueError`."""
    if url.startswith("file:"):
        path = path_of(url)
        if not path.is_file():
            raise LookupError("there is no such file")
        if path.stat().st_size > MAX_BYTES:
            raise LookupError(f"it is larger than {MAX_BYTES >> 20} MB")
        text = path.read_bytes()
    elif fetch is None:
        raise NetworkError("URLs are not fetched here; save it beside the document")
    else:
        text = _fetched(fetch, url)
    return text.decode(errors="replace") if urlsplit(url).path.endswith(_TEXTS) else parsed(text)


def _fetched(fetch: Fetch, url: str) -> bytes:
    """Return the content of a URL; raises `LookupError` with the reason if it cannot be fetched, and `HarnessError`."""
    try:
        return fetch(url)
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise LookupError(one_line(exc)) from None
