"""The first scenario, made from the document: what creates, and what reads it again, or a read alone."""

from __future__ import annotations

import pprint
import re
from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

from harness.contract.identifiers import identity
from harness.contract.likely_reads import central_kinds, likely_reads
from harness.contract.resource_kinds import ResourceKind, read_members
from harness.core.plain_names import singular
from harness.openapi.examples import examples, valid_bodies
from harness.openapi.spec_document import Spec

_WIDTH = 110


def scenario_text(spec: Spec, *, writes: bool) -> str:
    """Return a module with one test; empty where the document has nothing that a scenario can begin with."""
    body = (_created(spec) if writes else "") or _read(spec)
    return (
        f'''"""The first scenario, made from the OpenAPI document: make it your core workflow."""

import pytest


{body}'''
        if body
        else ""
    )


def _created(spec: Spec) -> str:
    # Those with an example in the document before those whose body would be made up.
    for kind in sorted(central_kinds(spec), key=lambda kind: not any(examples(kind.creation))):
        if kind.creation.path_parameters or len(kind.reading.path_parameters) != 1:
            continue
        body = next(islice(valid_bodies(kind.creation, random_seed=0), 1), None)
        if isinstance(body, dict):
            return _test_of(kind, body)
    return ""


def _test_of(kind: ResourceKind, body: Mapping[str, Any]) -> str:
    noun = singular(_word(kind.creation.path))
    created = read_members(kind.creation, body)
    key = _identifier(created, kind.identifier)
    place = kind.reading.path.replace(f"{{{kind.identifier}}}", "{created" + f"[{key!r}]" + "}") if key else ""
    read = f'api.get(f"{place}")' if place else 'api.get(created.headers["location"])'
    shown = [name for name in body if name in read_members(kind.reading, body) and _is_plain(body[name])]
    assertion = (
        f"\n\n    assert read.raise_for_status().json()[{shown[0]!r}] == body[{shown[0]!r}]"
        if shown
        else ("\n\n    read.raise_for_status()")
    )
    ending = ".json()" if place else ""
    return f'''@pytest.mark.verifies("workflow.core")
def test_the_created_{noun}_can_be_read(api):
    """What {kind.creation.label} creates, {kind.reading.label} shows."""
    body = {_literal(body)}
    created = api.post({kind.creation.path!r}, json=body).raise_for_status(){ending}

    read = {read}{assertion}
'''


def _read(spec: Spec) -> str:
    operation = next(iter(likely_reads(spec)), None)
    if operation is None:
        return ""
    return f'''@pytest.mark.verifies("workflow.core")
def test_{_word(operation.path)}_can_be_read(api):
    """{operation.label} answers."""
    api.get({operation.path!r}).raise_for_status()
'''


def _identifier(members: Collection[str], parameter: str) -> str:
    """Return the member of what was created that its path has; empty where none does."""
    value, _ = identity({name: name for name in members}, parameter)
    return str(value) if value is not None else ""


def _word(path: str) -> str:
    named = [part for part in path.split("/") if part and "{" not in part]
    return re.sub(r"\W+", "_", named[-1]).strip("_").lower() if named else "root"


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | bool)


def _literal(body: Mapping[str, Any]) -> str:
    lines = pprint.pformat(dict(body), width=_WIDTH - 4, sort_dicts=False).splitlines()
    return "\n".join([lines[0], *(f"    {line}" for line in lines[1:])])
