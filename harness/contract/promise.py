"""What a row of promises is: one thing that the provider promises beyond the shape of its answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from harness.core.names import first_of
from harness.model import Check, Finding, Outcome

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

    def not_known(self, why: str) -> Finding:
        """Return a finding that nothing shows whether the promise holds, and why."""
        summary = f"{self.sentence(Outcome.NOT_APPLICABLE)}: {why}"
        return self.finding(Outcome.NOT_APPLICABLE, "", summary=summary, case="")


MOST_NAMED = 5
"""Operations that a finding names."""


def not_called(refused: Mapping[str, str]) -> str:
    """Return the end of a sentence that lists what could not be called, with each answer; empty for nothing.

    ``refused`` has the answer by operation.
    """
    named = [f"{label} ({answer})" for label, answer in refused.items()]
    return f"; could not be called: {first_of(named, MOST_NAMED)}" if refused else ""
