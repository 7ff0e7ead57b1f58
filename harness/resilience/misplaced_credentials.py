"""Credentials in headers that are for something else: some of these are in every access log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import msgspec

from harness.model import Finding, Level, Outcome
from harness.resilience.credential_leak import TransportCase
from harness.resilience.sent_heads import DeclaredPlaces, SentHeads

_FOR_CREDENTIALS = frozenset({"authorization", "proxy-authorization"})
_LOGGED = frozenset(
    {"user-agent", "referer", "origin", "from", "via", "forwarded", "x-forwarded-for", "x-request-id"}
    | {"x-correlation-id", "traceparent", "tracestate", "baggage"}
)
"""What servers, proxies and tracing store of each request, or pass on to others (Apache and nginx: `combined`)."""


def judge_headers(
    case: TransportCase,
    heads: Sequence[SentHeads],
    calls: int,
    declared: DeclaredPlaces,
    search: Callable[[bytes], Sequence[str]],
    *,
    reproduce: str = "",
) -> Finding:
    """Search the headers of some runs for known secrets; in one that nobody stores by habit, it is a recommendation."""
    finding = partial(case.finding, reproduce=reproduce)
    fields = list(_others(heads, declared))
    if search("\n".join(f"{name}: {value}" for name, value, _ in fields).encode("latin-1", "replace")):
        found = [
            (name, call, names) for name, value, call in fields if (names := search(value.encode("latin-1", "replace")))
        ]
        if found:
            name, call, names = min(found, key=lambda one: one[0] not in _LOGGED)
            failed = finding(Outcome.FAIL, f"{call} carries the value of {', '.join(names)} in its header {name}")
            return failed if name in _LOGGED else msgspec.structs.replace(failed, level=Level.SHOULD)
    return finding(Outcome.PASS, f"{len({name for name, _, _ in fields})} other headers of {calls} calls")


def _others(heads: Iterable[SentHeads], declared: DeclaredPlaces) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and first call of each header, and of a cookie header only what is not declared."""
    for each in heads:
        for (name, value), call in tuple(each.fields.items()):
            if name == "cookie":
                pairs = (pair.strip() for pair in value.split(";"))
                value = "; ".join(pair for pair in pairs if pair.partition("=")[0].lower() not in declared.fields)  # noqa: PLW2901
            if name not in _FOR_CREDENTIALS | declared.fields:
                yield name, value, call
