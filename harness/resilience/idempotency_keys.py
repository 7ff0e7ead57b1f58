"""What a case expects of idempotency keys: one for each operation, the same on each of its attempts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from harness.model import Attempt
from harness.resilience.client_evidence import Evidence, is_answered
from harness.resilience.fault_server import WRITES
from harness.resilience.preset_source import keys_of_vendor

SHORTEST_KEY = 16
"""Characters: the length of 64 random bits in hexadecimal; a UUID has 36."""
Written = tuple[str, str]
"""Method and path of a write, and the digest of its body."""


def every_write_is_keyed(evidence: Evidence) -> str:
    """Each write carries a key where the provider takes one."""
    bare = sorted(
        {_called(a) for a in _writes(evidence.attempts) if not a.key and evidence.takes_key(a.method, a.path)}
    )
    if not bare:
        return ""
    return "; ".join(filter(None, (f"without a key: {', '.join(bare)}", keys_of_vendor(evidence.policy))))


def attempts_share_their_key(evidence: Evidence) -> str:
    """All attempts of one operation carry one key.

    A workflow may write the same twice, under a key each. But a key without an answer is not left for another one that
    gets one; and where none gets one, there are as many as equal writes are made without a fault.
    """
    keys: dict[Written, dict[str, bool]] = defaultdict(dict)
    for attempt in filter(lambda each: each.key, _writes(evidence.attempts)):
        of_write = keys[_written(attempt)]
        of_write[attempt.key] = of_write.get(attempt.key, False) or is_answered(attempt)
    several = sorted(
        called
        for (called, digest), found in keys.items()
        if len(found) > (1 if any(found.values()) else _equal_writes(evidence, called, digest))
        and not all(found.values())
    )
    return f"a new key with each attempt: {', '.join(several)}" if several else ""


def _equal_writes(evidence: Evidence, called: str, digest: str) -> int:
    """Return how often a write is made without a fault; where its body differs in each run, the most of its kind."""
    made = Counter(map(_written, _writes(evidence.undisturbed)))
    alike = max((number for (each, _), number in made.items() if each == called), default=1)
    return made.get((called, digest), alike)


def operations_have_their_own_key(evidence: Evidence) -> str:
    """No key is used for two operations."""
    operations: dict[str, set[Written]] = defaultdict(set)
    for attempt in _writes(evidence.attempts):
        if attempt.key:
            operations[attempt.key].add(_written(attempt))
    shared = next((sorted({c for c, _ in found}) for found in operations.values() if len(found) > 1), None)
    return f"one key for several operations: {', '.join(shared)}" if shared else ""


def keys_are_long(evidence: Evidence) -> str:
    """Keys are long enough never to coincide by chance."""
    short = sorted({_called(a) for a in _writes(evidence.attempts) if a.key and len(a.key) < SHORTEST_KEY})
    return f"keys of fewer than {SHORTEST_KEY} characters: {', '.join(short)}" if short else ""


def _writes(attempts: Sequence[Attempt]) -> list[Attempt]:
    return [a for a in attempts if a.method in WRITES]


def _written(attempt: Attempt) -> Written:
    return _called(attempt), attempt.body_digest


def _called(attempt: Attempt) -> str:
    return f"{attempt.method} {attempt.path}"
