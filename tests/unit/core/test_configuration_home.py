"""Where a target is described: harness.toml, or a section of pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.configuration_home import configuration_file, in_words_of
from harness.errors import ConfigurationError

NONE = {
    "no file": None,
    "a dependency": '[project]\ndependencies = ["readiness-harness[all]>=1"]\n',
    "a script": '[project.scripts]\ncheck = "harness.cli.main:main"\n[tool.other]\nharness = 1\n',
    "another section": "[tool.harness-of-others]\nx = 1\n",
    "a comment": "# [tool.harness]\n",
    "no TOML": "# [tool.harness]\n[tool\n",
    "no text": b"# [tool.harness]\nx = '\xff'\n",
}
SECTIONS = {
    "tables below it": '[tool.harness.target]\nname = "Shop"\n',
    "itself": '[tool.harness]\ntarget = { name = "Shop" }\n',
    "white space and quotes": '[ tool . "harness" ]\ntarget = { name = "Shop" }\n',
    "dotted keys": '[tool]\nharness.target.name = "Shop"\n',
    "a table with a mistake": "[tool.harness]\nx = \n",
    "an inline table": 'tool = { harness = { target = { name = "Shop" } } }\n',
}


@pytest.mark.parametrize("content", NONE.values(), ids=NONE)
def test_other_mentions_are_no_description(content: str | bytes | None, tmp_path: Path) -> None:
    """A pyproject.toml that only mentions the harness, or is no TOML, describes nothing; harness.toml does."""
    if content is not None:
        (tmp_path / "pyproject.toml").write_bytes(content if isinstance(content, bytes) else content.encode())

    assert configuration_file(tmp_path) is None
    (tmp_path / "harness.toml").touch()
    assert configuration_file(tmp_path) == tmp_path / "harness.toml"


@pytest.mark.parametrize("content", SECTIONS.values(), ids=SECTIONS)
def test_a_section_is_found_however_it_is_written(content: str, tmp_path: Path) -> None:
    """Each notation of TOML for it counts; beside a harness.toml it is an error that names what to delete."""
    (tmp_path / "pyproject.toml").write_text(content)
    assert configuration_file(tmp_path) == tmp_path / "pyproject.toml"

    (tmp_path / "harness.toml").touch()
    if content == SECTIONS["a table with a mistake"]:
        assert configuration_file(tmp_path) == tmp_path / "harness.toml"
        return
    with pytest.raises(ConfigurationError) as caught:
        configuration_file(tmp_path)

    assert str(caught.value) == (
        f"harness.toml and [tool.harness] of pyproject.toml both describe the target in {tmp_path}. Keep one: delete "
        "harness.toml, or delete [tool.harness] and the tables below it from pyproject.toml."
    )


@pytest.mark.parametrize(
    "text, shown",
    [
        ("harness.toml: [provider] spec: missing", "pyproject.toml: [tool.harness.provider] spec: missing"),
        ("harness.toml: [[item]] 2 id", "pyproject.toml: [[tool.harness.item]] 2 id"),
        ("harness.toml does not set [client] command", "pyproject.toml does not set [tool.harness.client] command"),
        ("pyproject.toml: [tool.harness.client] env", "pyproject.toml: [tool.harness.client] env"),
        ("harness.staging.toml: [provider] spec", "harness.staging.toml: [provider] spec"),
        ("Run in the folder of harness.toml.", "Run in the folder of harness.toml."),
    ],
)
def test_messages_name_keys_as_they_are_written_there(text: str, shown: str) -> None:
    """A section is called by its whole name in pyproject.toml, and stays as it is for harness.toml."""
    assert in_words_of(Path("pyproject.toml"), text) == shown
    assert in_words_of(Path("harness.toml"), text) == text
