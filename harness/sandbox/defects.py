"""Defects to plant on purpose: each row harms one item of the readiness checklist and nothing else."""

from __future__ import annotations

import difflib
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Defect:
    """One way to be wrong."""

    id: str
    where: str
    """``provider``, ``client``, ``receiver`` or ``operations``."""
    what: str
    """What goes wrong, in a sentence."""
    item: str
    """Id of the checklist item that must fail."""


CATALOGUE: tuple[Defect, ...] = (
    Defect(
        id="provider-500-on-valid",
        where="provider",
        what="GET /webhook-endpoints answers 500 to a valid request.",
        item="contract.fuzz",
    ),
    Defect(
        id="provider-undocumented-status",
        where="provider",
        what="GET /projects answers 206, which its description does not name.",
        item="contract.fuzz",
    ),
    Defect(
        id="provider-schema-break",
        where="provider",
        what="GET /runs/{runId} gives a succeeded run's finishedAt as a number.",
        item="workflow.contract",
    ),
    Defect(
        id="provider-accepts-wrong-key",
        where="provider",
        what="Any bearer token is accepted.",
        item="auth.rejects",
    ),
    Defect(
        id="provider-accepts-truncated-key",
        where="provider",
        what="A prefix of the right key is accepted.",
        item="auth.rejects",
    ),
    Defect(
        id="provider-refuses-listing",
        where="provider",
        what="GET /projects answers 401 to the right key.",
        item="auth.accepts",
    ),
    Defect(
        id="provider-loses-runs",
        where="provider",
        what="GET /runs lists no run of the project it is asked for.",
        item="workflow.core",
    ),
    Defect(
        id="receiver-skips-signature",
        where="receiver",
        what="The signature is not verified.",
        item="webhooks.signatures",
    ),
    Defect(
        id="receiver-compares-prefix",
        where="receiver",
        what="A signature that is the beginning of the right one is accepted.",
        item="webhooks.signatures",
    ),
    Defect(
        id="receiver-500-on-garbled-signature",
        where="receiver",
        what="A signature header that cannot be read gets 500.",
        item="webhooks.signatures",
    ),
    Defect(
        id="receiver-stores-before-verifying",
        where="receiver",
        what="A forged event is refused, but processed all the same.",
        item="webhooks.signatures",
    ),
    Defect(
        id="receiver-refuses-failures",
        where="receiver",
        what="A genuine run.failed event gets 422.",
        item="webhooks.fixtures",
    ),
    Defect(
        id="client-never-retries",
        where="client",
        what="5xx and broken connections are not retried; 429 is.",
        item="resilience.retries",
    ),
    Defect(
        id="client-retries-without-end",
        where="client",
        what="5xx is retried 40 times, with hardly a pause.",
        item="resilience.retries",
    ),
    Defect(
        id="client-ignores-retry-after",
        where="client",
        what="429 is retried after the usual back-off, whatever Retry-After says.",
        item="resilience.rate-limit",
    ),
    Defect(
        id="integration-logs-api-key",
        where="operations",
        what="The API key stands in the log.",
        item="secrets.never-logged",
    ),
    Defect(
        id="integration-logs-secret-in-base64",
        where="operations",
        what="The webhook secret stands in the log, in base64.",
        item="secrets.never-logged",
    ),
    Defect(
        id="metrics-born-at-first-failure",
        where="operations",
        what="The series of rejected deliveries does not exist before the first rejection.",
        item="observability.metrics",
    ),
    Defect(
        id="metrics-count-no-duplicates",
        where="operations",
        what="Duplicate deliveries are not counted.",
        item="observability.metrics",
    ),
)

_BY_ID = {d.id: d for d in CATALOGUE}


class UnknownDefectError(ValueError):
    """A defect that the catalogue does not have."""


class Planted:
    """The defects of one process; asked for at the one place each concerns."""

    def __init__(self, names: frozenset[str] = frozenset()) -> None:
        """Plant ``names``; raises `UnknownDefectError` with the nearest that exists."""
        for name in names - _BY_ID.keys():
            close = difflib.get_close_matches(name, _BY_ID, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(sorted(_BY_ID))}."
            raise UnknownDefectError(f"No defect is called {name!r}. {hint}")
        self._names = names

    def __contains__(self, name: str) -> bool:
        """Whether the defect is planted; a name outside the catalogue is a mistake in the sandbox itself."""
        assert name in _BY_ID, name
        return name in self._names
