"""`harness sandbox`: both processes for whoever wants to try, with the switches to make them misbehave."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

PATIENCE_S = 60


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_the_sandbox_shows_its_switches_and_they_work(tmp_path: Path, ending: signal.Signals) -> None:
    """The commands it prints work as they stand (a fault is met, a rotated key accepted); both signals end it well."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.cli", "sandbox"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    impatient = threading.Timer(PATIENCE_S, process.kill)  # ends the reading, whatever is printed
    impatient.start()
    try:
        shown = {}
        for line in process.stdout:
            shown[line.partition(" ")[0]] = line
            if "Ctrl-C" in line:
                break
        assert list(shown)[:6] == ["Product", "Integration", "Credentials", "Rotation", "Faults", "Logs"]
        credentials = Path(shown["Credentials"].split()[-1])
        exported = credentials.read_text()
        known = dict(re.findall(r"export (\w+)=(\S+)", exported))
        product = known["PRODUCT_BASE_URL"]
        key = {"authorization": f"Bearer {known['PRODUCT_API_KEY']}"}

        called(shown["Faults"], known)
        body = {"projectId": "prj_0000000000000000", "trigger": "manual"}
        faulty = httpx.post(f"{product}/runs", json=body, headers=key, trust_env=False)
        assert (faulty.status_code, faulty.headers["retry-after"]) == (503, "1")

        new = "a-new-key-of-16-or-more"
        called(shown["Rotation"], known)
        answer = httpx.get(f"{product}/projects", headers={"authorization": f"Bearer {new}"}, trust_env=False)
        assert answer.status_code == 200
        assert not any(value in line for line in shown.values() for name, value in known.items() if "URL" not in name)
    finally:
        impatient.cancel()
        process.stdout.close()
        process.send_signal(ending)
        assert process.wait(20) == 0
    assert not credentials.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(product, trust_env=False)


@pytest.mark.parametrize(
    "name, said",
    [
        ("receiver-skips-signatur", "--defect: There is no defect 'receiver-skips-signatur'. Did you mean 'receiver"),
        ("x", "--defect: There is no defect 'x'. List them with harness sandbox --list-defects."),
        (
            "runbook-stale",
            " changes fixtures/runbooks/auth.md, not a process. Plant it with harness gate --sandbox --defect ",
        ),
    ],
)
def test_a_defect_that_cannot_be_planted_is_wrong_usage(tmp_path: Path, name: str, said: str) -> None:
    """A name that no process knows is refused before any is started, with the nearest or with how to plant it."""
    words = [sys.executable, "-m", "harness.cli", "sandbox", "--defect", name]

    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)

    assert ended.returncode == 4
    assert said in ended.stderr


def called(line: str, known: dict[str, str]) -> None:
    """Send what a printed curl command would."""
    words = shlex.split(line.partition("curl ")[2].replace("$PRODUCT_ADMIN_KEY", known["PRODUCT_ADMIN_KEY"]))
    method = words[words.index("-X") + 1] if "-X" in words else "POST"
    url = next(w for w in words if w.startswith("http"))
    name, _, value = words[words.index("-H") + 1].partition(": ")
    sent = words[words.index("-d") + 1]
    httpx.request(method, url, content=sent, headers={name: value}, trust_env=False).raise_for_status()
