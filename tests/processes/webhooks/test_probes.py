"""Effects of an event are read with a command, and its errors say what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.errors import ProbeError
from harness.model.config import EffectSource as Config
from harness.webhooks.effects import EffectProbe
from tests.unit.webhooks.test_probes import probe


def by_command(code: str, tmp_path: Path) -> EffectProbe:
    return probe(Config(command=(sys.executable, "-c", code, "{event_id}")), root=tmp_path)


def test_a_command_is_told_the_event(tmp_path: Path) -> None:
    """It prints JSON or a number; status 1 means that nothing is known."""
    assert by_command("import sys; print(len(sys.argv[1]))", tmp_path).effects("evt_1") == 5
    assert by_command('print(\'{"effects": 2, "x": 0}\')', tmp_path).effects("evt_1") == 2
    assert by_command("raise SystemExit(1)", tmp_path).effects("evt_1") == 0


@pytest.mark.parametrize(
    "code, said",
    [
        ("import sys; print('no database', file=sys.stderr); sys.exit(2)", "status 2 and printed 'no database'"),
        ("print('one')", "printed 'one\\n', which is not JSON"),
    ],
)
def test_a_command_that_fails_says_how(code: str, said: str, tmp_path: Path) -> None:
    """The message contains its last line and the meaning of its exit status."""
    with pytest.raises(ProbeError) as raised:
        by_command(code, tmp_path).effects("evt_1")

    assert said in str(raised.value)


def test_a_command_that_is_not_there_says_so() -> None:
    """The missing program is named."""
    with pytest.raises(ProbeError, match=r"'no-such-program' cannot be run: No such file or directory. Install it"):
        probe(Config(command=("no-such-program",))).effects("evt_1")
