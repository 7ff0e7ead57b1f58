"""The product against the Schemathesis command, the field's own judge of whether a document tells the truth."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx

from harness.process.managed import ManagedProcess
from harness.process.ready import UrlAnswers
from tests.ports import free_port

EXAMPLES = os.environ.get("SANDBOX_EXAMPLES", "30")
"""Generated calls for each operation and phase; `make soak` asks for more."""


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    """All phases, all checks, not only the first failure: no issue in the product."""
    port, key = free_port(), f"key_{os.urandom(16).hex()}"
    url = f"http://127.0.0.1:{port}"
    process = ManagedProcess(
        "product",
        command=(sys.executable, "-m", "harness.sandbox", "product", "--port", str(port), "--rate-limit", "1000000000"),
        ready=UrlAnswers(f"{url}/healthz", _answers),
        ready_within_s=60,
        cwd=Path.cwd(),
        env={"PRODUCT_API_KEY": key, "PRODUCT_WEBHOOK_SECRET": os.urandom(16).hex(), "SANDBOX_DEFECTS": ""},
        log=tmp_path / "product.log",
    )
    command = [str(Path(sys.executable).parent / "st"), "run", f"{url}/openapi.yaml", "--url", url]
    command += ["--header", f"Authorization: Bearer {key}", "--phases", "examples,coverage,fuzzing,stateful"]
    command += ["--max-examples", EXAMPLES, "--continue-on-failure", "--no-color"]
    hooks = str(Path(__file__).with_name("schemathesis_hooks.py"))
    process.start()
    try:
        env = {**os.environ, "SCHEMATHESIS_HOOKS": hooks}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=1200)
    finally:
        process.stop()

    generated = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert done.returncode == 0, done.stdout[-4000:].replace(key, "[redacted]")
    assert generated
    assert int(generated[1]) == int(generated[2]) > 5 * int(EXAMPLES)
    assert "Traceback" not in (tmp_path / "product.log").read_text()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=2).is_success
    except httpx.TransportError:
        return False
