"""Several members in one change: each of them that can be changed alone is changed beside the others too."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from harness.contract.invariants import CHANGE_STAYS
from harness.contract.lifecycle import Lifecycle
from harness.contract.resource_changes import Changer, Thing
from harness.contract.shown_changes import first_missing, unshown

MOST_COMBINED = 2
"""Changes of several members: all at once, and two, where the document or the provider does not take all."""


def judge_combined(life: Lifecycle, changer: Changer, thing: Thing, done: Collection[str]) -> None:
    """Change the members of ``done`` in one request, and look for each; they were changed alone before."""
    if not changer.is_partial or life.is_broken(changer.operation, CHANGE_STAYS):
        return
    for wanted in _combinations(changer, thing, done):
        body = changer.body(thing, wanted)
        if body is None:
            continue
        before = dict(thing.document)
        sample = changer.send(thing.path, body, tag=thing.tag)
        if not sample.response.is_success or sample.response.status_code == 202:
            continue
        read = life.patience.settled(
            lambda: life.reader.read(thing.path),
            lambda s: not first_missing(wanted, life.reader.document(thing, s), before),  # noqa: B023 - called at once
        )
        life.remember(thing, read)
        if not thing.document:
            thing.document = before
        elif name := first_missing(wanted, thing.document, before):
            observed = f"{', '.join(wanted)} in one: {unshown(sample, name, thing.document, wanted[name])}"
            life.complain(changer.operation, CHANGE_STAYS, observed)
        else:
            thing.written |= {n: v for n, v in wanted.items() if n in thing.written}
        return


def _combinations(changer: Changer, thing: Thing, done: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield new values for all free texts and numbers of ``done``, then for the first two, where there are more."""
    new: dict[str, Any] = {}
    for change in changer.changes(thing):
        for name, value in change.items():
            if name in done and changer.is_plain(name, value):
                new.setdefault(name, value)
    if len(new) > 1:
        yield new
    if len(new) > MOST_COMBINED:
        yield dict(islice(new.items(), 2))
