"""The message for a request without a recording: what differs from the closest recordings."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from vcr.request import Request

from harness.cassettes.play.difference import Difference, Grade, body_differences, differences, form_values, shown
from harness.cassettes.store.vcr_messages import body_bytes

MAX_CLOSEST = 3


def called(request: Request) -> str:
    """Return method, path and query of a request."""
    query = f"?{request.parsed_uri.query}" if request.parsed_uri.query else ""
    return f"{request.method} {request.path or '/'}{query}"


def unmatched(request: Request, recorded: Sequence[Request], *, times: int, place: str, again: str) -> str:
    """Return the message that ``place`` has no recording (left) of ``request``, with the closest and how to record it.

    ``times`` is how often the very same request was recorded, and is used up.
    """
    if times:
        head = f"{place}: {called(request)} was recorded {times} time{'s' * (times > 1)}, and is requested once more."
        return f"{head}\nIf the scenario should repeat the request, record it again: {again}"
    lines = [f"{place} has no recording of {called(request)}."]
    closest = heapq.nsmallest(MAX_CLOSEST, range(len(recorded)), key=lambda i: distance(request, recorded[i]))
    if closest:
        lines.append("Closest recorded:")
    for i in closest:
        lines.append(f"  {i + 1}. {called(recorded[i])}")
        lines += shown(request_differences(recorded[i], request), indent="       ")
    lines.append(f"If the scenario or the API changed, record it again: {again}")
    return "\n".join(lines)


def request_differences(recorded: Request, seen: Request) -> Iterator[Difference]:
    """Yield how two requests differ: method, path, query, body; the host where nothing else does."""
    then, now = (form_values(request.parsed_uri.query) for request in (recorded, seen))
    found = [*_parts(recorded, seen, "method", "path"), *differences(then, now, "query")]
    found += body_differences(body_bytes(recorded), body_bytes(seen))
    yield from found or _parts(recorded, seen, "scheme", "host", "port")


def _parts(recorded: Request, seen: Request, *names: str) -> Iterator[Difference]:
    for name in names:
        sides = getattr(recorded, name), getattr(seen, name)
        if sides[0] != sides[1]:
            yield Difference(name, Grade.VALUE, *sides)


def distance(request: Request, recorded: Request) -> tuple[int, int, int, int]:
    """Return how far apart two requests are, the weightiest part first."""
    words = request.path.split("/"), recorded.path.split("/")
    unlike = sum(a != b for a, b in zip(*words, strict=False)) + abs(len(words[0]) - len(words[1]))
    return (
        unlike,
        request.method != recorded.method,
        len(set(request.query) ^ set(recorded.query)),
        body_bytes(request) != body_bytes(recorded),
    )
