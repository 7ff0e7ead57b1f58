"""Where a preset of ``[client] policy`` has a value from, for the findings that rest on it."""

from __future__ import annotations

from harness.model.config import Policy
from harness.packs.shelf import known_pack, preset_named


def by_preset(policy: Policy, key: str) -> str:
    """Return which preset a key of the policy has its value from, and the vendor's page; empty where from none."""
    if policy.preset is None:
        return ""
    preset = preset_named(policy.preset)
    from_it = getattr(preset, key) == getattr(policy, key)
    return f" by its preset {policy.preset!r} ({preset.source})" if from_it else ""


def keys_of_vendor(policy: Policy) -> str:
    """Return what the vendor of the preset states of idempotency keys, with its page; empty where it states nothing."""
    pack = known_pack(policy.preset)
    return f"{pack.idempotency.text} ({pack.idempotency.source})" if pack and pack.idempotency else ""
