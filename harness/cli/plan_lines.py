"""The lines of `harness gate --plan`: what each operation would receive, and what the user's own parts send."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from harness.context.request_line import in_one_line
from harness.context.request_plan import PlannedOperation, planned_operations
from harness.context.run_context import RunContext
from harness.core.progress import tracked, waiting
from harness.errors import ConfigurationError
from harness.http.address import public_url

_WIDTH = len("requests")


def plan_lines(directory: Path, *, overlay: str | None) -> Iterator[str]:
    """Yield the plan of a gate in ``directory``, without starting or sending anything.

    Raises `ConfigurationError`, also where the document is at a URL, and `SpecError`.
    """
    with RunContext.begun(directory, overlay=overlay) as context:
        if context.config.provider is None:
            raise ConfigurationError("harness.toml has no [provider], so nothing would be sent to one.")
        with waiting("reading the spec"):
            summary = in_one_line(context)
        yield summary
        planned = _planned(context)
        yield ""
        yield f"{'at most':>{_WIDTH}}"
        yield "requests  operation"
        for each in planned:
            yield f"{each.most:>{_WIDTH}}  {each.label} ({', '.join(each.reasons)})"
        yield ""
        yield _total(planned)
        yield from _own(context)


def plan_document(directory: Path, *, overlay: str | None) -> dict[str, Any]:
    """Return the plan for a program; raises what `plan_lines` raises."""
    with RunContext.begun(directory, overlay=overlay) as context:
        planned = [each._asdict() for each in _planned(context)]
        return {"at_most": sum(each["most"] for each in planned), "operations": planned, "yours": list(_own(context))}


def _planned(context: RunContext) -> list[PlannedOperation]:
    if context.config.provider is None:
        raise ConfigurationError("harness.toml has no [provider], so nothing would be sent to one.")
    if not context.provider.spec_at_hand:
        raise ConfigurationError(
            f"[provider] spec is {context.config.provider.spec}, which --plan does not read, as it sends nothing. "
            "Save the document as a file and name that."
        )
    budget, fuzzed = context.provider.fuzz_section.budget, context.target.fuzzed
    return planned_operations(context, budget, fuzzed=fuzzed, each=partial(tracked, title="counting requests"))


def _total(planned: list[PlannedOperation]) -> str:
    """Sum up by method, of what goes to known operations."""
    methods: dict[str, int] = {}
    for each in planned:
        method = each.label.partition(" ")[0] if "/" in each.label else "linked"
        methods[method] = methods.get(method, 0) + each.most
    listed = ", ".join(f"{number} {method}" for method, number in sorted(methods.items()))
    return f"At most {sum(methods.values())} requests that the harness makes up: {listed or 'none'}."


def _own(context: RunContext) -> Iterator[str]:
    """Name what the user wrote that sends requests too."""
    config = context.config
    own = [f"[target] scenarios {', '.join(config.target.scenarios)}"] if config.target.scenarios else []
    own += ["[client] command"] if config.client else []
    webhooks = config.provider.webhooks if config.provider else None
    own += [f"[provider.webhooks] register {webhooks.register}"] if webhooks and webhooks.register else []
    if own:
        yield f"Yours, sent as you wrote them: {'; '.join(own)}."
    if config.receiver:
        yield f"Deliveries, genuine and forged, to [receiver] url {public_url(config.receiver.url)}."
