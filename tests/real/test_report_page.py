"""The HTML report in a real browser: accessible, narrow, quiet, and deaf to hostile text."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from harness.model import Report, Verdict
from harness.reports import html


def test_a_report_of_any_verdict_is_accessible_and_makes_no_request(
    node_modules: Path, need: Callable[[str | Path], str], report_of: Callable[[Verdict], Report], tmp_path: Path
) -> None:
    """Every verdict, light and dark: no axe-core violation, no request, no script run, no overflow at 320 px."""
    chromium = need("chromium")
    for verdict in Verdict:
        (tmp_path / f"{verdict.name}.html").write_text(html.render(report_of(verdict)), encoding="utf-8")
    command = ["node", "axe.mjs", *map(str, sorted(tmp_path.glob("*.html")))]

    done = subprocess.run(
        command,
        cwd=node_modules,
        env={**os.environ, "CHROMIUM": chromium},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert len(seen) == 2 * len(Verdict)
    for page in seen:
        assert page["violations"] == [], page
        assert page["requests"] == []
        assert page["dialogs"] == []
        assert page["width"] <= 320
        assert page["opened"], "a link to an item opens it"
