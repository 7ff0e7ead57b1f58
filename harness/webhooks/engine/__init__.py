"""The delivery engine: many signed requests a second over few connections, each bounded in time and memory."""

from harness.webhooks.engine.courier import Courier
from harness.webhooks.engine.request import Address, Outgoing

__all__ = ["Address", "Courier", "Outgoing"]
