"""What a row of promises is: one thing that the provider promises beyond the shape of its answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from harness.model import Check, Finding

if TYPE_CHECKING:
    from harness.contract.caller import Caller
    from harness.contract.link_crawler import LinkCrawler


class Planned(NamedTuple):
    """Requests that would be sent to one operation."""

    label: str
    """``METHOD /path``."""
    most: int
    """How many at most."""


class Promise(Check, frozen=True, kw_only=True):
    """One promise, and how it is tried."""

    judge: Callable[[Caller, Callable[[], LinkCrawler]], list[Finding]]
    """Makes calls and returns their findings; its second argument follows the documented links when called."""
    planned: Callable[[Caller], Iterable[Planned]]
    """Returns the requests that ``judge`` would send, without those that follow the links; it sends nothing."""
