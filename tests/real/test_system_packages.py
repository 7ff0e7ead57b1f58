"""The installation of Debian packages, with fakes of `apt-get`, `id` and `systemctl`: no test changes the system."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("system_packages")
MAKEFILE = Path(__file__).parents[2] / "Makefile"
SERVER = "no-such-server:server-package"
EITHER = "no-such-manager|nor-this-one:manager-package"
FAKE = '#!/bin/sh\necho "$(basename "$0") $*" >> {calls}\n{body}\n'


class Machine:
    """A machine whose programs are fakes; `run` runs the script there."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.policy, self._calls = folder / "bin", folder / "policy-rc.d", folder / "calls"
        self.bin.mkdir()
        self.fake("id", "echo 0")
        self.fake("apt-get", f'echo "policy: $(cat {self.policy} | tail -n 1)" >> {self._calls}')
        self.fake("systemctl")

    def fake(self, name: str, body: str = "") -> None:
        """Put a program on the PATH that notes how it is called."""
        program = self.bin / name
        program.write_text(FAKE.format(calls=self._calls, body=body))
        program.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """The calls of the fakes, but for those of `id`."""
        lines = self._calls.read_text().splitlines() if self._calls.is_file() else []
        return [line for line in lines if not line.startswith("id ")]

    def run(self, *wanted: str, **env: str) -> tuple[int, str]:
        """Return the exit status and all output."""
        environment = {**os.environ, "PATH": f"{self.bin}:/usr/bin:/bin", "POLICY_RC_D": str(self.policy), **env}
        done = subprocess.run(
            [SCRIPT, *wanted], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return done.returncode, done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A Debian machine, as root."""
    return Machine(tmp_path)


def test_what_is_missing_is_installed_without_its_services(machine: Machine) -> None:
    """It announces the packages, forbids services to start meanwhile, and leaves neither that rule nor a service."""
    status, out = machine.run(SERVER, "sh:not-needed", EITHER)

    assert status == 0, out
    assert out == (
        "Installing server-package manager-package with apt-get, without starting a service "
        "(SYSTEM=no leaves the system alone) ...\n"
    )
    assert machine.calls == [
        "apt-get update --quiet",
        "policy: exit 101",
        "apt-get install --no-install-recommends server-package manager-package --yes --quiet",
        "policy: exit 101",
        "systemctl --quiet disable server-package",
        "systemctl --quiet disable manager-package",
    ]
    assert not machine.policy.exists()


def test_a_rule_of_the_machine_about_services_stays(machine: Machine) -> None:
    """What forbade services to start before does so afterwards."""
    machine.policy.write_text("#!/bin/sh\nexit 101 # of this machine\n")

    status, _ = machine.run(SERVER)

    assert status == 0
    assert machine.policy.read_text().endswith("# of this machine\n")


def test_what_is_there_is_not_installed(machine: Machine, tmp_path: Path) -> None:
    """A program on the PATH, one of several that serve alike, or one at its path is enough."""
    machine.fake("nor-this-one")
    path = tmp_path / "elsewhere"
    path.write_text("")
    path.chmod(0o755)

    assert machine.run("sh:dash", EITHER, f"{path}:package") == (0, "")
    assert machine.calls == []


@pytest.mark.parametrize("why", ["system-no", "not-root", "no-apt-get"])
def test_elsewhere_the_command_is_shown(machine: Machine, why: str) -> None:
    """Where nothing may or can be installed, one line names the command, and nothing is called."""
    if why == "not-root":
        machine.fake("id", "echo 1000")
    if why == "no-apt-get":
        (machine.bin / "apt-get").unlink()
        for name in ("sh", "bash", "id", "basename", "cat", "tail"):
            if not (machine.bin / name).exists():
                (machine.bin / name).symlink_to(f"/bin/{name}")
    env = {"PATH": f"{machine.bin}"} if why == "no-apt-get" else {}

    status, out = machine.run(SERVER, EITHER, SYSTEM="no" if why == "system-no" else "", **env)

    assert status == 1
    assert out == (
        "Not installed: server-package manager-package. "
        "On Debian, as root: apt-get install --no-install-recommends server-package manager-package\n"
    )
    assert machine.calls == []


def test_a_failed_installation_says_why(machine: Machine) -> None:
    """The last lines of apt-get are shown with the command to repeat, and services may start again."""
    machine.fake("apt-get", 'echo "Temporary failure resolving deb.debian.org" >&2; exit 100')

    status, out = machine.run(SERVER)

    assert status == 1
    _, reason, advice = out.splitlines()
    assert reason == "Temporary failure resolving deb.debian.org"
    assert advice == (
        "Could not install server-package, for the reason above. "
        "Try again with: apt-get install --no-install-recommends server-package"
    )
    assert not machine.policy.exists()


def test_the_gate_and_the_real_parts_install_the_same(machine: Machine) -> None:
    """`make gate` installs what it needs of the system by the script that installs the real parts, and goes on."""
    recipe = MAKEFILE.read_text(encoding="utf-8").partition("\ngate: setup\n")[2].partition("\n\n")[0]
    wanted = re.findall(r'"?([\w|-]+:[\w-]+)"?', recipe)
    programs = SCRIPT.with_name("install").read_text(encoding="utf-8")

    assert [entry.partition(":")[2] for entry in wanted] == ["prometheus", "prometheus-alertmanager"]
    assert all(f":{entry.partition(':')[2]}" in programs for entry in wanted)
    assert "|| true" in recipe
    assert "./system_packages" in programs
    assert machine.calls == []
