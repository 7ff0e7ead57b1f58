"""Creates once more, with values that not every store keeps: zero, large numbers, texts with emoji."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from harness.contract.body_variations import MOST_BODIES
from harness.contract.invariants import READ_AS_WRITTEN
from harness.contract.lifecycle import Lifecycle
from harness.contract.resource_changes import Thing
from harness.contract.resource_kinds import place_of
from harness.contract.sample import Sample

_NUMBER = 2
"""Of the resource: its numbers are zero, and its texts the hardest that the document allows."""


def judge_hard_values(life: Lifecycle, first: Thing) -> None:
    """Create a resource like ``first`` with such values, compare what is read with them, and delete it."""
    if life.is_broken(life.kind.creation, READ_AS_WRITTEN):
        return
    for body in islice(life.writer.bodies(_NUMBER), MOST_BODIES):
        made = life.caller.attempt(life.kind.creation, first.created.path, body)
        if made is not None and made.response.is_success and isinstance(body, dict):
            if thing := read_back(life, made, body):
                judge_as_written(life, thing)
                life.remove(thing.path)
            return


def read_back(life: Lifecycle, made: Sample, body: Mapping[str, Any]) -> Thing | None:
    """Return what a creation made, as it is read; None where its answer names nothing that may be read."""
    path = place_of(life.kind, made)[0]
    if not path or not life.caller.permits("GET", path):
        return None
    thing = Thing(made, path, dict(body))
    thing.document = life.reader.document(thing, life.reader.read(path))
    return thing


def judge_as_written(life: Lifecycle, thing: Thing) -> None:
    """Judge whether what is read of a thing is what was written."""
    if thing.document and (unlike := life.reader.unlike_written(thing, thing.document)):
        life.complain(life.kind.creation, READ_AS_WRITTEN, f"GET {thing.path}: {'; '.join(unlike.values())}")
