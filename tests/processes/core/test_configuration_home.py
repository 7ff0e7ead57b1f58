"""What every start of pytest pays for the look for a target."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import pathlib, sys
from harness.core.configuration_home import configuration_file
assert configuration_file(pathlib.Path.cwd()) is None
print(sorted({"tomllib", "harness.errors", "difflib"} & set(sys.modules)))
"""


def test_the_look_for_a_target_imports_nothing(tmp_path: Path) -> None:
    """Where pyproject.toml cannot have the section, neither a parser of TOML nor the errors are imported."""
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["readiness-harness[all]>=1"]\n')

    shown = subprocess.run([sys.executable, "-c", CODE], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert shown.stdout == "[]\n"
