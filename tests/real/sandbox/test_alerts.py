"""The alert rules against Prometheus' own promtool: they fire for their fault, and only for it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.sandbox.defects import Edit, catalogue
from harness.sandbox.plant import plant

ROOT = Path(__file__).parents[3]
CASES = Path("tests/real/alerts/integration_test.yml")
WRONG = {d.id: edit for d in catalogue() for edit in d.edits if edit.file.startswith("fixtures/alerts/")}

Need = Callable[[str], str]


def promtool(need: Need, *words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [need("promtool"), *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=30)


def test_the_rules_are_valid(need: Need) -> None:
    """Promtool reads them."""
    done = promtool(need, "check", "rules", "fixtures/alerts/integration.yml")

    assert done.returncode == 0, done.stderr
    assert "6 rules found" in done.stdout


def test_each_alert_fires_for_its_fault_and_resolves(need: Need) -> None:
    """On synthetic series: silent before, firing after, silent again, and silent for traffic as usual."""
    done = promtool(need, "test", "rules", str(CASES))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("edit", WRONG.values(), ids=WRONG)
def test_a_wrong_rule_is_seen(need: Need, edit: Edit, tmp_path: Path) -> None:
    """The same series tell each wrong rule of the catalogue from the right one."""
    for name in ("fixtures", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    plant(edit, tmp_path)
    cases = tmp_path / "integration_test.yml"
    cases.write_text((ROOT / CASES).read_text().replace("../../../", ""))

    assert promtool(need, "test", "rules", cases.name, cwd=tmp_path).returncode == 1
