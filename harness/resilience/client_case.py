"""What a case of the client is."""

from __future__ import annotations

from harness.model import Check
from harness.resilience.client_evidence import Expectation
from harness.resilience.faults import Fault
from harness.resilience.workflow_operations import Concern, every_call


class ClientCase(Check, frozen=True, kw_only=True):
    """One scripted misbehaviour of the provider, applied to each operation of the client's workflow that it concerns.

    Brief faults meet the first calls of all operations in one run. Where that proves nothing about an operation, and
    with all other faults, it has a run of its own.
    """

    faults: tuple[Fault, ...]
    then: Fault | None = None
    """Applied to all later calls; None passes them on to the real provider."""
    each_write: bool = False
    """Whether the first fault applies to the first attempt of every write, all in one run."""
    concerns: Concern | None = every_call
    """The operations that it is tried at; None for whatever the workflow calls first, in one run."""
    expectations: tuple[Expectation, ...]

    @property
    def is_brief(self) -> bool:
        """Whether one run can meet the faults at several operations, for a client that recovers from them."""
        return self.then is None and not self.each_write and all(fault.is_brief for fault in self.faults)

    needs_body: bool = False
    """Whether it fails only at operations whose answers the client has to read."""
    outlasts_cap: bool = False
    """Whether a run may take as long as ``[client] policy.retry_after_cap``, also beyond its time-out."""
