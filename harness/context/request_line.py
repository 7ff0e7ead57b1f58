"""What made-up requests may do at the provider, in one line; counting them needs far more modules than this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.model.config import Probes
from harness.openapi.permission import MOST_WRONG_CREDENTIALS

if TYPE_CHECKING:
    from harness.context.run_context import RunContext

_ALLOWS = {
    Probes.NONE: "sends nothing that the harness makes up",
    Probes.READ: "reads only",
    Probes.WRITE: "reads and writes",
}


def in_one_line(context: RunContext) -> str:
    """Return what made-up requests may do at the provider, for the head of a run; it reads no document from a URL."""
    target, section = context.target, context.provider.section
    whose = "yours" if target.ours else "a vendor's API"
    line = (
        f"provider: {section.base_url} ({whose}): [provider] probes = {str(target.probes)!r} {_ALLOWS[target.probes]}"
    )
    if target.probes is Probes.WRITE:
        line += ", deletes too" if section.destructive else ", deletes only what the run created"
    if target.probes is not Probes.NONE and context.provider.spec_at_hand:
        permission = context.provider.permission
        line += f", {len(permission.labels)} of {len(context.spec.definitions)} operations"
    if target.probes is not Probes.NONE and context.provider.permission.spares_credentials:
        line += f", at most {MOST_WRONG_CREDENTIALS} wrong credentials"
    return line
