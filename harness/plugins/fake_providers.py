"""`fake_provider`: a provider for a user's own tests, which answers what they set up and the document allows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.plugins.stash import context_key

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.contract.fake_provider import FakeProvider
    from harness.openapi.spec_document import Spec

started_key: pytest.StashKey[list[FakeProvider]] = pytest.StashKey()
"""On a test: the fake providers that it started."""


@pytest.fixture
def make_fake_provider(request: pytest.FixtureRequest) -> Iterator[Callable[[Spec | Path | str], FakeProvider]]:
    """Starts fake providers: `make_fake_provider("openapi.yaml")`, a path relative to harness.toml or the rootdir."""
    from harness.contract.fake_provider import FakeProvider
    from harness.openapi.spec_document import Spec, load_spec

    context = request.config.stash.get(context_key, None)
    root = context.target.root if context else request.config.rootpath
    started = request.node.stash.setdefault(started_key, [])
    with ExitStack() as stack:

        def start(spec: Spec | Path | str) -> FakeProvider:
            server = FakeProvider(spec if isinstance(spec, Spec) else load_spec(str(spec), root=root, named_by=""))
            server.start()
            stack.callback(server.stop)
            started.append(server)
            return server

        yield start


@pytest.fixture
def fake_provider(
    run_context: RunContext,
    require: Callable[..., None],
    make_fake_provider: Callable[[Spec | Path | str], FakeProvider],
) -> FakeProvider:
    """A pytest-httpserver that fails the test where a request or a response violates ``[provider] spec``."""
    require("provider.spec")
    return make_fake_provider(run_context.spec)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test whose fake provider saw what the document does not allow, or what nobody expected."""
    try:
        yield
    except BaseException:
        if complaints := _complaints(item):  # perhaps why it failed
            item.add_report_section("call", "fake provider", "\n".join(complaints))
        raise
    if complaints := _complaints(item):
        pytest.fail("\n".join(complaints), pytrace=False)


def _complaints(item: pytest.Item) -> list[str]:
    return [complaint for server in item.stash.get(started_key, ()) for complaint in server.complaints]
