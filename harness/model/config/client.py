"""``[client]``: the integration's client, as a command."""

from __future__ import annotations

import math
import re

from harness.model.config.base import Duration, Section
from harness.model.config.receiver import EffectSource, Probe

UNSTATED_WAIT_S = 30.0
"""How long a client waits for one response at most, as it should, where it states no limit."""
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Policy(Section, frozen=True):
    """``[client] policy``: what the client promises of its retries."""

    preset: str | None = None
    """Vendor whose libraries' documented defaults take the place of the keys that are not stated: ``stripe``, …"""
    max_attempts: int = 5
    """Requests for one operation, the first included."""
    retry_after_cap: Duration = Duration(60)
    """The longest ``Retry-After`` it waits for; for a longer one it waits this long, or reports failure."""
    answer_within: Duration | None = None
    """How long it waits for one response, however slowly that arrives. Of one that does not state it, to let go within
    30 s is only recommended: vendors' own libraries wait for up to 600 s."""
    retry_on: tuple[int, ...] = (408, 409, 425, 500, 502, 503, 504)
    """Statuses after which it repeats a call that may be repeated, beside 429."""

    RANGES = {"max_attempts": (1, None)}

    @property
    def longest_wait_s(self) -> float:
        """How long it waits for one response, whether it states that or not."""
        return UNSTATED_WAIT_S if self.answer_within is None else self.answer_within

    def __post_init__(self) -> None:
        """Raise ValueError for a number of requests that no client can keep to."""
        if self.out_of_range():
            raise ValueError(f"`max_attempts` is {self.max_attempts}: write 1 or more, the first request included")


HELD_LONGER_S = 3.0
"""How much longer than `Policy.longest_wait_s` the harness leaves a request without its response."""
ROOM_S = HELD_LONGER_S + 2
"""For the client to start, and for the harness to see that it let go, before the run is ended."""


class Client(Section, frozen=True):
    """``[client]``: a command that runs the core workflow once, exit status 0 on success."""

    CALLED = ("token_url",)
    MAY_BE_EMPTY = ("command", "at_once")
    FORMS = {"idempotency_header": _TOKEN}

    command: tuple[str, ...]
    """Command and arguments; no shell."""
    env: dict[str, str] = {}
    """Added to the environment; ``{fault_server}`` or ``{provider}`` is replaced by the URL the client must call."""
    timeout: Duration = Duration(60)
    """How long one run may take."""
    parallel: bool = True
    """Whether several runs may be made at once, each with a ``{run_dir}`` of its own."""
    policy: Policy = Policy()
    idempotency_header: str | None = None
    """Header that carries the idempotency key, where the document declares none; else ``Idempotency-Key``."""

    token_url: str | None = None
    """URL at which the client gets its access tokens, where it has another than ``[provider] auth``;
    ``{token_server}`` in ``command`` and ``env`` stands for the harness in front of it."""
    at_once: tuple[str, ...] = ()
    """Command whose one process makes several calls at once with one access token; without it ``command`` is asked."""

    persisted: Probe | None = None
    """Where the integration stores the id of what its workflow creates; ``{event_id}`` stands for that id."""

    created: EffectSource | None = None
    """How to count what a run created at the provider; ``{event_id}`` stands for the run's ``{workflow_id}``."""

    needed_members: bool = False
    """Whether to find out which members of the provider's answers the client needs, by up to 60 more runs."""

    def __post_init__(self) -> None:
        """Raise ValueError for a header name that HTTP does not know, or for a time-out that hides the policy.

        For names see RFC 9110 section 5.6.2.
        """
        if self.idempotency_header is not None and not _TOKEN.fullmatch(self.idempotency_header):
            raise ValueError(
                f"`idempotency_header` is {self.idempotency_header!r}: write a name such as Idempotency-Key"
            )
        if self.timeout < (least := self.policy.longest_wait_s + ROOM_S):
            raise ValueError(
                f"`timeout` ends each run after {self.timeout:g} s, too early to see whether the client lets go of a "
                f"response after its policy.answer_within of {self.policy.longest_wait_s:g} s: "
                f'write timeout = "{math.ceil(least)}s" or more, or a shorter policy.answer_within'
            )
