"""The pytests of a gate: how each is started, with what environment, and how it ends."""

from __future__ import annotations

import importlib.metadata
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.context.gate_request import ISOLATED, GateRequest
from harness.context.part_order import OrderPipe, PartOrder, Phase
from harness.model.config.fuzz import EXAMPLES_VARIABLE
from harness.process.guardian import guardian
from harness.process.run import Run

SUITE = "suite"
SCENARIOS = "scenarios"
MODES = "live,replay"
_OF_XDIST = ("-n", "--numprocesses", "--dist", "--maxprocesses")
_OF_THE_SUITE = "harness.plugins.suite_process"
_INI = Path(__file__).parents[1] / "suite" / "pytest.ini"
_FOREIGN = ("PYTEST_", "HYPOTHESIS_", "SCHEMATHESIS_", "HARNESS_")
_SHARED = frozenset({EXAMPLES_VARIABLE})
"""Documented variables of the harness, which add requests and take none away."""


class GatePytests:
    """Starts the pytests of one gate in the target's folder."""

    def __init__(
        self, request: GateRequest, run: Run, *, referred: Callable[[str], bool], only: tuple[str, ...] = ()
    ) -> None:
        """``referred`` answers whether harness.toml refers to a variable of the environment.

        ``only`` are the items whose tests alone run, empty for all.
        """
        self._request = request
        self._run = run
        self._referred = referred
        self._only = only
        overlay = [f"--harness-target={request.overlay}"] if request.overlay else []
        self._shared = [f"--rootdir={request.directory}", "--harness-gate", f"--harness-mode={MODES}", *overlay]
        self._shared.append(f"--harness-reports={request.reports}")

    def suite(self) -> RunningPytest:
        """Start the shipped checks, out of reach of the team's conftests, plugins, options and modules."""
        arguments = self._request.suite_arguments
        spread = ("-p", "xdist") if any(a.startswith(_OF_XDIST) for a in arguments) else ()
        command = [sys.executable, *ISOLATED, "-m", "pytest", "-c", str(_INI), "--noconftest"]
        command += ["--disable-plugin-autoload", "-p", "no:cacheprovider", "-p", _OF_THE_SUITE]
        command += [*_own_plugins(), *spread]
        command += ["--pyargs", "harness.suite", *self._shared, *arguments]
        return self._started(command, SUITE, Phase.TESTS, env=self._isolated())

    def scenarios(self) -> RunningPytest:
        """Start the scenarios as the team runs them, with all its plugins."""
        return self._started(self._of_the_team(), SCENARIOS, Phase.TESTS)

    def hooks(self, phase: Phase) -> RunningPytest:
        """Start a pytest that loads the team's conftests, calls a hook in them, and collects nothing."""
        return self._started(self._of_the_team(), str(phase), phase)

    def _of_the_team(self) -> list[str]:
        request = self._request
        alone = _own_plugins() if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") else []
        return [sys.executable, "-m", "pytest", *request.scenarios, *self._shared, *alone, *request.scenario_arguments]

    def _started(
        self, command: Sequence[str], name: str, phase: Phase, *, env: Mapping[str, str] | None = None
    ) -> RunningPytest:
        pipe = OrderPipe()
        guardian.begin()
        try:
            process = subprocess.Popen(
                [*command, f"--harness-part={pipe.readable}"],
                cwd=self._request.directory,
                env={**(os.environ if env is None else env), **guardian.mark()},
                pass_fds=[pipe.readable],
            )
            guardian.watch(process.pid)
        finally:
            os.close(pipe.readable)
        pipe.send(PartOrder(run=self._run, name=name, phase=phase, isolated=name == SUITE, only=self._only))
        return RunningPytest(process, pipe, ends_by=signal.SIGINT if phase is Phase.TESTS else signal.SIGTERM)

    def _isolated(self) -> dict[str, str]:
        """Return the environment without what steers pytest, its plugins or the harness from outside.

        What Python itself reads stays, for the integration's own processes; ``-E`` keeps it from this one.
        """
        return {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(_FOREIGN) or name in _SHARED or self._referred(name)
        }


class RunningPytest:
    """One pytest of a gate."""

    def __init__(self, process: subprocess.Popen[bytes], pipe: OrderPipe, *, ends_by: signal.Signals) -> None:
        self._process = process
        self._pipe = pipe
        self._ends_by = ends_by

    def go(self) -> None:
        """Let it go on, where it waits for the target."""
        self._pipe.go()

    def interrupt(self) -> None:
        """Let it end: one that runs tests, as after Ctrl-C."""
        if self._process.poll() is None:
            self._process.send_signal(self._ends_by)

    def wait(self) -> int:
        """Wait until it has ended, and return its exit status."""
        try:
            return self._process.wait()
        finally:
            guardian.forget(self._process.pid)
            self._pipe.close()

    def close(self) -> None:
        """Let it end where it still waits for the target, and wait until it has."""
        self._pipe.close()
        self._process.wait()
        guardian.forget(self._process.pid)


def _own_plugins() -> list[str]:
    """Return the arguments that load the plugins of the harness, and no others."""
    # As pytest looks for them: `entry_points` leaves out one of two distributions that have the same name.
    every = (entry for found in importlib.metadata.distributions() for entry in found.entry_points)
    names = sorted({e.name for e in every if e.group == "pytest11" and e.value.startswith("harness.plugins.")})
    return [word for name in names if name != "harness-on-demand" for word in ("-p", name)]  # it loads those of others
