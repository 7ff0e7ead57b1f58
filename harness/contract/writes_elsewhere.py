"""Writes that name a resource below another parent than its own, and what is left below a parent that was deleted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from harness.contract.body_variations import MOST_BODIES
from harness.contract.invariants import ORPHANED, WRITES_BELOW
from harness.contract.item_templates import template_key
from harness.contract.lifecycle import Lifecycle
from harness.contract.other_parents import below_another
from harness.contract.readback import agrees
from harness.contract.resource_changes import Changer, Thing
from harness.contract.resource_kinds import CREATED, place_of
from harness.contract.resource_reader import GONE

_NUMBER = 4
"""Of the resource that is created below what is deleted."""


def judge_writes_elsewhere(life: Lifecycle, thing: Thing) -> bool:
    """Change and delete a thing below another parent, where it is not; return whether it is still there."""
    other = below_another(life.caller, life.kind.reading, thing)
    if other is None:
        return True
    for operation in life.kind.changes:
        changer = Changer(life.caller, operation, life.writer.members)
        wanted = changer.plain_change(thing, but=life.unlike)
        body = changer.body(thing, wanted)
        if body is None or not life.caller.permits(operation.method, other):
            continue
        if not changer.send(other, body, tag=thing.tag).response.is_success:
            continue
        read = life.reader.read(thing.path)
        shown = life.reader.document(thing, read)
        if name := next((n for n, v in wanted.items() if n in shown and agrees(v, shown[n])), ""):
            observed = f"{operation.method} {other} changed {name} of {thing.path}"
            life.complain(operation, WRITES_BELOW, observed)
        life.remember(thing, read)
    return not _deletes_elsewhere(life, thing, other)


def _deletes_elsewhere(life: Lifecycle, thing: Thing, other: str) -> bool:
    deletion = life.kind.deletion
    if deletion is None or not life.caller.permits("DELETE", other):
        return False
    if not life.caller.call(deletion, other).response.is_success:
        return False
    is_gone = life.reader.read(thing.path).response.status_code in GONE
    if is_gone:
        life.complain(deletion, WRITES_BELOW, f"DELETE {other} deleted {thing.path}")
    return is_gone


def judge_left_below(life: Lifecycle, parent: Thing, others: Sequence[Lifecycle]) -> bool:
    """Create something below a parent, delete the parent and look for what was below; return whether it is deleted."""
    deletion, key = life.kind.deletion, template_key(life.kind.reading.path)
    below = (o for o in others if o.kind.is_below and template_key(o.kind.creation.path.rpartition("/")[0]) == key)
    child = next(below, None)
    if child is None or deletion is None or not life.caller.permits("DELETE", parent.path):
        return False
    thing = _made_below(child, parent)
    if thing is None:
        return False
    deleted = life.caller.call(deletion, parent.path).response
    if not deleted.is_success or life.reader.read(parent.path).response.status_code not in GONE:
        child.remove(thing.path)
        return False
    read = life.patience.settled(lambda: child.reader.read(thing.path), lambda s: not s.response.is_success)
    if read.response.is_success:
        where = f"GET {thing.path} answered {read.response.status_code} after DELETE {parent.path} had succeeded"
        child.complain(child.kind.reading, ORPHANED, where)
    return True


def _made_below(child: Lifecycle, parent: Thing) -> Thing | None:
    """Create a resource below a parent; None where that is not possible, or the resource is not recognised."""
    creation = child.kind.creation
    path = f"{parent.path}/{creation.path.rpartition('/')[2]}"
    for body in islice(child.writer.bodies(_NUMBER), MOST_BODIES):
        sample = child.caller.call(creation, path, body)
        if sample.response.status_code in CREATED and isinstance(body, dict):
            thing = Thing(sample, place_of(child.kind, sample)[0], dict(body))
            if thing.path and child.caller.permits("GET", thing.path):
                thing.document = child.reader.document(thing, child.reader.read(thing.path))
                return thing if child.reader.is_recognised(thing) else None
            return None
    return None
