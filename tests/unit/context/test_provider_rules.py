"""Whose provider it is and what may be done there follows from harness.toml, on the careful side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.context.target import load_target
from harness.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

STARTED = '[process.api]\ncommand = ["api"]\nready = "http://localhost:8420/healthz"\n'
AT = '[target]\nname = "T"\n{environment}[provider]\nspec = "x"\nbase_url = "{url}"\n{keys}'

# The provider's URL, its other keys, [target] environment, the processes: whether it is ours, and what probes may do.
RULES = {
    "a process of the harness": ("http://127.0.0.1:8420/v1", "", "", STARTED, True, "write"),
    "a process at another port": ("http://127.0.0.1:8421", "", "", STARTED, False, "read"),
    "a server that somebody else started": ("http://127.0.0.1:8420", "", "", "", False, "read"),
    "another scheme": ("https://127.0.0.1:8420", "", "", STARTED, False, "read"),
    "a vendor's staging": ("https://api.example.com", "", "staging", STARTED, False, "read"),
    "a port that is none": ("http://127.0.0.1:port", "", "", STARTED, False, "read"),
    "a colleague's API": ("https://api.example.com", "ours = true\n", "staging", "", True, "read"),
    "a simulator of a vendor's": ("http://127.0.0.1:8420", "ours = false\n", "", STARTED, False, "write"),
    "writes allowed": ("https://api.example.com", 'probes = "write"\n', "staging", "", False, "write"),
    "nothing allowed": ("http://127.0.0.1:8420", 'probes = "none"\n', "", STARTED, True, "none"),
    "production": ("https://api.example.com", 'probes = "write"\n', "production", "", False, "read"),
    "nothing in production": ("https://api.example.com", 'probes = "none"\n', "production", "", False, "none"),
}


@pytest.mark.parametrize("url, keys, environment, process, ours, probes", RULES.values(), ids=RULES.keys())
def test_what_is_left_open_is_decided_carefully(
    url: str, keys: str, environment: str, process: str, ours: object, probes: str, tmp_path: Path
) -> None:
    """A provider is ours, and written to, only where harness.toml says so or the harness starts it."""
    named = f'environment = "{environment}"\n' if environment else ""
    (tmp_path / "harness.toml").write_text(AT.format(url=url, keys=keys, environment=named) + process)
    target = load_target(tmp_path)
    assert (target.ours, target.probes) == (ours, probes)


@pytest.mark.parametrize("url", ["https://api.example.com", "http://10.0.0.7:8080", "http://[2001:db8::1]"])
def test_a_provider_elsewhere_needs_an_environment(url: str, tmp_path: Path) -> None:
    """What is not on this machine may be production, so harness.toml must say what it is."""
    (tmp_path / "harness.toml").write_text(AT.format(url=url, keys="", environment=""))
    with pytest.raises(ConfigurationError, match=r"\[provider\] base_url is not on this machine, so") as caught:
        load_target(tmp_path)
    assert 'Add environment = "staging" under [target]' in str(caught.value)


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.53", "http://[::1]:1", "http://app.localhost"])
def test_a_provider_on_this_machine_needs_none(url: str, tmp_path: Path) -> None:
    """Every name of this machine is local."""
    (tmp_path / "harness.toml").write_text(AT.format(url=url, keys="", environment=""))
    assert load_target(tmp_path).summary.environment == "local"
