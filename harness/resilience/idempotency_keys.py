"""What a case expects of idempotency keys: one for each operation, the same on each of its attempts."""

from __future__ import annotations

from collections import defaultdict

from harness.model import Attempt
from harness.resilience.client_evidence import Evidence
from harness.resilience.fault_server import WRITES
from harness.resilience.preset_source import keys_of_vendor

SHORTEST_KEY = 16
"""Characters: the length of 64 random bits in hexadecimal; a UUID has 36."""


def every_write_is_keyed(evidence: Evidence) -> str:
    """Each write carries a key where the provider takes one."""
    bare = sorted({_called(a) for a in _writes(evidence) if not a.key and evidence.takes_key(a.method, a.path)})
    return (
        "; ".join(filter(None, (f"without a key: {', '.join(bare)}", keys_of_vendor(evidence.policy)))) if bare else ""
    )


def attempts_share_their_key(evidence: Evidence) -> str:
    """All attempts of one operation carry one key."""
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    for attempt in _writes(evidence):
        if attempt.key:
            keys[_called(attempt), attempt.body_digest].add(attempt.key)
    several = sorted(called for (called, _), found in keys.items() if len(found) > 1)
    return f"a new key with each attempt: {', '.join(several)}" if several else ""


def operations_have_their_own_key(evidence: Evidence) -> str:
    """No key is used for two operations."""
    operations: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for attempt in _writes(evidence):
        if attempt.key:
            operations[attempt.key].add((_called(attempt), attempt.body_digest))
    shared = next((sorted({c for c, _ in found}) for found in operations.values() if len(found) > 1), None)
    return f"one key for several operations: {', '.join(shared)}" if shared else ""


def keys_are_long(evidence: Evidence) -> str:
    """Keys are long enough never to coincide by chance."""
    short = sorted({_called(a) for a in _writes(evidence) if a.key and len(a.key) < SHORTEST_KEY})
    return f"keys of fewer than {SHORTEST_KEY} characters: {', '.join(short)}" if short else ""


def _writes(evidence: Evidence) -> list[Attempt]:
    return [a for a in evidence.attempts if a.method in WRITES]


def _called(attempt: Attempt) -> str:
    return f"{attempt.method} {attempt.path}"
