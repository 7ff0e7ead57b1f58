"""Whatever lies where a user's project names a file, the answer is a sentence that names the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.cassettes.formats.conversion import read_any
from harness.context.target import load_target
from harness.core.configuration_home import PYPROJECT, configuration_file
from harness.errors import HarnessError
from harness.openapi.reading import read_at
from harness.openapi.spec_document import load_spec
from harness.operations.leaks import readable
from harness.operations.runbook_text import read_source
from harness.telemetry.dashboards.dashboard_reader import read_dashboards
from harness.telemetry.rules.alertmanager_config import hidden_values, read_alertmanager
from harness.telemetry.rules.rule_file import read_rules
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import SCHEMES
from tests.hostile_files import HOSTILE_FILES, large

NAME = "named.yaml"
ALL: Mapping[str, tuple[Callable[[Path], None], str]] = {**HOSTILE_FILES, "large": (large, "")}


def overlay(path: Path) -> str:
    (path.parent / "harness.toml").write_text('[target]\nname = "sample"\n')
    path.rename(path.with_name("harness.named.toml"))
    with pytest.raises(HarnessError) as refused:
        load_target(path.parent, overlay="named")
    return str(refused.value)


def configuration(path: Path) -> str:
    path.rename(path.with_name("harness.toml"))
    with pytest.raises(HarnessError) as refused:
        load_target(path.parent)
    return str(refused.value)


def raised(act: Callable[[Path], object]) -> Callable[[Path], str]:
    def said(path: Path) -> str:
        with pytest.raises((HarnessError, ValueError, LookupError)) as refused:
            act(path)
        return str(refused.value)

    return said


READERS: Mapping[str, Callable[[Path], str]] = {
    "harness.toml": configuration,
    "overlay": overlay,
    "document": raised(lambda path: load_spec(path.name, root=path.parent, base_url="http://127.0.0.1")),
    "reference": raised(lambda path: read_at(None, [path.parent], {}, path.as_uri())),
    "recording": raised(read_any),
    "fixture": raised(EventFormat(scheme=SCHEMES[0]).read),
    "runbook": raised(read_source),
    "rules": lambda path: read_rules(path).faults[0].text,
    "alertmanager": lambda path: read_alertmanager(path).faults[0].text,
    "dashboard": lambda path: read_dashboards([path], path.parent)[0].problem,
}
OTHERWISE = ("there is no such file", "the file is not below ")
"""What is said of links in references, which lead where they lead."""


@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize("make, said", ALL.values(), ids=ALL.keys())
def test_what_is_no_file_is_named_and_not_read(
    make: Callable[[Path], None], said: str, read: Callable[[Path], str], tmp_path: Path
) -> None:
    """Nobody waits for a pipe, reads a device, or follows a circle of links; and 100 MiB are not taken."""
    make(tmp_path / NAME)

    text = read(tmp_path / NAME)

    if make is large:
        assert "larger than" in text or "100 MiB" in text or "104,857,600 bytes" in text or "104857600" in text
    else:
        assert said in text or any(why in text for why in OTHERWISE)


def test_a_log_that_is_no_file_is_named() -> None:
    """It is among what could not be searched."""
    assert readable([Path("/dev/zero")]) == ([], ["zero: it is a device, not a file"])


def test_what_is_no_file_hides_nothing(tmp_path: Path) -> None:
    """The values to hide of a file that cannot be read are none."""
    HOSTILE_FILES["pipe"][0](tmp_path / NAME)

    assert hidden_values(tmp_path / NAME) == []


def test_a_pipe_for_a_project_file_stops_no_pytest(tmp_path: Path) -> None:
    """Every pytest that has the harness installed asks for it."""
    HOSTILE_FILES["pipe"][0](tmp_path / PYPROJECT)

    assert configuration_file(tmp_path) is None
