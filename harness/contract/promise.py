"""What a row of promises is: one thing that the provider promises beyond the shape of its answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.model import Check, Finding

if TYPE_CHECKING:
    from harness.contract.caller import Caller
    from harness.contract.link_crawler import LinkCrawler


class Promise(Check, frozen=True, kw_only=True):
    """One promise, and how it is tried."""

    judge: Callable[[Caller, Callable[[], LinkCrawler]], list[Finding]]
    """Makes calls and returns their findings; its second argument follows the documented links when called."""
