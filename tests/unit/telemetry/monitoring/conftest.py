"""A server that gives the answers of a Prometheus or an Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from harness.http.client import Network


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A client as the run has."""
    with Network().client() as made:
        yield made
