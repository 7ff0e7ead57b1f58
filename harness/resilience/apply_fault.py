"""Applies faults to a connection: responses that are wrong, cut off, or far too slow."""

from __future__ import annotations

import socket
import time

import msgspec

from harness.http.message import Request, Response, reason_phrase
from harness.http.server_connection import ServerConnection
from harness.http.writer import response_head
from harness.resilience.error_bodies import SCRIPTED, ScriptedBody
from harness.resilience.faults import Action, Corruption, Fault

DRIP_S = 0.2
"""Seconds between two pieces of a response that comes slowly."""
_ARRIVES_S = 0.05
"""Seconds for the first part of a response to arrive before the reset overtakes it."""
_ENDLESS = 1_000_000


def apply_fault(
    fault: Fault,
    connection: ServerConnection,
    *,
    hold_s: float,
    error: ScriptedBody = SCRIPTED,
    request: Request | None = None,
) -> bool:
    """Apply a fault that the provider does not see; return False when the connection is gone.

    ``hold_s`` is the length of a silence, in seconds; ``error`` is the body of a response to ``request``.
    """
    if fault.action is Action.RESPOND:
        connection.send(fault.response(error, request))
        return True
    if fault.action in (Action.CLOSE, Action.STALE):
        connection.interrupt()
        return False
    if fault.action is Action.SILENCE:
        _await_hang_up(connection.socket, hold_s)
    elif fault.action is Action.TRICKLE:
        _trickle(connection, hold_s)
    connection.reset()
    return False


def corrupt(response: Response, connection: ServerConnection, kind: Corruption) -> bool:
    """Send the provider's response in the way ``kind``; return False when the connection is gone."""
    half = response.body[: len(response.body) // 2]
    whole = {Corruption.MALFORMED: half, Corruption.BLANK: b"", Corruption.EMPTIED: b"{}" if response.body else b""}
    if kind in whole:
        connection.send(msgspec.structs.replace(response, body=whole[kind]))
        return True
    if kind is Corruption.CUT_HEAD:
        head = response_head(response, length=len(response.body))
        connection.socket.sendall(head[: len(head) // 2])
    elif kind is Corruption.HEAD_ALONE:
        connection.start(response, length=len(response.body))
    elif kind is Corruption.LONG:
        connection.start(response, length=len(half))
        connection.socket.sendall(response.body)
    else:
        connection.start(response, length=len(response.body))
        connection.socket.sendall(half)
    if kind is Corruption.CUT:
        time.sleep(_ARRIVES_S)
        connection.reset()
    else:
        connection.interrupt()
    return False


def slow_down(fault: Fault, response: Response, connection: ServerConnection, *, hold_s: float) -> bool:
    """Send the whole response of the provider late, slowly, or behind an interim one, in at most ``hold_s`` seconds.

    Return False when the connection is gone.
    """
    if fault.action is Action.DELAY and _await_hang_up(connection.socket, min(fault.amount, hold_s)):
        return False
    if fault.action is Action.NARROW:
        return _squeeze(response, connection, fault, hold_s)
    if fault.action is Action.INTERIM and not connection.is_old:  # RFC 9110 section 15.2
        status = int(fault.amount)
        connection.socket.sendall(f"HTTP/1.1 {status} {reason_phrase(status)}\r\n\r\n".encode())
    connection.send(response)
    return True


def _await_hang_up(connection: socket.socket, hold_s: float) -> bool:
    """Wait for the client to hang up, for at most ``hold_s`` seconds; return whether it did."""
    idle_s, ends = connection.gettimeout(), time.monotonic() + hold_s
    try:
        connection.settimeout(max(0.001, hold_s))
        if not connection.recv(1, socket.MSG_PEEK):
            return True
        time.sleep(max(0.0, ends - time.monotonic()))  # it sends its next request already
    except TimeoutError:
        pass
    finally:
        connection.settimeout(idle_s)
    return False


def _trickle(connection: ServerConnection, hold_s: float) -> None:
    head = Response(status=200, reason="Scripted", headers=(("Content-Type", "application/json"),))
    connection.start(head, length=_ENDLESS)
    deadline = time.monotonic() + hold_s
    while time.monotonic() < deadline:
        connection.socket.sendall(b" ")
        if _await_hang_up(connection.socket, DRIP_S):
            return


def _squeeze(response: Response, connection: ServerConnection, fault: Fault, hold_s: float) -> bool:
    connection.start(response, length=len(response.body))
    size, began = max(1, round(fault.amount * DRIP_S)), time.monotonic()
    deadline = began + hold_s
    for begin in range(0, len(response.body), size):
        if fault.within_s and time.monotonic() > began + fault.within_s:
            connection.socket.sendall(response.body[begin:])
            return True
        connection.socket.sendall(response.body[begin : begin + size])
        if time.monotonic() > deadline or _await_hang_up(connection.socket, DRIP_S):
            connection.reset()
            return False
    return True
