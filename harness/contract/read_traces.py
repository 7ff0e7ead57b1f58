"""Reads that leave a trace: a read changes neither what it shows nor what distinguishes its versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from harness.contract.invariants import READ_TOUCHES, TAG_STAYS, Invariant
from harness.contract.readback import is_bookkeeping
from harness.contract.sample import Sample
from harness.core.plain_names import plain

READS = 3
"""Reads in a row; a trace shows after each of them, which what happens in the background does not."""
_VERSION = re.compile(
    r"^(last|date)?(updated|modified|changed)(at|on|date|time|timestamp)?$|^(update|modification)(date|time)"
    r"|^(row|resource|lock|entity|object)?version$|^rev(ision)?$|^etag$"
)
"""Plain names of members that change with every write, and with nothing else."""


def traces(
    reads: Sequence[Sample], documents: Sequence[Mapping[str, Any]], *, has_validators: bool
) -> Iterator[tuple[Invariant, str]]:
    """Yield what differs between reads in a row, with nothing written meanwhile.

    ``documents`` are the resource as each of them shows it. With ``has_validators`` the document of the API promises
    that ETags are compared, which is of no use where each answer has another one.
    """
    if not all(documents) or not all(read.response.is_success for read in reads):
        return
    where = f"GET {reads[0].path}, {len(reads)} times"
    moved = [n for n in documents[0] if _VERSION.search(plain(n)) and _always_differs([d.get(n) for d in documents])]
    rest = [{n: v for n, v in d.items() if not is_bookkeeping(n)} for d in documents]
    if moved and all(each == rest[0] for each in rest):
        shown = ", ".join(str(d.get(moved[0])) for d in documents)
        yield READ_TOUCHES, f"{where}: {moved[0]} is {shown}"
    tags = [read.response.headers.get("etag") for read in reads]
    is_same = all(read.document == reads[0].document for read in reads)
    if has_validators and None not in tags and is_same and _always_differs(tags):
        yield TAG_STAYS, f"{where}, with the same content: {', '.join(map(str, tags))}"


def _always_differs(values: Sequence[Any]) -> bool:
    return all(one != other for one, other in pairwise(values))
