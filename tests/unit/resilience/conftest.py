"""A client under test that starts no process: what these tests need of it is its provider."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx

from harness.model.config import Policy
from harness.resilience.client_process import ClientRun
from harness.resilience.runner import TOKENS, WORKFLOW, ClientUnderTest

Work = Callable[[str, Mapping[str, str]], bool]
"""Returns whether it succeeded; called with its provider's address and what takes the place of each placeholder."""
Kind = TypeVar("Kind", bound=ClientUnderTest)


class InProcessClient(ClientUnderTest, frozen=True, kw_only=True):
    """A client that is a function of this process."""

    work: Work

    def run_before(self, server: Any, *, values: Mapping[str, str] | None = None, **_: Any) -> ClientRun:
        """Run it with its address and the values of placeholders."""
        succeeded = self.work(server.url, {WORKFLOW: "first", TOKENS: self.token_url, **(values or {})})
        return ClientRun(exit_status=0 if succeeded else 1, seconds=0, tail="", ended_at=time.monotonic())


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
