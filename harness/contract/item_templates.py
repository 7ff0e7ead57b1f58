"""Which path templates are the items of which collection: right below it, or elsewhere by its name or its schema."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from harness.core.plain_names import plain
from harness.http.message import is_json
from harness.openapi.json_document import items
from harness.openapi.operation import Operation
from harness.openapi.routes import PARAMETER, prefixes
from harness.openapi.spec_document import Spec


class ItemTemplate(NamedTuple):
    """A template whose last segment has one parameter, which identifies an item of a collection."""

    template: str
    operation: Operation
    """One that has it, which declares how the parameter is written."""
    is_named: bool = True
    """Whether the path names the collection, so that what is added to the collection is such an item."""


def template_key(template: str) -> str:
    """Return a template without the names of its parameters, which may differ from path to path."""
    return PARAMETER.sub("{}", template).rstrip("/")


def item_templates(spec: Spec) -> dict[str, list[ItemTemplate]]:
    """Return the templates of items by the `template_key` of their collection.

    ``POST /authors/{id}/books`` adds what ``/authors/{id}/books/{id}`` identifies; where there is no such template,
    what ``/books/{id}`` does, or another that is read with the schema of the answer to the POST.
    """
    found: dict[str, dict[str, ItemTemplate]] = defaultdict(dict)
    for operation in spec.operations:
        for prefix, _ in prefixes(operation.path):
            above, _, last = prefix.rpartition("/")
            if len(PARAMETER.findall(last)) == 1:
                found[template_key(above)].setdefault(template_key(prefix), ItemTemplate(prefix, operation))
    below = {above: list(children.values()) for above, children in found.items()}
    single = [each for children in below.values() for each in children if each.template.count("{") == 1]
    adding = [o for o in spec.operations if o.method in ("POST", "GET") and template_key(o.path) not in below]
    reading = {o.path: success_schema(o) for o in spec.operations if o.method == "GET"}
    elsewhere: dict[str, list[ItemTemplate]] = {}
    for operation in adding:
        if related := _elsewhere(operation, single, reading):
            elsewhere.setdefault(template_key(operation.path), related)
    return below | elsewhere


def _elsewhere(operation: Operation, single: list[ItemTemplate], reading: dict[str, Any]) -> list[ItemTemplate]:
    """Return the items of a collection that are read elsewhere; ``reading`` has the schema of each GET by its path."""
    word = plain(operation.path.rpartition("/")[2])
    if "{" in operation.path.rpartition("/")[2] or not word:
        return []
    if named := [each for each in single if plain(each.template.rpartition("/")[0].rpartition("/")[2]) == word]:
        return named
    schema = success_schema(operation) if operation.method == "POST" else None
    if schema is None:
        return []
    alike = [each._replace(is_named=False) for each in single if reading.get(each.template) == schema]
    return alike if len(alike) == 1 else []  # of several, any may be meant


def success_schema(operation: Operation) -> Any:
    """Return the schema of the JSON of a success, as it is written; None for none."""
    for status in (201, 200):
        for kind, media in items(operation.response_to(status).get("content")):
            if is_json(kind) and isinstance(media, dict) and media.get("schema"):
                return media["schema"]
    return None
