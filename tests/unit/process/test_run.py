"""One run: its placeholders, its ports, and its way to the workers."""

from __future__ import annotations

import socket
import stat
import sys

import pytest

from harness.errors import ConfigurationError
from harness.process.run import PORT_RANGE, Run


def test_placeholders_are_replaced_and_other_braces_left() -> None:
    """A port keeps its number by name; what belongs to others stays as it is."""
    run = Run(run_id="r", seed="s", directory="/scratch")

    text = run.expand("{python} {run_dir}/db {port:app} {port:app} {port:other} {fault_server} {event_id}")

    python, folder, first, again, other, *rest = text.split(" ")
    assert (python, folder, rest) == (sys.executable, "/scratch/db", ["{fault_server}", "{event_id}"])
    assert first == again != other
    assert PORT_RANGE[0] <= int(first) < PORT_RANGE[1]


def test_a_port_is_free() -> None:
    """Nobody listens on it."""
    with socket.create_server(("127.0.0.1", Run(run_id="", seed="", directory="").port("app"))):
        pass


def test_a_port_belongs_to_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other run chooses a port before its process listens there; if no port is left, the error says so."""
    port = Run(run_id="", seed="", directory="").port("app")
    monkeypatch.setattr("harness.process.run.PORT_RANGE", (port, port + 1))

    with pytest.raises(ConfigurationError, match=f"No free loopback port between {port} and {port + 1} for a {{port:"):
        Run(run_id="", seed="", directory="").port("app")


def test_a_worker_gets_the_whole_run() -> None:
    """Name, seed, folder and ports come out of the JSON as they went in."""
    run = Run(run_id="r", seed="s", directory="/scratch")
    run.port("app")

    assert Run.from_json(run.to_json()) == run


def test_two_runs_share_nothing_and_their_folders_are_private() -> None:
    """Name, seed and folder differ, and only this user may look into the folder."""
    one, two = Run.begin(), Run.begin()
    try:
        assert not {one.run_id, one.seed, one.directory} & {two.run_id, two.seed, two.directory}
        assert stat.S_IMODE(one.path.stat().st_mode) == 0o700
    finally:
        one.end()
        two.end()
