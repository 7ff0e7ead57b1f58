"""Kinds of resources that the document describes: how one is created, read, listed, changed and deleted."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from harness.contract.body_variations import members
from harness.contract.caller import Caller
from harness.contract.identifiers import IDS, identity
from harness.contract.item_templates import success_schema, template_key
from harness.contract.sample import Sample
from harness.core.plain_names import plain, singular
from harness.http.message import is_json
from harness.openapi.json_document import items
from harness.openapi.operation import Operation

CREATED = frozenset({200, 201})
"""Statuses of a creation that is done; 202 promises nothing yet (RFC 9110 section 15.3.3)."""
_CHANGES = ("PATCH", "PUT")


class ResourceKind(msgspec.Struct, frozen=True, kw_only=True):
    """The operations about resources of one kind."""

    creation: Operation
    reading: Operation
    listings: tuple[Operation, ...]
    """At the path of the creation, where the items are, and without a parent: ``GET /books`` of all authors."""
    other_readings: tuple[Operation, ...] = ()
    """Of the same resource at other paths: ``GET /books/{id}`` of what ``GET /authors/{id}/books/{id}`` reads."""
    changes: tuple[Operation, ...]
    deletion: Operation | None
    """It may be called for what the run created, also where ``destructive`` is not set."""

    @property
    def identifier(self) -> str:
        """Name of the path parameter that distinguishes resources of this kind."""
        return self.reading.path_parameters[-1]

    @property
    def references(self) -> frozenset[str]:
        """Plain names of members and parameters that refer to a resource of this kind."""
        named, collection = plain(self.identifier), plain(self.creation.path.rpartition("/")[2])
        own = set() if named in IDS else {named}
        return frozenset({*own, singular(collection) + named, f"{singular(collection)}id"})

    @property
    def is_below(self) -> bool:
        """Whether a resource is read right below the path at which it is created."""
        return template_key(self.reading.path.rpartition("/")[0]) == template_key(self.creation.path)

    @property
    def has_validators(self) -> bool:
        """Whether the document promises that ETags of these resources are compared (RFC 9110 section 13)."""
        return "304" in self.reading.responses or any("412" in change.responses for change in self.changes)

    def base(self, created_at: str) -> str:
        """Return the path above a resource that was created by a call to the path ``created_at``."""
        return created_at.partition("?")[0].rstrip("/") if self.is_below else self.reading.path.rpartition("/")[0]

    def listing_path(self, listing: Operation, created_at: str) -> str:
        """Return where the listing is in which a resource stands that was created at the path ``created_at``."""
        if "{" not in listing.path:
            return listing.path
        is_own = template_key(listing.path) == template_key(self.creation.path)
        return created_at.partition("?")[0].rstrip("/") if is_own else self.base(created_at)


def kinds(caller: Caller) -> list[ResourceKind]:
    """Return the kinds of which a resource may be created and read, in the order of the document."""
    by_key = {f"{o.method} {template_key(o.path)}": o for o in caller.operations.values()}
    deletions = {template_key(o.path): o for o in caller.spec.operations if o.method == "DELETE"}
    found = []
    for creation in caller.operations.values():
        own = template_key(creation.path)
        items_of = caller.resources.items.get(own, ()) if creation.method == "POST" else ()
        read = [(t, o) for t in items_of if (o := by_key.get(f"GET {template_key(t.template)}"))]
        if not read:
            continue
        template, reading = read[0]
        item = template_key(template.template)
        beside = [by_key.get(f"GET {key}") for key in dict.fromkeys((own, item.rpartition("/")[0]))]
        listed = [o for o in beside if o is not None]
        reads = [o for o in caller.operations.values() if o.method == "GET" and template_key(o.path) not in (own, item)]
        found.append(
            ResourceKind(
                creation=creation,
                reading=reading,
                listings=(
                    *listed,
                    *(o for o in reads if "{" not in o.path and any(_is_alike(o, known) for known in listed)),
                ),
                other_readings=tuple(o for o in reads if "{" in o.path and _is_alike(o, reading)),
                changes=tuple(o for method in _CHANGES if (o := by_key.get(f"{method} {item}")) is not None),
                deletion=deletions.get(item),
            )
        )
    return found


def _listed_alike(reads: list[Operation], known: list[Operation]) -> list[Operation]:
    """Return the listings without a parent that show what a known one shows."""
    return [o for o in reads if "{" not in o.path and any(_is_alike(o, own) for own in known)]


def _is_alike(other: Operation, known: Operation) -> bool:
    """Whether two paths lead to one resource, or to listings of one kind: they end alike and show one schema."""
    schema = success_schema(known)
    return _end(other) == _end(known) and schema is not None and success_schema(other) == schema


def _end(operation: Operation) -> list[str]:
    """Return the plain names at the end of a path: of its collection, and of what identifies an item of that."""
    parts = operation.path.rstrip("/").split("/")
    return [plain(part) for part in parts[-2 if parts[-1].startswith("{") else -1 :]]


def place_of(kind: ResourceKind, created: Sample) -> tuple[str, bool]:
    """Return the path of what was created, and whether its answer states that, or a name alone suggests it.

    The path is empty where the answer names nothing.
    """
    location = created.response.headers.get("location", "")
    base = kind.base(created.path)
    last = urlsplit(location).path.rstrip("/").rpartition("/")[2]
    if last and urlsplit(location).path.rstrip("/").endswith(f"{base}/{last}"):
        return f"{base}/{last}", True
    value, is_stated = identity(created.document, kind.identifier)
    if value is None:
        return "", False
    segment = kind.reading.path.rpartition("/")[2]
    return f"{base}/{kind.reading.filled({kind.identifier: value}, segment)}", is_stated and kind.is_below


def read_members(operation: Operation, names: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the schemas of the members that a successful read shows: of the object with most of these ``names``."""
    for status, response in operation.responses.items():
        if status.startswith("2"):
            media = next((m for kind, m in items(response.get("content")) if is_json(kind)), None)
            schema = media.get("schema") if isinstance(media, dict) else response.get("schema")
            if schema is not None:
                own = members(operation.document, schema)
                inner = [members(operation.document, within) for within in own.values()]
                return max((own, *inner), key=lambda found: len(found.keys() & set(names)))
    return {}


def segment_of(path: str) -> str:
    """Return the last segment of a path, decoded: the identifier of what is there."""
    return unquote(path.rpartition("/")[2])
