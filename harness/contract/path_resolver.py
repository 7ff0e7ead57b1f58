"""Concrete paths for a template such as ``/projects/{id}/runs``, from what a run has learned of the provider."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from harness.contract.caller import Caller, Sample
from harness.contract.page_statements import entries
from harness.openapi.operation import Operation
from harness.openapi.routes import PARAMETER

MOST = 5
"""Paths that are tried for one template."""
IDS = ("id", "uuid", "uid", "key", "name")


def example(caller: Caller, parameter: dict[str, Any]) -> Any:
    """Return a value that the document gives for a parameter, None where it gives none."""
    schema = caller.spec.resolved(parameter.get("schema", parameter))  # OpenAPI 2.0: the parameter is its own schema
    several = parameter.get("examples")
    named = [caller.spec.resolved(e).get("value") for e in several.values()] if isinstance(several, dict) else []
    lists = [schema[k] for k in ("examples", "enum") if isinstance(schema.get(k), list)]
    given = [
        parameter.get("example"),
        parameter.get("x-example"),
        *named,
        schema.get("example"),
        schema.get("default"),
        schema.get("const"),
    ]
    return next((v for v in (*given, *(v for values in lists for v in values)) if v is not None), None)


class PathResolver:
    """Finds values for path parameters: of calls that succeeded, of listings, and of the document's examples."""

    def __init__(self, caller: Caller, samples: Sequence[Sample]) -> None:
        """``samples`` are calls that succeeded, in order."""
        self._caller = caller
        self._samples = samples
        self._listed: dict[str, list[Any]] = {}

    def of(self, operation: Operation) -> list[str]:
        """Return paths that an operation may answer at, the likeliest first; none where nothing is known."""
        examples = {
            p["name"]: value
            for p in operation.parameters
            if p.get("in") == "path" and (value := example(self._caller, p)) is not None
        }
        found = (
            p for p in self._places(operation, operation.path.split("/"), examples) if self._caller.permits("GET", p)
        )
        return list(dict.fromkeys(islice(found, MOST)))

    def _places(self, operation: Operation, template: list[str], examples: dict[str, Any]) -> Iterator[str]:
        if not any("{" in step for step in template):
            yield "/".join(template)
            return
        *above, last = template
        names = PARAMETER.findall(last)
        if not names:
            yield from (f"{place}/{last}" for place in self._places(operation, above, examples))
            return
        yield from self._called(template)
        for place in self._places(operation, above, examples):
            for value in self._values(above, place) if len(names) == 1 else ():
                yield f"{place}/{operation.filled({names[0]: value}, last)}"
            if examples.keys() >= set(names):
                yield f"{place}/{operation.filled(examples, last)}"

    def _called(self, template: list[str]) -> Iterator[str]:
        """Yield where calls below this very template went; the latest first, for the walk deletes what it made."""
        for sample in reversed(self._samples):
            if sample.operation.method != "DELETE" and sample.operation.path.split("/")[: len(template)] == template:
                yield "/".join(urlsplit(sample.path).path.split("/")[: len(template)])

    def _values(self, template: list[str], place: str) -> Iterator[Any]:
        """Yield ids of what was made at a place, and of what is listed there."""
        for sample in reversed(self._samples):
            if sample.operation.method == "POST" and urlsplit(sample.path).path == place:
                yield from _ids([sample.document])
        listing = self._caller.operations.get("GET " + "/".join(template))
        if listing is not None and self._caller.permits("GET", place):
            if place not in self._listed:
                self._listed[place] = list(islice(_ids(entries(self._caller.call(listing, place))), MOST))
            yield from self._listed[place]


def _ids(found: list[Any]) -> Iterator[Any]:
    for entry in found:
        named = next((entry[k] for k in IDS if k in entry), None) if isinstance(entry, dict) else None
        if isinstance(named, str | int) and not isinstance(named, bool) and named != "":
            yield named
