"""Whether a change shows in what is read after it, and in words how it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.contract.readback import STATES, agrees, same
from harness.contract.sample import Sample
from harness.core.plain_names import plain


def first_missing(wanted: Mapping[str, Any], document: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """Return the first member of a change that a document does not show; empty where it shows all, or is empty."""
    return next((n for n, v in wanted.items() if document and _is_missing(n, v, document, before)), "")


def unshown(answer: Sample, name: str, document: Mapping[str, Any], value: Any) -> str:
    """Return in words that a member does not have the value that a change gave it."""
    asked = f"{answer.operation.method} {answer.path} answered {answer.response.status_code}"
    return f"{asked}, and GET shows {name} as {document.get(name)!r:.80} instead of {value!r:.80}"


def _is_missing(name: str, value: Any, document: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether a change does not show; a resource may move from a state to another one by itself.

    In place of null and of an empty text there may be a default, or nothing.
    """
    if value is None or value == "":
        return same(document.get(name), before.get(name))
    if agrees(value, document.get(name)):
        return isinstance(value, list) and _keeps_entries(value, document.get(name), before.get(name))
    return plain(name) not in STATES or same(document.get(name), before.get(name))


def _keeps_entries(wanted: list[Any], read: Any, before: Any) -> bool:
    """Whether a list still has an entry that its new value leaves out: a change replaces it (RFC 7396 section 1)."""
    lists = isinstance(read, list) and isinstance(before, list)
    return lists and any(entry in read for entry in before if isinstance(entry, str) and entry not in wanted)
