"""Bodies for calls of the harness' own: valid ones, with the ids of real resources in place of made-up ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from harness.contract.caller import Caller
from harness.contract.created_resources import CreatedResources
from harness.contract.sample import Sample
from harness.openapi.examples import valid_bodies
from harness.openapi.operation import Operation

FINAL = frozenset({401, 403, 405, 429})
"""Statuses of a refusal that another body does not change."""


def first_accepted(bodies: Iterable[Any], call: Callable[[Any], Sample | None]) -> Sample | None:
    """Return the answer to the first body that is accepted, else the last one; None where ``call`` has none."""
    last = None
    for body in bodies:
        last = call(body)
        if last is None or last.response.is_success or last.response.status_code in FINAL:
            break
    return last


def sendable_bodies(caller: Caller, operation: Operation, *, random_seed: int) -> Iterator[Any]:
    """Yield valid bodies of an operation, the document's examples first, each once; None alone where it takes none.

    A member that is named like the parameter of a path, such as ``projectId``, refers to a resource: a real one is
    tried before that of the document.
    """
    sent: list[Any] = []
    fits = caller.spec.of_requests.at(operation.body_place) if operation.body_place else None
    for body in valid_bodies(operation, random_seed=random_seed):
        bound = _bound(body, caller.resources)
        for each in (bound, body):
            if each not in sent and (each is body or fits is None or fits.is_valid(each)):
                sent.append(each)
                yield each


def _bound(value: Any, resources: CreatedResources) -> Any:
    """Return a body with the ids of real resources."""
    if isinstance(value, list):
        return [_bound(entry, resources) for entry in value]
    if not isinstance(value, dict):
        return value
    return {name: _reference(str(name), member, resources) for name, member in value.items()}


def _reference(name: str, member: Any, resources: CreatedResources) -> Any:
    if isinstance(member, dict | list):
        return _bound(member, resources)
    known = resources.value(name)
    if isinstance(member, bool) or not isinstance(member, str | int) or known is None:
        return member
    return known if isinstance(member, str) else int(known) if known.isdecimal() else member
