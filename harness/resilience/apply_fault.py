"""Applies faults to a connection: responses that are wrong, cut off, or far too slow."""

from __future__ import annotations

import socket
import time

import msgspec

from harness.http.message import Response
from harness.http.server_connection import ServerConnection
from harness.resilience.error_bodies import SCRIPTED, ScriptedBody
from harness.resilience.faults import Action, Corruption, Fault

DRIP_S = 0.2
"""Seconds between two bytes of a trickling response."""
MISSING_BYTES = 512
"""How many more bytes a cut response announces than it sends."""
_ARRIVES_S = 0.05
"""Seconds for the first part of a response to arrive before the reset overtakes it."""
_ENDLESS = 1_000_000


def apply_fault(fault: Fault, connection: ServerConnection, *, hold_s: float, error: ScriptedBody = SCRIPTED) -> bool:
    """Apply the fault; return False when the connection is gone.

    ``hold_s`` is the length of a silence, in seconds; ``error`` is the body of a response that has none of its own.
    """
    if fault.action is Action.RESPOND:
        connection.send(fault.response(error))
        return True
    if fault.action is Action.CLOSE:
        connection.interrupt()
        return False
    if fault.action is Action.CUT:
        response = fault.response()
        connection.start(response, length=len(response.body) + MISSING_BYTES)
        connection.socket.sendall(response.body)
        time.sleep(_ARRIVES_S)
    elif fault.action is Action.SILENCE:
        _await_hang_up(connection.socket, hold_s)
    elif fault.action is Action.TRICKLE:
        _trickle(connection, hold_s)
    connection.reset()
    return False


def corrupt(response: Response, connection: ServerConnection, kind: Corruption) -> bool:
    """Send the first half of the provider's response in the way ``kind``; return False when the connection is gone."""
    half = response.body[: len(response.body) // 2]
    if kind is Corruption.MALFORMED:
        connection.send(msgspec.structs.replace(response, body=half))
        return True
    connection.start(response, length=len(response.body))
    connection.socket.sendall(half)
    if kind is Corruption.SHORT:
        connection.interrupt()
    else:
        time.sleep(_ARRIVES_S)
        connection.reset()
    return False


def _await_hang_up(connection: socket.socket, hold_s: float) -> bool:
    """Wait for the client to hang up, for at most ``hold_s`` seconds; return whether it did."""
    connection.settimeout(hold_s)
    try:
        connection.recv(1)
    except TimeoutError:
        return False
    return True


def _trickle(connection: ServerConnection, hold_s: float) -> None:
    head = Response(status=200, reason="Scripted", headers=(("Content-Type", "application/json"),))
    connection.start(head, length=_ENDLESS)
    deadline = time.monotonic() + hold_s
    while time.monotonic() < deadline:
        connection.socket.sendall(b" ")
        if _await_hang_up(connection.socket, DRIP_S):
            return
