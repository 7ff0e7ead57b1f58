"""The shop, an integration of Stripe as an ordinary team writes it: what its gate does to Stripe, and what it finds."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.made_once import made_once
from tests.ports import free_port
from tests.real.conftest import REAL, Need
from tests.real.strangers.conftest import STRANGERS, Gate, Project, Visit, make_project
from tests.real.strangers.provider_log import READS, ProviderLog

KEY = "sk_test_51PqXYZ2eZvKYlo2C"
OWN_WORDS = (b"guest-", b"guest%2d", b"amount=1999")
"""What only the shop's own writes contain: its scenario and its checkout."""

FAULTS = {
    "unkeyed": ("resilience.idempotency-keys", {"keys"}),
    "reads-once": (
        "resilience.retries",
        {
            *("unavailable-twice", "reset-once", "closed-once", "unavailable-for-good", "stale-connection"),
            *("once-408", "once-425", "once-500", "once-502", "once-504"),
        },
    ),
    "order": ("webhooks.idempotent", {"out-of-order"}),
    "late-series": ("observability.metrics", {"retried"}),
}
"""What each planted fault of the shop makes fail: one item, by these checks."""
ADVICE = {"resilience.rate-limit", "resilience.integrity"}
"""Recommended, and not followed: no read is sent again after a 503, and Node's fetch takes a 100 for an error."""


@pytest.fixture(scope="module")
def shop(
    stranger_bin: Path,
    start_provider: Callable[..., AbstractContextManager[ProviderLog]],
    shared_data: Path,
    need: Need,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Project]:
    """Node and SQLite with Stripe's own package, against localstripe and Stripe's own document; with its recording."""
    need("node")
    modules = Path(need(STRANGERS / "shop" / "node_modules" / ".ready")).parent
    folder = tmp_path_factory.mktemp("shop")
    own = shutil.ignore_patterns("node_modules", "cassettes", "reports", "__pycache__")
    shutil.copytree(STRANGERS / "shop", folder / "project", ignore=own)
    (folder / "project" / "node_modules").symlink_to(modules.resolve())
    (folder / "project" / "stripe.yaml").symlink_to(shared_data / "documents" / "stripe" / "spec3.yaml")
    port = free_port()
    python = REAL / "envs" / ".venv-strangers" / "bin" / "python"
    command = (python, "-m", "localstripe", "--from-scratch", "--port", str(port))
    with start_provider("localstripe", f"http://127.0.0.1:{port}/js.stripe.com/v3/", folder, *command) as log:
        project = make_project(folder / "project", log, stranger_bin, STRIPE_API_KEY=KEY)
        recorded = project.run("python", "-m", "pytest", "scenarios", "--harness-mode=record")
        assert "1 warned" in recorded.stdout, recorded.stdout  # by a difference of localstripe from Stripe's document
        yield project


@pytest.fixture(scope="module")
def visit(shop: Project, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    """One whole gate of the shop as it is."""
    return made_once(tmp_path_factory, "shop", lambda _: shop.visit("/v1/balance", f"Bearer {KEY}"))


@pytest.fixture(scope="module")
def faulty(shop: Project, tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """One whole gate of the shop with all planted faults."""
    return made_once(tmp_path_factory, "faulty-shop", lambda _: shop.gate(SHOP_FAULTS=",".join(FAULTS)))


def test_the_gate_changes_nothing_at_the_vendor(visit: Visit) -> None:
    """By default, only the shop's own scenario and checkout write; what the harness makes up reads."""
    assert visit.gate.report["items"]

    assert visit.requests
    assert set(visit.log.methods()) <= READS | {"POST"}
    assert visit.log.not_written_by(*OWN_WORDS) == []


def test_the_gate_tries_few_wrong_credentials(visit: Visit) -> None:
    """A vendor locks accounts: at most five requests carry another credential, and the right one still works."""
    assert visit.gate.report["items"]

    others = [request for request in visit.requests if request.credential != f"Bearer {KEY}"]

    assert len(others) <= 5
    assert {request.method for request in others} <= READS
    assert visit.right == 200


def test_the_shop_is_ready(visit: Visit) -> None:
    """READY without a waiver: what only Stripe could correct is listed, and does not count."""
    gate = visit.gate
    assert gate.report["verdict"] == "READY", gate.output
    assert gate.status == 0
    assert gate.with_outcome("waived") == set()
    assert gate.with_outcome("not_run") == {"observability.dashboards"}  # recommended; the shop has none
    assert "What the vendor's API does differently from its document" in gate.output


def test_nothing_fails_but_what_the_faults_concern(faulty: Gate) -> None:
    """With four faults of the integration, four items fail beside advice, and none could not be checked."""
    assert faulty.report["verdict"] == "NOT READY"
    assert faulty.status == 1
    assert faulty.with_outcome("fail") == {item for item, _ in FAULTS.values()} | ADVICE, faulty.output
    assert faulty.with_outcome("error") == set()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_shop_is_found(faulty: Gate, fault: str) -> None:
    """Each planted fault fails the checks that are about it, and no other of its item."""
    item, checks = FAULTS[fault]

    assert faulty.failed_checks(item) == checks, faulty.output
