"""Concrete paths for a template such as ``/projects/{id}/runs``, from what a run has learned of the provider."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from harness.contract.caller import Caller
from harness.contract.required_inputs import example
from harness.http.message import SAFE_METHODS
from harness.openapi.operation import Operation
from harness.openapi.routes import PARAMETER, prefixes

MOST = 5
"""Paths that are tried for one template."""


class PathResolver:
    """Finds values for path parameters: of calls that succeeded, of listings, and of the document's examples."""

    def __init__(self, caller: Caller) -> None:
        """What ``caller`` learnt comes first; it asks for listings where that is not enough."""
        self._caller = caller
        self._listed: set[str] = set()

    def of(self, operation: Operation) -> list[str]:
        """Return paths that an operation may answer at, the likeliest first; none where nothing is known."""
        found = (p for p in self._paths(operation) if self._caller.permits("GET", p))
        return list(islice(dict.fromkeys(found), MOST))

    def likeliest(self, operation: Operation) -> str | None:
        """Return the likeliest real path at which an operation may be called; None where none is known.

        What it replaces, changes or deletes is only what the run created.
        """
        if "{" not in operation.path:
            return operation.path
        resources = self._caller.resources
        if operation.method not in {*SAFE_METHODS, "POST"}:
            return resources.filled(operation.path, created=True)
        return resources.filled(operation.path) or next(iter(self.of(operation)), None)

    def _paths(self, operation: Operation) -> Iterator[str]:
        resources = self._caller.resources
        for prefix, _ in prefixes(operation.path):
            self._list(prefix.rpartition("/")[0])
        yield from resources.paths(operation.path)
        examples = self._examples(operation)
        for prefix in reversed(["", *(prefix for prefix, _ in prefixes(operation.path))]):
            rest = operation.path[len(prefix) :]
            names = PARAMETER.findall(rest)
            if names and examples.keys() >= set(names):
                yield from (base + operation.filled(examples, rest) for base in resources.paths(prefix))

    def _examples(self, operation: Operation) -> dict[str, Any]:
        declared = (p for p in operation.parameters if p.get("in") == "path")
        found = ((p["name"], example(self._caller.spec, p)) for p in declared)
        return {name: value for name, value in found if value is not None}

    def _list(self, template: str) -> None:
        """Ask once for what is listed at a template; what it lists is learnt on the way."""
        listing = self._caller.operations.get(f"GET {template}")
        path = self._caller.resources.filled(template)
        if listing is None or path is None or path in self._listed or not self._caller.permits("GET", path):
            return
        self._listed.add(path)
        self._caller.call(listing, path)
