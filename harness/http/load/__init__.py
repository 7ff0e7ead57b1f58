"""The delivery engine: many signed requests a second over few connections, each bounded in time and memory."""

from harness.http.load.load_sender import LoadSender
from harness.http.load.request import Outgoing

__all__ = ["LoadSender", "Outgoing"]
