"""What can be wrong with a document as files: references between them, and keys within them."""

from __future__ import annotations

from harness.core.pointers import at_pointer
from harness.openapi.bundling import UNREAD
from harness.openapi.document_examples import CheckedPlace, CheckedPlaces
from harness.openapi.references import references
from harness.openapi.spec_document import Spec


def references_followed(spec: Spec) -> CheckedPlaces:
    """Check each reference once, except those that the network rules forbid: operations that need them report it."""
    written = {str(holder.get(key)) for holder, key in references(spec.raw)}
    for reference in sorted(r for r in written if r.startswith("#/") and not r.startswith(f"#/{UNREAD}/")):
        leads = spec.at(reference) is not None or at_pointer(spec.raw, reference) is not None
        if leads and not spec.is_circular(reference):
            yield CheckedPlace(reference)
        else:
            reason = "it refers back to itself" if leads else "there is no such place in the document"
            yield CheckedPlace(reference, reason + _written_at(spec, reference))
    for reference, reason in spec.bundle.unread.items():
        if reference not in spec.bundle.not_asked:
            yield CheckedPlace(reference, f"it cannot be read: {reason}{_written_at(spec, reference)}")


def unique_keys(spec: Spec) -> CheckedPlaces:
    """Check each file of YAML for objects with two values for one key."""
    for url, keys in spec.repeated.items():
        file = spec.bundle.relative(url)
        for key, line in keys:
            yield CheckedPlace(file, f"line {line}: the key {key!r} is there already; only this value counts")
        if not keys and not file.endswith(".json"):
            yield CheckedPlace(file)


def _written_at(spec: Spec, reference: str) -> str:
    place = spec.bundle.written_at(reference)
    return f" (written in {place})" if place else ""
