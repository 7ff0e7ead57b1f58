"""What the integration does not have is declared with a reason, and nothing asks for it; no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.model import Outcome
from harness.readiness.checklist import shipped
from tests.plugins.conftest import NAMED, OWN_ITEM, PASSES, waivers

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

REASON = "we only call"
CONCERNED = {
    part: [item.id for item in shipped() if part in item.concerns]
    for part in ("receiver", "client", "telemetry", "webhooks")
}


def declare(folder: Folder, *parts: str) -> None:
    """Write a target that waives every item but those that concern ``parts``, which it declares absent."""
    absent = {item_id for part in parts for item_id in CONCERNED[part]}
    declared = "[target.absent]\n" + "".join(f'{part} = "{REASON}"\n' for part in parts)
    others = [item.id for item in shipped() if item.level == "must" and item.id not in absent]
    folder.write("harness.toml", NAMED + declared + OWN_ITEM + waivers(others))
    folder.write("scenarios/test_own.py", PASSES)


@pytest.mark.parametrize("part", CONCERNED)
@pytest.mark.parametrize("way", [(), ("-n2",)], ids=["serial", "n2"])
def test_a_declared_part_leaves_its_items_out(part: str, way: tuple[str, ...], folder: Folder) -> None:
    """They do not apply, the reason stands under the verdict in the terminal and in the pages, and READY is reached."""
    declare(folder, part)
    done = folder.gate(*way)
    assert done.status == 0, done.text
    assert done.report is not None
    items = {item.id: item for item in done.report.items}
    assert {items[i].outcome for i in CONCERNED[part]} == {Outcome.NOT_APPLICABLE}
    assert {items[i].summary for i in CONCERNED[part]} == {f"declared: {REASON}"}
    assert f"declared ({REASON}): {CONCERNED[part][0]}" in done.out
    for page in ("readiness.md", "readiness.html"):
        assert "Declared absent" in (folder.reports / page).read_text(encoding="utf-8")


def test_a_failing_test_of_a_declared_item_counts(folder: Folder) -> None:
    """What a test of the user's own saw fail is not declared away."""
    declare(folder, "client")
    folder.write(
        "scenarios/test_client.py",
        'import pytest\n\n@pytest.mark.verifies("resilience.timeouts")\ndef test_it(): assert False\n',
    )
    done = folder.gate()
    assert done.status == 1
    assert done.report is not None
    assert {i.id for i in done.report.blockers} == {"resilience.timeouts"}
