"""What a fault does to a connection: answers that are wrong, broken off, or too slow to be one."""

from __future__ import annotations

import socket
import time

import httpx

from harness.http.faulty import HOP_BY_HOP, reset
from harness.resilience.faults import Action, Corruption, Fault

DRIP_S = 0.2
"""Between two bytes of an answer that dribbles, in seconds."""
_ARRIVES_S = 0.05
"""Lets the first part of an answer arrive before the reset overtakes it."""
_ENDLESS = 1_000_000
# The client's HTTP library has decoded the body already, so its length and encoding are told anew.
_NOT_PASSED_BACK = HOP_BY_HOP | {"content-length", "content-encoding"}


def apply_fault(fault: Fault, connection: socket.socket, *, hold_s: float) -> bool:
    """Do what the fault says; False when the connection is gone. ``hold_s`` is how long silence lasts, in seconds."""
    if fault.action is Action.RESPOND:
        connection.sendall(fault.answer())
        return True
    if fault.action is Action.CLOSE:
        connection.shutdown(socket.SHUT_RDWR)
        return False
    if fault.action is Action.CUT:
        connection.sendall(fault.answer())
        time.sleep(_ARRIVES_S)
    elif fault.action is Action.SILENCE:
        _await_hang_up(connection, hold_s)
    elif fault.action is Action.TRICKLE:
        _dribble(connection, hold_s)
    reset(connection)
    return False


def pass_back(response: httpx.Response, connection: socket.socket) -> None:
    """Send the provider's answer as it is."""
    connection.sendall(_head(response, len(response.content)) + response.content)


def corrupt(response: httpx.Response, connection: socket.socket, kind: Corruption) -> bool:
    """Send the first half of the provider's answer, as ``kind`` says; False when the connection is gone."""
    half = response.content[: len(response.content) // 2]
    if kind is Corruption.MALFORMED:
        connection.sendall(_head(response, len(half)) + half)
        return True
    connection.sendall(_head(response, len(response.content)) + half)
    if kind is Corruption.SHORT:
        connection.shutdown(socket.SHUT_RDWR)
    else:
        time.sleep(_ARRIVES_S)
        reset(connection)
    return False


def _head(response: httpx.Response, length: int) -> bytes:
    headers = [(k, v) for k, v in response.headers.multi_items() if k.lower() not in _NOT_PASSED_BACK]
    head = [f"HTTP/1.1 {response.status_code} {response.reason_phrase}", *(f"{k}: {v}" for k, v in headers)]
    if response.status_code != 204:
        head.append(f"content-length: {length}")
    return "\r\n".join([*head, "", ""]).encode("latin-1")


def _await_hang_up(connection: socket.socket, hold_s: float) -> None:
    connection.settimeout(hold_s)
    try:
        connection.recv(1)
    except TimeoutError:
        return


def _dribble(connection: socket.socket, hold_s: float) -> None:
    head = f"HTTP/1.1 200 Scripted\r\nContent-Type: application/json\r\nContent-Length: {_ENDLESS}\r\n\r\n"
    connection.sendall(head.encode())
    deadline = time.monotonic() + hold_s
    while time.monotonic() < deadline:
        connection.sendall(b" ")  # raises as soon as the client has hung up
        time.sleep(DRIP_S)
