"""`api`: the provider as scenarios see it, recorded or live, every response held against the spec."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

    from harness.plugins.collecting import Findings
    from harness.plugins.world import World


@pytest.fixture
def api(
    request: pytest.FixtureRequest, world: World, findings: Findings, harness_mode: str, require: Callable[..., None]
) -> Iterator[httpx.Client]:
    """An `httpx.Client` on ``[provider] base_url`` that authenticates; from the test's cassette unless run live."""
    require("provider.spec", "provider.base_url")
    provider = world.config.provider
    assert provider is not None
    headers = world.credential.headers() if world.credential and harness_mode != "replay" else {}
    from harness.contract.conformance import ResponseWatch

    recorded = harness_mode == "replay"
    watch = ResponseWatch(world.spec, item="workflow.recorded" if recorded else "workflow.contract")
    with (
        _cassette(request.node, world, harness_mode),
        world.network.client(base_url=provider.base_url, headers=headers) as client,
    ):
        client.event_hooks["response"].append(watch)
        yield client
    findings.extend(watch.findings())


def cassette_path(item: pytest.Item, root: Path) -> Path:
    """Return where the recording of a test lies: ``cassettes/MODULE/TEST.yaml``, the same in every mode."""
    module = item.path.stem.removeprefix("test_")
    params = getattr(getattr(item, "callspec", None), "params", {})
    named = "-".join(str(v) for k, v in params.items() if k != "harness_mode")
    name = getattr(item, "originalname", item.name) + (f"-{named}" if named else "")
    return root / "cassettes" / module / (re.sub(r"[^\w.-]+", "_", name) + ".yaml")


def _cassette(item: pytest.Item, world: World, mode: str) -> AbstractContextManager[object]:
    if mode == "live":
        return nullcontext()
    from harness.cassettes.recording import open_cassette

    path = cassette_path(item, world.target.root)
    name = getattr(item, "originalname", item.name)
    again = f"pytest --harness-mode=record -k {name}"
    return open_cassette(path, record=mode == "record", redact=world.vault.redact, again=again)
