"""A section whose extra is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

RECEIVER = """
[receiver]
url = "http://127.0.0.1:1/hooks"
signature = { scheme = "stripe", secret = "env:HOOK_SECRET" }
effects = { sql = "SELECT 1 AS effects", database = "sqlite://" }
"""


def test_a_missing_extra_is_one_error_before_any_test(ready: Folder) -> None:
    """A live run names the section and the extra once, exits with the status of wrong usage, and runs nothing."""
    toml = (ready.path / "harness.toml").read_text(encoding="utf-8")
    ready.write("harness.toml", toml + RECEIVER)
    ready.write("missing/sitecustomize.py", "import sys\nsys.modules['sqlalchemy'] = None\n")

    # The gate prepares its target by the same function, in a process that PYTHONPATH does not reach.
    ended = ready.pytest(
        "--harness-mode=live", PYTHONPATH=str(ready.path / "missing"), HOOK_SECRET="secret of this test"
    )

    assert ended.status == 4, ended.text
    assert ended.text.count("the SQL of [receiver] effects needs SQLAlchemy, which is not installed.") == 1
    assert ended.text.count("[sql]'") == 1
    assert " passed" not in ended.text


def test_recorded_scenarios_run_without_the_extra(ready: Folder) -> None:
    """Plain pytest from recordings does not need what only a live run uses."""
    toml = (ready.path / "harness.toml").read_text(encoding="utf-8")
    ready.write("harness.toml", toml + RECEIVER)
    ready.write("missing/sitecustomize.py", "import sys\nsys.modules['sqlalchemy'] = None\n")

    ended = ready.pytest(PYTHONPATH=str(ready.path / "missing"), HOOK_SECRET="secret of this test")

    assert ended.status == 0, ended.text
