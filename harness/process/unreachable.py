"""Why nothing answers at a URL, as far as this machine shows it: an unknown name, another address, a proxy."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from harness.process.startable import port_of

_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_EXEMPT = ("NO_PROXY", "no_proxy")
_OF_ALL = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - what a program listens on, not we
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def why_unreachable(url: str) -> str:
    """Return what to do where no connection to a URL is possible; empty where this machine shows no reason."""
    host = urlsplit(url).hostname or ""
    try:
        addresses = {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError:
        return (
            f"This machine does not know the name {host}. The name of a Docker Compose service is known only inside "
            "its network: publish the port of the service, and write 127.0.0.1."
        )
    if host not in _LOOPBACK:
        proxy = next((name for name in _PROXIES if os.environ.get(name)), "")
        return f"{proxy} is set, but the harness uses no proxy: allow direct connections to {host}." if proxy else ""
    port = port_of(url)
    elsewhere = sorted({_shown(each) for each in _listening(port)} - {_shown(each) for each in addresses})
    if not elsewhere:
        return ""
    there = " and ".join(elsewhere)
    return f"A program listens on port {port} of {there}: write that address, or let it listen on {host}."


def proxy_of_loopback() -> str:
    """Return the variable by which programs call even this machine through a proxy; empty where none makes them."""
    proxy = next((name for name in _PROXIES if not name.lower().startswith("https") and os.environ.get(name)), "")
    exempt = {part.strip() for name in _EXEMPT for part in os.environ.get(name, "").split(",")}
    return "" if exempt & {"*", "127.0.0.1", "127.0.0.0/8", "127."} else proxy


def _listening(port: int) -> Iterator[str]:
    """Yield the addresses of this machine on which a program listens on a port."""
    import psutil

    try:
        connections = psutil.net_connections("tcp")
    except (psutil.Error, OSError):  # macOS shows them to root alone
        return
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            yield connection.laddr.ip


def _shown(address: str) -> str:
    plain = _OF_ALL.get(address, address)
    return f"[{plain}]" if ":" in plain and not plain.startswith("[") else plain
