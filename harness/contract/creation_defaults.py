"""What a creation leaves out, and the time that it states: defaults of the document, and the time of creation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from harness.contract.body_variations import MOST_BODIES
from harness.contract.further_creations import read_back
from harness.contract.invariants import CREATED_NOW, DEFAULT_TAKEN
from harness.contract.lifecycle import Lifecycle
from harness.contract.readback import CREATION_TIME, STATES, agrees, instant, is_compared, is_empty
from harness.contract.resource_changes import Thing
from harness.contract.resource_kinds import CREATED
from harness.contract.sample import Sample
from harness.core.dates import http_date
from harness.core.plain_names import plain

_NUMBER = 4
"""Of the resource that is created for this: not one of those that the chain changes."""
_SKEW_S = 20 * 60.0
"""A clock may be wrong, and a zone is wrong by half an hour at least."""
_ZONES_S = 26 * 3600.0
_ZONE = re.compile(r"\d[Tt ]\d\d:\d\d.*(Z|z|[+-]\d\d:?\d\d)$")


def judge_creation(life: Lifecycle, first: Thing) -> None:
    """Create a resource without what has a default and look for that; then the time that the first one states."""
    for name, value in first.document.items():
        if CREATION_TIME.search(plain(name)) and (shift := _shift(value, first.created)):
            life.complain(life.kind.creation, CREATED_NOW, f"{name} is {value}, {shift:+.1f} hours from its Date")
    defaults = {n: s["default"] for n, s in life.writer.members.items() if "default" in s and _is_clients(n, s)}
    made = _made(life, first, defaults) if defaults else None
    if made is None:
        return
    left_out = {n: v for n, v in defaults.items() if n not in made.body}
    thing = read_back(life, made, made.body) if left_out else None
    if thing is None:
        return
    for name, default in left_out.items() if life.reader.is_recognised(thing) else ():
        if name in thing.document and not _is_default(default, thing.document[name]):
            observed = f"GET {thing.path}: {name} was left out and is read as {thing.document[name]!r:.80}"
            life.complain(life.kind.creation, DEFAULT_TAKEN, f"{observed}; its default is {default!r:.80}")
    life.remove(thing.path)


def _is_clients(name: str, schema: Mapping[str, Any]) -> bool:
    return is_compared(name, schema) and plain(name) not in STATES


def _is_default(default: Any, read: Any) -> bool:
    return default is None or (is_empty(default) and is_empty(read)) or agrees(default, read)


def _made(life: Lifecycle, first: Thing, defaults: Mapping[str, Any]) -> Sample | None:
    for body in islice(life.writer.bodies(_NUMBER), MOST_BODIES):
        less = body
        for name in defaults if isinstance(body, dict) else ():
            without = {n: v for n, v in less.items() if n != name}
            less = without if life.writer.is_valid(without) else less
        if not isinstance(less, dict) or less.keys() >= defaults.keys():
            continue
        sample = life.caller.call(life.kind.creation, first.created.path, less)
        if sample.response.status_code in CREATED:
            return sample
    return None


def _shift(value: Any, created: Sample) -> float:
    """Return by how many hours a time differs from the clock of the answer, as a wrong zone does; 0 for none."""
    at = instant(value) if isinstance(value, str) and _ZONE.search(value) else None
    now = http_date(created.response.headers.get("date", ""))
    if at is None or now is None or not _SKEW_S < abs(at - now) < _ZONES_S:
        return 0.0
    return (at - now) / 3600
