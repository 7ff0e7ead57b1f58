"""The tests of this repository: constant, short ids, no test skipped in CI, and no process in a unit test."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import NOT_IN_THE_REPOSITORY

ROOT = Path(__file__).parents[2]
LONGEST_CHARS = 100
TIMEOUT_S = 300


def collecting(hash_seed: str) -> subprocess.Popen[str]:
    """Start collecting every test, as a worker of pytest-xdist would."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")} | {"PYTHONHASHSEED": hash_seed}
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "tests", "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_collecting_twice_gives_the_same_short_ids() -> None:
    """No id depends on the time of day or the order of a set, and each can be read and typed."""
    first = collecting("1")
    time.sleep(1)  # what holds the time of day to the second differs
    outputs = [p.communicate(timeout=TIMEOUT_S)[0] for p in (first, collecting("2"))]
    ids, again = ([line for line in text.splitlines() if "::" in line] for text in outputs)
    parameters = [node_id.partition("[")[2] for node_id in ids]

    assert len(ids) > 3000, outputs[0][-2000:]
    assert ids == again
    assert [i for i, p in zip(ids, parameters, strict=True) if len(p) > LONGEST_CHARS or "\\" in p] == []
    assert [i for i in ids if not (i.isascii() and i.isprintable())] == []


@pytest.mark.parametrize("value, ended_as", [("1", "failed"), ("", "skipped")], ids=["required", "optional"])
def test_a_skipped_test_fails_where_all_parts_are_required(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, value: str, ended_as: str
) -> None:
    """In CI a skipped test fails with the reason for the skip, and an expected failure stays one."""
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(
        """
        import pytest
        def test_a(): pytest.skip("no chromium")
        @pytest.mark.xfail
        def test_b(): assert False
        """
    )
    monkeypatch.setenv("HARNESS_REQUIRE_REAL", value)

    result = pytester.runpytest_subprocess("-p", "no:schemathesis", "-p", "no:cacheprovider", "-rA")

    assert result.parseoutcomes() == {ended_as: 1, "xfailed": 1}
    result.stdout.fnmatch_lines(["*no chromium*"])


def test_a_skip_for_what_is_outside_the_repository_is_allowed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no installation brings may be missing in CI too."""
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(f"import pytest\ndef test_a(): pytest.skip('/data is {NOT_IN_THE_REPOSITORY}')")
    monkeypatch.setenv("HARNESS_REQUIRE_REAL", "1")

    result = pytester.runpytest_subprocess("-p", "no:schemathesis", "-p", "no:cacheprovider")

    assert result.parseoutcomes() == {"skipped": 1}


def test_a_unit_test_that_starts_a_process_or_leaves_the_machine_fails(pytester: pytest.Pytester) -> None:
    """It fails even if its code hides the refusal; threads and connections to this machine are allowed."""
    pytester.makeconftest((ROOT / "tests" / "unit" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(
        """
        import contextlib, os, socket, subprocess, threading

        def test_hidden():
            with contextlib.suppress(AssertionError):
                subprocess.run(["true"])

        def test_forks():
            os.fork()

        def test_leaves():
            socket.create_connection(("192.0.2.1", 9), timeout=0.1)

        def test_stays():
            threading.Thread(target=int).start()
            with socket.create_server(("127.0.0.1", 0)) as server:
                socket.create_connection(server.getsockname()).close()
                with socket.socket() as client:
                    client.connect(("localhost", server.getsockname()[1]))
        """
    )

    result = pytester.runpytest_subprocess("-p", "no:schemathesis", "-p", "no:cacheprovider")

    assert result.parseoutcomes() == {"failed": 2, "passed": 2, "errors": 3}
    result.stdout.fnmatch_lines(["*A unit test starts no process and stays on this machine, but: *"])
