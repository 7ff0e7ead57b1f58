"""The OpenAPI document: read, looked up by concrete request, and held against responses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from harness.errors import SpecError
from harness.openapi.document import METHODS, resolved
from harness.openapi.reading import read_document
from harness.openapi.routes import Routes

REDACTED = "[REDACTED "
"""How every placeholder of a secret begins."""
NEVER_REQUIRED = ("content-type", "date", "server")
"""The first by OpenAPI's own words; the others are the server's, and recordings do without."""


class Operation:
    """One operation of the document."""

    def __init__(self, schema: Any, raw: Any) -> None:
        """``schema`` and ``raw`` are Schemathesis' loaded document and operation."""
        self._schema = schema
        self.raw = raw

    @property
    def label(self) -> str:
        """``METHOD /path/template``."""
        return str(self.raw.label)

    def violations(self, response: httpx.Response) -> list[str]:
        """Return how ``response`` breaks the document: status, content type, headers, body; empty when it conforms.

        What a recording holds in place of a secret is not held against the secret's schema.
        """
        from schemathesis.core.failures import Failure, FailureGroup

        failures: Sequence[Failure] = ()
        try:
            self.raw.validate_response(response)
        except FailureGroup as group:
            failures = group.exceptions
        except Failure as failure:
            failures = (failure,)
        return [*(_said(f) for f in failures if not _is_redacted(f)), *self._lacking(response)]

    def _lacking(self, response: httpx.Response) -> Iterator[str]:
        """Yield the headers that the documented response requires and that did not come (OpenAPI, Header Object)."""
        documented = self.raw.responses.find_by_status_code(response.status_code)
        for name, header in (documented.headers if documented else {}).items():
            if header.is_required and name.lower() not in (*response.headers, *NEVER_REQUIRED):
                yield f"{response.status_code} without the header {name}, which the spec requires"


class Spec:
    """A loaded OpenAPI document."""

    def __init__(self, document: dict[str, Any], source: str, base_url: str = "", location: str | None = None) -> None:
        """``source`` is where it was read, for messages; ``base_url`` is where the provider answers.

        References to other documents start at the URL ``location``, else in the folder of this process.
        """
        self.document = document
        self._location = location
        self.source = source
        self._prefix = urlsplit(base_url).path.rstrip("/")

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
            document = {key: value for key, value in self.document.items() if key != "servers"}
            loaded = schemathesis.openapi.from_dict(document, config=schemathesis.Config())
        except Exception as exc:
            raise SpecError(f"[provider] spec: {self.source} cannot be loaded: {_line(exc)}") from exc
        loaded.location = self._location
        return loaded

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """All operations that can be read, in the order of the document; see `operation` for the others."""
        from schemathesis.core.result import Ok

        results = self.schema.get_all_operations()
        return tuple(Operation(self.schema, result.ok()) for result in results if isinstance(result, Ok))

    @cached_property
    def definitions(self) -> dict[str, dict[str, Any]]:
        """What the document says of each operation, by ``METHOD /path``; nothing but the document is looked at."""
        found = {}
        for path, item in self.document["paths"].items():
            methods = resolved(self.document, item)
            for method, definition in methods.items() if isinstance(methods, dict) else ():
                if method in METHODS:
                    found[f"{method.upper()} {path}"] = definition if isinstance(definition, dict) else {}
            if not isinstance(methods, dict):
                found[f"* {path}"] = {}  # unreadable, and nobody is to think that there is nothing
        return found

    @cached_property
    def _routes(self) -> Routes:
        return Routes(self.definitions)

    def operation(self, label: str) -> Operation:
        """Return the operation ``METHOD /path``; raises `SpecError` that says why it cannot be read."""
        method, _, path = label.partition(" ")
        try:
            return Operation(self.schema, self.schema[path][method])
        except SpecError:
            raise
        except Exception as exc:
            raise SpecError(f"[provider] spec: {label} in {self.source} cannot be read: {_line(exc)}") from exc

    def find(self, method: str, url: httpx.URL | str) -> Operation | None:
        """Return the operation that a concrete request goes to, None when the document has none.

        Raises `SpecError` for one that cannot be read.
        """
        path = urlsplit(str(url)).path.removeprefix(self._prefix) or "/"
        label = self._routes.find(method.upper(), path)
        return self.operation(label) if label else None

    def is_secured(self, operation: Operation) -> bool:
        """Whether the document asks for a credential there, without the option of going without."""
        required = self.definitions[operation.label].get("security", self.document.get("security", []))
        return bool(required) and {} not in required

    def webhooks(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield name and JSON schema of each webhook the document describes (OpenAPI 3.1 ``webhooks``)."""
        yield from ((name, media["schema"]) for name, media in self.webhook_contents())

    def webhook_contents(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield name and media type object of each webhook with a JSON body: its schema and its examples."""
        for name, item in (self.document.get("webhooks") or self.document.get("x-webhooks") or {}).items():
            content = item.get("post", {}).get("requestBody", {}).get("content", {})
            media = content.get("application/json", {})
            if media.get("schema") is not None:
                yield name, media


def load_spec(reference: str, *, root: Path, base_url: str = "", fetch: Callable[[str], bytes] | None = None) -> Spec:
    """Read the OpenAPI document at a path relative to ``root``, or at a URL through ``fetch``.

    Raises `SpecError` that names the file and what is wrong with it.
    """
    if "://" in reference:
        assert fetch is not None
        text, location = fetch(reference), reference
    else:
        path = root / reference
        location = path.absolute().as_uri()
        try:
            text = path.read_bytes()
        except OSError as exc:
            raise SpecError(
                f"harness.toml: [provider] spec: {reference} cannot be read: {exc.strerror}. "
                f"Paths start at {root}; a URL works too."
            ) from None
    return Spec(read_document(text, reference), reference, base_url, location)


def _is_redacted(failure: Any) -> bool:
    """Whether a value breaks its schema only because a placeholder stands in its place."""
    instance = getattr(failure, "instance", None)
    return isinstance(instance, str) and REDACTED in instance


def _said(failure: Any) -> str:
    """Return a Schemathesis failure as one line: its title and the first of what it found."""
    detail = " ".join(str(failure.message).split())
    return f"{failure.title}: {detail[:400]}" if detail else str(failure.title)


def _line(exc: BaseException) -> str:
    return " ".join(str(exc).split())[:400]
