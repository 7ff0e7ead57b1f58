"""The logs in which a fault may show: those of the integration."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.context.operator_logs import operator_logs
from harness.context.run_context import RunContext
from harness.process.run import Run

TOML = """
[target]
name = "Tiny"

[process.product]
command = ["true"]
ready = "http://127.0.0.1:1/health"

[process.app]
command = ["true"]
ready = "http://127.0.0.1:2/health"

[provider]
spec = "openapi.json"
base_url = "http://127.0.0.1:1/v1"

[operations]
logs = ["logs/*.log"]
"""
RECEIVER = """
[receiver]
url = "http://127.0.0.1:{port}/hook"
"""


@pytest.mark.parametrize(
    "more, names",
    [
        ("", ["app.log", "client.log", "logs/nginx.log"]),
        (RECEIVER.format(port=2), ["app.log", "client.log", "logs/nginx.log"]),
        (RECEIVER.format(port=1), ["product.log", "app.log", "client.log", "logs/nginx.log"]),
    ],
    ids=["no receiver", "a receiver beside the provider", "one process for both"],
)
def test_the_log_of_the_provider_is_not_the_operators(more: str, names: list[str], tmp_path: Path) -> None:
    """A process that serves the Product API alone is left out; names are those of harness.toml, also in a copy."""
    (tmp_path / "harness.toml").write_text(TOML + more, encoding="utf-8")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "nginx.log").touch()
    run = Run(run_id="r", seed="s", directory=str(tmp_path))
    context = RunContext.load(tmp_path, run=run, overlay=None, reports=tmp_path / "reports")
    context.processes.log_suffix = "-copy"

    logs = operator_logs(context)

    assert list(logs) == names
    assert logs["app.log"].name == "app-copy.log"
