"""Fixtures for the contract: the loaded spec, and a provider to try it on."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.contract.credentials import Credential
    from harness.contract.spec import Spec
    from harness.plugins.world import World


@pytest.fixture
def spec(world: World, require: Callable[..., None]) -> Spec:
    """The provider's OpenAPI document."""
    require("provider.spec")
    return world.spec


@pytest.fixture
def credential(world: World, require: Callable[..., None]) -> Credential:
    """How calls to the provider authenticate."""
    require("provider.auth")
    assert world.credential is not None
    return world.credential


@pytest.fixture(scope="session")
def fuzz_seed(pytestconfig: pytest.Config, world: World) -> int:
    """The seed of generated requests: ``--harness-seed``, or one drawn from the run's name, the same on all workers."""
    given = pytestconfig.getoption("--harness-seed")
    return int(given) if given is not None else random.Random(world.run.run_id).randrange(2**32)  # noqa: S311 - no secret
