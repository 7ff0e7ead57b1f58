"""PUT replaces: what the new representation leaves out does not stay as it was (RFC 9110 section 9.3.4)."""

from __future__ import annotations

import re
from typing import Any

from harness.contract.body_variations import is_free
from harness.contract.invariants import REPLACED
from harness.contract.lifecycle import Lifecycle
from harness.contract.nested_members import judge_nested_replacement
from harness.contract.readback import is_compared, is_empty, same
from harness.contract.resource_changes import Changer, Thing

_MERGES = re.compile(
    r"(?i)partial|merge|unchanged|retain|preserv|\bkeeps?\b|\bkept\b|not (be )?(changed|modified|touched|affected)"
    r"|only the .*(given|provided|sent|included|present|specified)"
)
"""Words with which a document describes that its PUT changes only what it names."""


def judge_replacement(life: Lifecycle, changer: Changer, thing: Thing) -> None:
    """Replace a thing with what is left of it without the texts that the client chose, and look for those."""
    operation = changer.operation
    words = " ".join(str(operation.definition.get(key, "")) for key in ("summary", "description"))
    if _MERGES.search(words) or changer.takes_nothing:
        return
    judge_nested_replacement(life, changer, thing)
    names = [n for n in changer.members if n not in life.unlike and _is_clients(n, changer.members[n], thing)]
    body = changer.body_without(thing, names)
    if body is None:
        return
    left_out = {n: thing.document[n] for n in names if n not in body}
    sample = changer.send(thing.path, body, tag=thing.tag)
    if not left_out or not sample.response.is_success or sample.response.status_code == 202:
        return

    def stays(document: dict[str, Any]) -> str:
        return next((n for n, v in left_out.items() if document and same(v, document.get(n))), "")

    read = life.patience.settled(
        lambda: life.reader.read(thing.path), lambda s: not stays(life.reader.document(thing, s))
    )
    life.remember(thing, read)
    thing.written = {n: v for n, v in thing.written.items() if n not in left_out}
    if name := stays(thing.document):
        observed = f"PUT {thing.path} without {name} succeeded, and GET still shows {left_out[name]!r:.80}"
        life.complain(operation, REPLACED, observed)


def _is_clients(name: str, schema: dict[str, Any], thing: Thing) -> bool:
    """Whether a member has a text of the client's own, which no default would be."""
    value = thing.document.get(name)
    is_text = isinstance(value, str) and not {"enum", "const"} & schema.keys() and value != schema.get("default")
    is_own = name in thing.written or name in thing.document
    return is_text and is_own and not is_empty(value) and is_compared(name, schema) and is_free(name, schema)
