"""From the options of `harness deliver` and the harness.toml of a folder to a plan of deliveries."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.context.target import load_target
from harness.webhooks.delivery_plan import DeliverOptions, DeliveryPlan

_NOWHERE = "http://127.0.0.1"


def plan_delivery(options: DeliverOptions, directory: Path) -> DeliveryPlan:
    """Complete ``options`` by the harness.toml of ``directory``, which is read only where they leave something open.

    Raises `ConfigurationError`.
    """
    if not options.overlay and options.url and (options.secret or options.scheme == "none"):
        return DeliveryPlan(options, receiver=None, root=directory)
    target = load_target(directory, overlay=options.overlay)
    return DeliveryPlan(options, receiver=target.config.receiver, production=target.production, root=directory)


def public_key(options: DeliverOptions, directory: Path) -> str:
    """Return what a receiver of such deliveries verifies with, wherever it is; raises `ConfigurationError`."""
    return plan_delivery(msgspec.structs.replace(options, url=options.url or _NOWHERE), directory).public_key()
