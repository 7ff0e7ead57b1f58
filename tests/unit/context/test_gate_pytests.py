"""How the gate starts its pytests."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.context import gate_pytests

POINTS = {
    "readiness_harness-1.dist-info": "harness-on-demand = harness.plugins.on_demand",
    "readiness_harness-2.dist-info": "harness-core = harness.plugins.core\nother = another.plugin",
}


def test_the_plugins_of_every_distribution_of_ours_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two distributions with one name, of which the first only orders the second, leave out no plugin."""
    for folder, points in POINTS.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "METADATA").write_text("Metadata-Version: 2.1\nName: readiness-harness\nVersion: 1\n")
        (tmp_path / folder / "entry_points.txt").write_text(f"[pytest11]\n{points}\n")
    monkeypatch.setattr("sys.path", [str(tmp_path)])

    assert gate_pytests._own_plugins() == ["-p", "harness-core"]
