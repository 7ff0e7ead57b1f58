"""The delivery engine: many signed requests a second over few connections, each bounded in time and memory."""

from harness.http.load.load_sender import Courier
from harness.http.load.request import Address, Outgoing

__all__ = ["Address", "Courier", "Outgoing"]
