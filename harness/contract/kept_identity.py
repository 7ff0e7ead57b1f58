"""A change leaves a resource where it is: with its identifier, at its path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.contract.body_variations import NAMES
from harness.contract.invariants import IDENTITY_STAYS
from harness.contract.lifecycle import Lifecycle
from harness.contract.readback import core
from harness.contract.resource_changes import Thing
from harness.contract.resource_kinds import segment_of
from harness.contract.resource_reader import GONE
from harness.contract.sample import Sample
from harness.core.plain_names import plain


def judge_identity(
    life: Lifecycle, thing: Thing, before: Mapping[str, Any], wanted: Mapping[str, Any], changed: Sample
) -> None:
    """Look for a thing that was changed at its path, under the identifier that it had ``before``.

    A text that is hidden with a change, and an identifier that is made of one, may be meant so.
    """
    name = _identifier(thing, before)
    if not name or name in wanted or any(_is_made_of(before[name], before.get(n)) for n in wanted):
        return
    asked = f"{changed.operation.method} {thing.path} of {', '.join(wanted)} answered {changed.response.status_code}"
    if thing.document:
        now = thing.document.get(name, before[name])
        if str(now) != str(before[name]):
            observed = f"{asked}, and GET shows {name} as {now!r:.80} instead of {before[name]!r:.80}"
            life.complain(changed.operation, IDENTITY_STAYS, observed)
    elif all(plain(n).endswith(NAMES) and v for n, v in wanted.items()):
        read = life.patience.settled(lambda: life.reader.read(thing.path), lambda s: s.response.status_code not in GONE)
        if (status := read.response.status_code) in GONE:
            life.complain(changed.operation, IDENTITY_STAYS, f"{asked}, and GET {thing.path} answered {status}")


def _identifier(thing: Thing, before: Mapping[str, Any]) -> str:
    """Return the member whose value is the last segment of the path; a name there may change, so it is an id."""
    own = segment_of(thing.path)
    return next((n for n, v in before.items() if plain(n).endswith("id") and str(v) == own), "")


def _is_made_of(identifier: Any, text: Any) -> bool:
    """Whether an identifier is that of a title, such as ``new-title``."""
    return isinstance(text, str) and bool(core(text)) and core(text) in core(str(identifier))
