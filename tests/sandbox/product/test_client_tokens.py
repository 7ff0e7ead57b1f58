"""The drills of `auth.renewal`: the reference client passes each, and a client with a planted defect fails its own."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from harness.http.client import Network
from harness.model import Outcome
from harness.model.config import Duration, Policy
from harness.resilience.client_drill import ClientDrill, DrillSetting
from harness.resilience.client_drills import DRILLS
from harness.resilience.runner import ClientUnderTest
from harness.resilience.token_renewal import ITEM
from harness.resilience.token_server import TokenGate

from .conftest import Product

BROKEN = {
    "client-never-renews-its-token": ("expired", "asked for no new token"),
    "client-asks-for-tokens-without-end": ("renewal-refused", "asked 20 times for a token that it was refused"),
    "client-waits-for-tokens-without-end": ("renewal-slow", r"waited for \d+\.\d s for a token"),
    "client-renews-its-token-after-403": ("insufficient-scope", "was sent 2 times"),
    "client-renews-its-token-with-each-call": ("expired-at-once", r"asked \d+ times for a new token instead of once"),
}
RENEWAL = [drill for drill in DRILLS if drill.item == ITEM]
Setting = Callable[[str], DrillSetting]


@pytest.fixture
def setting(product: Product, tmp_path: Path) -> Iterator[Setting]:
    """Return the reference client with access tokens, given its defect; an empty one is none."""
    with Network().client() as http:

        def made(defect: str) -> DrillSetting:
            database = str(tmp_path / "integration.db")
            words = ("workflow", "--database", database, "--silence", "1.5", "--within", "3", "--attempts", "3")
            env = {"PRODUCT_WEBHOOK_SECRET": product.secret, "PRODUCT_CLIENT_SECRET": product.client_secret}
            env |= {"PRODUCT_BASE_URL": "{provider}", "PRODUCT_TOKEN_URL": "{token_server}", "SANDBOX_DEFECTS": defect}
            client = ClientUnderTest(
                command=(sys.executable, "-m", "harness.sandbox", *words),
                env=env,
                cwd=Path.cwd(),
                timeout_s=60,
                policy=Policy(answer_within=Duration(6)),
                log=tmp_path / "client.log",
                upstream=product.url,
                http=http,
                token_url=f"{product.url}/oauth/token",
            )
            gate = TokenGate(url=client.token_url, http=http, learn=lambda _: None)
            return DrillSetting(
                client=client,
                label=client.undisturbed().operations.label_of,
                tokens=gate,
                at_once=(sys.executable, "-m", "harness.sandbox", "projects", "--at-once", "20"),
                ours=True,
            )

        yield made


@pytest.mark.parametrize("drill", RENEWAL, ids=lambda drill: drill.id)
def test_the_reference_client_passes(drill: ClientDrill, setting: Setting, tmp_path: Path) -> None:
    """It renews once, surfaces what is refused or slow, and repeats no call that it has not the scope for."""
    finding = drill.judge(drill, setting(""))

    assert finding.outcome is Outcome.PASS, finding.observed
    assert "access_token" not in (tmp_path / "client.log").read_text()


@pytest.mark.parametrize("defect", BROKEN)
def test_a_broken_client_fails_its_drill(defect: str, setting: Setting) -> None:
    """The finding states what the client did."""
    case_id, words = BROKEN[defect]
    drill = next(drill for drill in RENEWAL if drill.id == case_id)
    finding = drill.judge(drill, setting(defect))

    assert finding.outcome is Outcome.FAIL, finding.observed
    assert re.search(words, finding.observed), finding.observed


def test_a_client_without_a_token_server_is_not_judged(setting: Setting) -> None:
    """The finding names the keys that would let it be."""
    finding = RENEWAL[0].judge(RENEWAL[0], msgspec.structs.replace(setting(""), tokens=None))

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "name [client] token_url, and give the client {token_server}" in finding.summary
