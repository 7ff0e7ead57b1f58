"""Members of members: a merge patch keeps what it does not name, and a replacement does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from harness.contract.body_variations import is_free, values
from harness.contract.invariants import CHANGE_STAYS_WITHIN, REPLACED
from harness.contract.lifecycle import Lifecycle
from harness.contract.readback import agrees, is_compared, is_empty, same
from harness.contract.resource_changes import Changer, Thing


class Nested(NamedTuple):
    """A member that is an object, one of its members with another value, and one that is not named."""

    name: str
    inner: str
    value: Any
    beside: str


def judge_merge(life: Lifecycle, changer: Changer, thing: Thing) -> None:
    """Change one member of a member by a merge patch, and look for those beside it (RFC 7396 section 2)."""
    if not changer.merges or life.is_broken(changer.operation, CHANGE_STAYS_WITHIN):
        return
    for nested in _nested(changer, thing):
        before = _changed(life, changer, thing, nested)
        if before is None:
            continue
        now = thing.document[nested.name].get(nested.beside)
        if not same(before[nested.beside], now):
            asked = f"PATCH {thing.path} of {nested.name}.{nested.inner}"
            shown = f"{nested.name}.{nested.beside} was {before[nested.beside]!r:.80} and is {now!r:.80}"
            life.complain(changer.operation, CHANGE_STAYS_WITHIN, f"{asked}: {shown}")
        return


def judge_nested_replacement(life: Lifecycle, changer: Changer, thing: Thing) -> None:
    """Replace a thing, and leave out a member of a member: it does not stay (RFC 9110 section 9.3.4)."""
    if life.is_broken(changer.operation, REPLACED):
        return
    for nested in _nested(changer, thing):
        before = _changed(life, changer, thing, nested)
        if before is None:
            continue
        if same(before[nested.beside], thing.document[nested.name].get(nested.beside)):
            left_out = f"{nested.name}.{nested.beside}"
            observed = (
                f"PUT {thing.path} without {left_out} succeeded, and GET still shows {before[nested.beside]!r:.80}"
            )
            life.complain(changer.operation, REPLACED, observed)
        return


def _nested(changer: Changer, thing: Thing) -> Iterator[Nested]:
    for name, schema in changer.members.items():
        document, inside = thing.document.get(name), schema.get("properties")
        if not isinstance(document, dict) or not isinstance(inside, dict) or not is_compared(name, schema):
            continue
        free = [n for n, s in inside.items() if isinstance(s, dict) and is_compared(n, s) and is_free(n, s)]
        shown = [n for n in free if not is_empty(document.get(n)) and isinstance(document[n], str)]
        for inner in shown:
            other = next(
                (v for v in values(inside[inner], document[inner]) if v and not agrees(v, document[inner])), None
            )
            if other is not None and (beside := next((n for n in shown if n != inner), "")):
                yield Nested(name, inner, other, beside)


def _changed(life: Lifecycle, changer: Changer, thing: Thing, nested: Nested) -> dict[str, Any] | None:
    """Make the change; return the member from before it, None where it was not made or does not show."""
    before = thing.document[nested.name]
    body = changer.body(thing, {nested.name: {nested.inner: nested.value}})
    if body is None:
        return None
    sample = changer.send(thing.path, body, tag=thing.tag)
    if not sample.response.is_success or sample.response.status_code == 202:
        return None

    def shows(document: dict[str, Any]) -> bool:
        found = document.get(nested.name)
        return isinstance(found, dict) and agrees(nested.value, found.get(nested.inner))

    read = life.patience.settled(lambda: life.reader.read(thing.path), lambda s: shows(life.reader.document(thing, s)))
    life.remember(thing, read)
    thing.written.pop(nested.name, None)
    return dict(before) if shows(thing.document) else None
