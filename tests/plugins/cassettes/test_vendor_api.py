"""A scenario at a vendor's API: its own calls are judged, and what the vendor answers is reported beside that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.reports.vendor_section import HEADING

from .conftest import CREATES, SPEC, TOML, Provider, run

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

BROKEN = json.dumps(SPEC).replace('"state": {"type": "string"}', '"state": {"type": "null"}')
UNDOCUMENTED = '\ndef test_more(api):\n    api.get("/undocumented")\n'


@pytest.fixture
def at_a_vendor(folder: Folder, provider: Provider) -> Provider:
    """The small provider, which nobody calls ours."""
    folder.write("harness.toml", TOML.replace("ours = true\n", "").format(url=provider.url))
    return provider


@pytest.mark.usefixtures("at_a_vendor")
@pytest.mark.parametrize("mode", ["live", "record", "replay"])
def test_a_response_that_breaks_the_document_fails_no_test(mode: str, folder: Folder) -> None:
    """It is in the vendor's section, by operation and cause, in every mode."""
    if mode == "replay":
        run(folder, "record")
    folder.write("openapi.json", BROKEN)

    ended = run(folder, mode, "--verbosity=0")

    assert ended.status == 0, ended.out
    assert f"{HEADING}: " in ended.out
    item = "workflow.recorded" if mode == "replay" else "workflow.contract"
    shown = " ".join(ended.out.split())
    assert f"{item}: answering 200: Response violates schema (at /state): GET /items/{{id}}" in shown


@pytest.mark.usefixtures("at_a_vendor")
def test_an_undocumented_call_is_the_integrations(folder: Folder) -> None:
    """The vendor can correct nothing about what the scenario calls."""
    folder.write("test_own.py", CREATES + UNDOCUMENTED)

    ended = run(folder, "live")

    assert ended.status == 1
    assert "workflow.contract: GET /undocumented breaks the spec" in ended.out
    assert HEADING not in ended.out


def test_a_provider_of_ones_own_fails_the_scenario(folder: Folder, provider: Provider) -> None:
    """As declared with `ours = true`."""
    assert provider.url
    folder.write("openapi.json", BROKEN)

    ended = run(folder, "live")

    assert ended.status == 1
    assert "workflow.contract: GET /items/{id} answering 200 breaks the spec" in ended.out
