"""``[client]``: the integration's client, as a command."""

from __future__ import annotations

import re

from harness.model.config.base import Duration, Section

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Policy(Section, frozen=True):
    """``[client] policy``: what the client promises of its retries."""

    max_attempts: int = 5
    """Requests for one operation, the first included."""
    retry_after_cap: Duration = Duration(60)
    """The longest ``Retry-After`` it waits for; for a longer one it waits this long, or reports failure."""
    answer_within: Duration = Duration(30)
    """How long it waits for one response, however slowly that arrives."""


class Client(Section, frozen=True):
    """``[client]``: a command that runs the core workflow once, exit status 0 on success."""

    command: tuple[str, ...]
    env: dict[str, str] = {}
    """Added to the environment; ``{fault_server}`` is replaced by the URL the client must call."""
    timeout: Duration = Duration(60)
    policy: Policy = Policy()
    idempotency_header: str | None = None
    """Header that carries the idempotency key, where the document declares none; else ``Idempotency-Key``."""

    def __post_init__(self) -> None:
        """Raise ValueError for a header name that HTTP does not know (RFC 9110 section 5.6.2)."""
        if self.idempotency_header is not None and not _TOKEN.fullmatch(self.idempotency_header):
            raise ValueError(
                f"`idempotency_header` is {self.idempotency_header!r}: write a name such as Idempotency-Key"
            )
