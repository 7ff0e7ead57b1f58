"""A client under test that starts no process: what these tests need of it is its provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import httpx

from harness.model.config import Policy
from harness.resilience.runner import ClientUnderTest

Kind = TypeVar("Kind", bound=ClientUnderTest)


def client_in(folder: Path, kind: type[Kind], *, upstream: str, http: httpx.Client, **more: Any) -> Kind:
    """Return a client of ``kind`` without a command, whose provider answers at ``upstream``."""
    return kind(
        command=[],
        env={},
        cwd=folder,
        timeout_s=1,
        policy=Policy(),
        log=folder / "log",
        upstream=upstream,
        http=http,
        **more,
    )
