"""An interpreter that would run other checks than those written is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import harness
from harness.context.interpreter_checks import check_interpreter
from harness.errors import ConfigurationError

HIDING = {
    "types.py": "hides the module 'types' of Python's own",
    "yaml.py": "hides the module 'yaml' of the harness's own",
    "httpx/__init__.py": "hides the module 'httpx' of the harness's own",
    "httpcore.py": "hides the module 'httpcore' of the harness's own",
    "_pytest.py": "hides the module '_pytest' of the harness's own",
    "harness.py": "hides the harness itself",
}
HARMLESS = ("yaml/data.txt", "tests/__init__.py", "test/__init__.py", "acme.py", "types.txt", "ruff.py")


@pytest.mark.parametrize("name, text", HIDING.items(), ids=HIDING.keys())
def test_a_file_that_hides_a_module_is_named(tmp_path: Path, name: str, text: str) -> None:
    """Modules of Python, of the harness and of what it needs, directly or not, are not replaced by a project's."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")

    with pytest.raises(ConfigurationError) as refused:
        check_interpreter(tmp_path)

    assert f"{tmp_path / name} {text}" in str(refused.value)
    assert "Rename it, or move it into a package." in str(refused.value)


@pytest.mark.parametrize("name", HARMLESS)
def test_other_files_are_not_refused(tmp_path: Path, name: str) -> None:
    """A project has modules of its own, and folders that Python does not import first."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")

    check_interpreter(tmp_path)


def test_installed_libraries_are_no_files_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHONPATH may name the libraries of another environment, with other versions of what the harness needs."""
    (tmp_path / "anyio-4.0.dist-info").mkdir()
    (tmp_path / "anyio.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    check_interpreter()


def test_the_folder_of_the_harness_itself_is_not_refused() -> None:
    """In its own repository the package stands beside harness.toml."""
    check_interpreter(Path(harness.__file__).parents[1])


@pytest.mark.parametrize("source", ["PYTHONPATH", "sys.path"])
def test_the_path_of_modules_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """A folder before the standard library counts, wherever it comes from."""
    (tmp_path / "queue.py").write_text("")
    if source == "PYTHONPATH":
        monkeypatch.setenv("PYTHONPATH", f"/no/such/folder:{tmp_path}")
    else:
        monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ConfigurationError, match=r"queue\.py hides the module 'queue'"):
        check_interpreter()


@pytest.mark.parametrize("value, refused", [("1", True), ("2", True), ("0", False), ("", False)])
def test_assertions_must_run(monkeypatch: pytest.MonkeyPatch, value: str, *, refused: bool) -> None:
    """Without assertions a scenario passes whatever it sees."""
    monkeypatch.setenv("PYTHONOPTIMIZE", value)
    if not refused:
        check_interpreter()
        return
    with pytest.raises(ConfigurationError, match=r"PYTHONOPTIMIZE removes assertions.*unset PYTHONOPTIMIZE"):
        check_interpreter()
