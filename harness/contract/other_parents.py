"""Looks for a resource below another parent than its own, where nothing may show it."""

from __future__ import annotations

from harness.contract.caller import Caller
from harness.contract.identifiers import identity
from harness.contract.listings import every_entry
from harness.contract.resource_changes import Thing
from harness.contract.resource_reader import ResourceReader
from harness.openapi.operation import Operation
from harness.openapi.routes import PARAMETER


def listed_below_another(
    caller: Caller, reader: ResourceReader, listing: Operation, own: str, thing: Thing
) -> str | None:
    """Return the path of a listing below another parent that shows a thing; None where none does, or none is known.

    ``own`` is the path of the listing that it belongs to. Parents are others where the run created both and they are
    read with different identifiers: one parent may have two names. An entry is the thing where it has a text that was
    written, since entries may be numbered below each parent.
    """
    template = listing.path.rpartition("/")[0]
    reading = caller.operations.get(f"GET {template}")
    if reading is None or not PARAMETER.search(template):
        return None
    own_id = _identity(caller, reading, own)
    for path in caller.resources.paths(listing.path, created=True):
        if own_id is None or path == own or not caller.permits("GET", path):
            continue
        if _identity(caller, reading, path) in (None, own_id):
            continue
        entry = reader.entry(every_entry(caller, listing, path), thing.path)
        seen = Thing(thing.created, thing.path, thing.written)
        seen.document = entry or {}
        return path if reader.is_recognised(seen) else None
    return None


def read_below_another(caller: Caller, reader: ResourceReader, reading: Operation, thing: Thing) -> str | None:
    """Return the path below another parent at which a thing is read; None where none is, or none is known."""
    other = below_another(caller, reading, thing)
    if other is None or not caller.permits("GET", other):
        return None
    seen = Thing(thing.created, other, thing.written)
    seen.document = reader.document(seen, reader.read(other))
    return other if reader.is_recognised(seen) else None


def below_another(caller: Caller, reading: Operation, thing: Thing) -> str | None:
    """Return the path that a thing would have below another parent that the run created; None where none is known."""
    above, _, last = thing.path.rpartition("/")
    template = reading.path.rpartition("/")[0]
    parent = caller.operations.get(f"GET {template.rpartition('/')[0]}")
    if parent is None or not PARAMETER.search(template):
        return None
    own_id = _identity(caller, parent, above)
    for path in caller.resources.paths(template, created=True):
        if own_id is not None and path != above and _identity(caller, parent, path) not in (None, own_id):
            return f"{path}/{last}"
    return None


def _identity(caller: Caller, reading: Operation, below: str) -> str | None:
    """Return the identifier with which the parent of a path is read."""
    sample = caller.call(reading, below.rpartition("/")[0])
    found = identity(sample.document, reading.path_parameters[-1])[0] if sample.response.is_success else None
    return None if found is None else str(found)
