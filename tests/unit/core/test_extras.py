"""The extras: what each brings, and how a missing one is reported."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from harness.core import extras
from harness.core.extras import MODULES, PACKAGE, Extra, install_command, is_installed, require
from harness.errors import ConfigurationError
from tests.conftest import PROJECT

DECLARED = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]


def distributions(extra: str) -> set[str]:
    """Return the distributions that pyproject.toml names in an extra."""
    found = {re.split(r"[^\w.-]", requirement)[0].lower() for requirement in DECLARED[extra]}
    return found - {PACKAGE}  # which names another extra


def test_the_table_is_that_of_pyproject() -> None:
    """Each module of the table belongs to a distribution that its extra installs, and no distribution is left out."""
    for extra, distribution in MODULES.values():
        assert distribution.lower() in distributions(extra)
    known = {distribution.lower() for _, distribution in MODULES.values()}
    assert set().union(*(distributions(extra) for extra in Extra)) == known


def test_one_extra_has_everything_that_readme_shows() -> None:
    """`all` names every extra but the sandbox, which a clone installs with make."""
    (everything,) = DECLARED["all"]

    assert everything == f"readiness-harness[{','.join(sorted(set(Extra) - {Extra.SANDBOX}))}]"


def test_a_module_that_is_not_installed_is_known_without_importing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing parent package counts as missing."""
    monkeypatch.setitem(sys.modules, "redis", None)

    assert is_installed("harness.core.extras")
    assert not is_installed("redis")
    assert not is_installed("no_such_package.of.mine")


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names who needs it, the distribution, and the command; nothing is raised where all are there."""
    require("This test", "harness")
    monkeypatch.setitem(sys.modules, "redis", None)

    with pytest.raises(ConfigurationError) as raised:
        require("This test", "redis")

    assert str(raised.value) == (
        f"This test needs redis, which is not installed. Install the extra: {install_command(Extra.REDIS)}"
    )


@pytest.mark.parametrize(
    "origin, source",
    [
        (None, "readiness-harness[sql]"),
        ({"url": "file:///home/me/a%20clone", "dir_info": {}}, "/home/me/a clone[sql]"),
        (
            {"url": "https://git.example/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "readiness-harness[sql] @ git+https://git.example/x.git@abc",
        ),
        (
            {"url": "https://files.example/x.whl", "archive_info": {}},
            "readiness-harness[sql] @ https://files.example/x.whl",
        ),
    ],
    ids=["index", "folder", "repository", "archive"],
)
def test_the_command_installs_from_where_the_package_came(
    origin: dict[str, object] | None, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone, a repository and an archive are named as pip takes them (PEP 610)."""

    class Installed(metadata.Distribution):
        def read_text(self, filename: str) -> str | None:
            return json.dumps(origin) if origin and filename == "direct_url.json" else None

        def locate_file(self, path: object) -> Path:
            raise NotImplementedError

    monkeypatch.setattr(extras, "distribution", lambda _: Installed())

    assert install_command(Extra.SQL) == f"pip install '{source}'"
