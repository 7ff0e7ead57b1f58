"""The OpenAPI document: read, looked up by concrete request, and held against responses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

from harness.errors import SpecError

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


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
        """Return how ``response`` breaks the document: status, content type, headers, body; empty when it conforms."""
        from schemathesis.core.failures import Failure, FailureGroup

        try:
            self.raw.validate_response(response)
        except FailureGroup as group:
            return [_said(f) for f in group.exceptions]
        except Failure as failure:
            return [_said(failure)]
        return []


class Spec:
    """A loaded OpenAPI document."""

    def __init__(self, document: dict[str, Any], source: str, base_url: str = "") -> None:
        """``source`` is where it was read, for messages; ``base_url`` is where the provider answers."""
        import schemathesis

        self.document = document
        self.source = source
        self._prefix = urlsplit(base_url).path.rstrip("/")
        try:
            # An explicit Config keeps a schemathesis.toml lying about from changing what is checked.
            self._schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config())
        except Exception as exc:
            raise SpecError(f"[provider] spec: {source} cannot be loaded: {exc}") from exc

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, in the order of the document; raises `SpecError` for one that cannot be read."""
        from schemathesis.core.result import Err

        found = []
        for result in self._schema.get_all_operations():
            if isinstance(result, Err):
                raise SpecError(f"[provider] spec: an operation of {self.source} cannot be read: {result.err()}")
            found.append(Operation(self._schema, result.ok()))
        return tuple(found)

    def find(self, method: str, url: httpx.URL | str) -> Operation | None:
        """Return the operation that a concrete request goes to, None when the document has none."""
        path = urlsplit(str(url)).path.removeprefix(self._prefix) or "/"
        raw = self._schema.find_operation_by_path(method.upper(), path)
        return Operation(self._schema, raw) if raw is not None else None

    def is_secured(self, operation: Operation) -> bool:
        """Whether the document asks for a credential there, without the option of going without."""
        definition = self.document["paths"][operation.raw.path][operation.raw.method.lower()]
        required = definition.get("security", self.document.get("security", []))
        return bool(required) and {} not in required

    def webhooks(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield name and JSON schema of each webhook the document describes (OpenAPI 3.1 ``webhooks``)."""
        for name, item in (self.document.get("webhooks") or self.document.get("x-webhooks") or {}).items():
            content = item.get("post", {}).get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            if schema is not None:
                yield name, schema


def load_spec(reference: str, *, root: Path, base_url: str = "", fetch: Callable[[str], bytes] | None = None) -> Spec:
    """Read the OpenAPI document at a path relative to ``root``, or at a URL through ``fetch``.

    Raises `SpecError` that names the file and what is wrong with it.
    """
    if "://" in reference:
        assert fetch is not None
        text = fetch(reference)
    else:
        path = root / reference
        try:
            text = path.read_bytes()
        except OSError as exc:
            raise SpecError(
                f"harness.toml: [provider] spec: {reference} cannot be read: {exc.strerror}. "
                f"Paths start at {root}; a URL works too."
            ) from None
    return Spec(_document(text, reference), reference, base_url)


def _document(text: bytes, reference: str) -> dict[str, Any]:
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, see below
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        where = " ".join(str(exc).split())
        raise SpecError(f"harness.toml: [provider] spec: {reference} is neither JSON nor YAML: {where}") from None
    if not isinstance(document, dict) or not ({"openapi", "swagger"} & document.keys()):
        raise SpecError(
            f"harness.toml: [provider] spec: {reference} is not an OpenAPI document: it has no `openapi` key "
            "at the top. Point spec at the API description itself."
        )
    if not isinstance(document.get("paths", {}), dict) or not (document.get("paths") or document.get("webhooks")):
        raise SpecError(f"harness.toml: [provider] spec: {reference} describes no operation: `paths` is empty.")
    document.setdefault("paths", {})
    return document


class _Loader(yaml.CSafeLoader):
    """A safe loader that leaves dates as the strings they are in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _said(failure: Any) -> str:
    """Return a Schemathesis failure as one line: its title and the first of what it found."""
    detail = " ".join(str(failure.message).split())
    return f"{failure.title}: {detail[:400]}" if detail else str(failure.title)
