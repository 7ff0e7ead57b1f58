"""Serve an ASGI application on loopback until SIGTERM or Ctrl-C."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.applications import Starlette

HOST = "127.0.0.1"


def serve(app: Starlette, port: int) -> None:
    """Serve ``app``; exits with status 2 and one sentence when the port is taken."""
    # The protocol is named because asyncio sets TCP_NODELAY only then; without it each answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        sys.stderr.write(f"Port {port} on {HOST} is in use. Stop what listens there, or choose another with --port.\n")
        sys.exit(2)
    config = uvicorn.Config(
        app,
        log_config=None,  # the applications log each request themselves, as JSON
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=1,
        http="h11",
        ws="none",
    )
    uvicorn.Server(config).run(sockets=[listener])
