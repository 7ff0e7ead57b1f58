"""What can be known before a process is started: whether its port is free, and its program there."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

_DEFAULT = {"https": 443}


def taken_port(url: str) -> int:
    """Return the port of a URL where something listens on it already, else 0."""
    host, port = urlsplit(url).hostname or "127.0.0.1", port_of(url)
    with socket.socket() as probe:
        probe.settimeout(1)
        return port if probe.connect_ex((host, port)) == 0 else 0


def port_of(url: str) -> int:
    """Return the port of a URL, or the usual one of its scheme."""
    parts = urlsplit(url)
    return parts.port or _DEFAULT.get(parts.scheme, 80)


def is_program(name: str, *, cwd: Path, path: str | None = None) -> bool:
    """Whether a program can be run in a folder; ``path`` is the variable PATH, None that of this process."""
    return bool(name) and (shutil.which(name, path=path) is not None or (cwd / name).is_file())
