"""Members of a document that identify it, found by the name of the path parameter which holds their value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.core.plain_names import plain

IDS = ("id", "uuid", "uid", "key", "name")
"""Plain names of members that identify a resource, the likeliest first."""
SURELY = IDS[:3]
"""Those of them that nothing else is called."""
_ENDS = (*IDS, "slug", "code", "number", "handle", "ref", "sku")
"""Plain names of members that identify a resource where a parameter's name ends with them: ``{projectSlug}``."""
_WRAPPERS = frozenset({"data", "result", "response", "item"})


def identity(document: Any, name: str, others: tuple[str, ...] = SURELY) -> tuple[Any, bool]:
    """Return the member that a path parameter called ``name`` holds, and whether their names agree.

    ``others`` are plain names of members that may hold it where none agrees. The member is None where there is none.
    """
    wanted = plain(name)
    agreeing = (wanted, f"{wanted}id", *(end for end in _ENDS if wanted.endswith(end)))
    for found in _objects(document):
        for keys, agrees in ((agreeing, True), (others, False)):
            if (value := next((found[key] for key in keys if _identifies(found.get(key))), None)) is not None:
                return value, agrees
    return None, False


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    """Yield the object that a document is, and those that it wraps, with plain names."""
    if not isinstance(document, dict):
        return
    own = {plain(str(key)): value for key, value in document.items()}
    yield own
    for key, value in own.items():
        if key in _WRAPPERS or len(own) == 1:
            yield from _objects(value)


def _identifies(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""
