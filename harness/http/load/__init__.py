"""The delivery engine: many signed requests a second over few connections, each bounded in time and memory."""

from harness.http.load.load_connection import Outgoing, Writer
from harness.http.load.load_sender import LoadSender

__all__ = ["LoadSender", "Outgoing", "Writer"]
