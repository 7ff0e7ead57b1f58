"""`[client] policy.preset`: what a vendor's pages state of its libraries, in place of keys that harness.toml omits."""

from __future__ import annotations

from typing import Any

from harness.errors import ConfigurationError, nearest
from harness.packs.shelf import known_pack, preset_named, preset_names

_REST_S = 60
"""Seconds that a run has beside the wait for one response, where `[client] timeout` is not stated."""


def with_client_preset(raw: dict[str, Any], names: str) -> dict[str, Any]:
    """Return what harness.toml gives, with what the preset of the client's policy adds to it.

    ``names`` are its files, for the message. Raises `ConfigurationError` for a preset that there is not.
    """
    client = raw.get("client")
    policy = client.get("policy") if isinstance(client, dict) else None
    if not isinstance(client, dict) or not isinstance(policy, dict) or not isinstance(policy.get("preset"), str):
        return raw
    name = policy["preset"]
    if name not in preset_names():
        raise ConfigurationError(
            f"{names}: [client] policy.preset: there is no preset {name!r}. {nearest(name, preset_names())}",
            key=("client", "policy", "preset"),
        )
    return {**raw, "client": _filled(client, policy, name)}


def _filled(client: dict[str, Any], policy: dict[str, Any], name: str) -> dict[str, Any]:
    preset = preset_named(name)
    added: dict[str, Any] = {"answer_within": f"{preset.answer_within:g}s"}
    if preset.retry_on:
        added["retry_on"] = list(preset.retry_on)
    beside: dict[str, Any] = {}
    if "answer_within" not in policy:
        beside["timeout"] = f"{preset.answer_within + _REST_S:g}s"
    if (pack := known_pack(name)) and pack.idempotency:
        beside["idempotency_header"] = pack.idempotency.header
    return {**beside, **client, "policy": {**added, **policy}}
