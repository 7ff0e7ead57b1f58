"""The drills of `workflow.tolerance` against the product and its document."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from harness.context.drill_settings import allows, describes, successes
from harness.http.client import Network
from harness.model import Outcome
from harness.model.config import Policy
from harness.openapi.spec_document import load_spec
from harness.resilience.client_drill import DrillSetting
from harness.resilience.needed_members import NEEDED
from harness.resilience.runner import ClientUnderTest
from harness.resilience.tolerance import DRILLS

from .conftest import Product

EXPECTED = {
    "unknown-member": "not_applicable",
    "other-order": "pass",
    "optional-missing": "not_applicable",
    "null": "pass",
    "unknown-value": "pass",
    "empty-page": "not_applicable",
    "long-list": "not_applicable",
    "number-at-bound": "not_applicable",
    "other-success": "not_applicable",
    "required-missing": "pass",
    "needed-members": "not_applicable",
}


@pytest.fixture
def client(product: Product, tmp_path: Path) -> Iterator[ClientUnderTest]:
    """The reference client."""
    with Network().client() as http:
        yield ClientUnderTest(
            command=(sys.executable, "-m", "harness.sandbox", "workflow", "--database", str(tmp_path / "a.db")),
            env={
                "PRODUCT_API_KEY": product.key,
                "PRODUCT_WEBHOOK_SECRET": product.secret,
                "PRODUCT_BASE_URL": "{provider}",
                "SANDBOX_DEFECTS": "",
            },
            cwd=Path.cwd(),
            timeout_s=60,
            policy=Policy(),
            log=tmp_path / "client.log",
            upstream=product.url,
            http=http,
        )


def setting_of(client: ClientUnderTest, product: Product) -> DrillSetting:
    spec = load_spec("harness/sandbox/openapi.yaml", root=Path.cwd(), base_url=product.url)
    return DrillSetting(
        client=client,
        label=client.undisturbed().operations.label_of,
        allows=allows(spec, product.url),
        describes=describes(spec, product.url),
        successes=successes(spec, product.url),
    )


@pytest.mark.parametrize(
    "defect, expected",
    [
        ("", EXPECTED),
        ("client-reads-members-by-position", {"other-order": "fail", "null": "pass"}),
        ("client-breaks-with-unknown-status", {"unknown-value": "fail", "other-order": "pass"}),
    ],
)
def test_the_drills_find_how_a_client_reads(
    client: ClientUnderTest, product: Product, defect: str, expected: dict[str, str]
) -> None:
    """The document forbids unknown members and requires all, so that several drills do not apply to this provider."""
    client = msgspec.structs.replace(client, env={**client.env, "SANDBOX_DEFECTS": defect})
    setting = setting_of(client, product)
    found = {drill.id: drill.judge(drill, setting) for drill in (*DRILLS, *NEEDED) if drill.id in expected}

    assert {case_id: Outcome(finding.outcome).value for case_id, finding in found.items()} == expected, found
