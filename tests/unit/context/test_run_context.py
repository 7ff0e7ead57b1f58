"""One run of a target: what moved is still found, and a command's own run leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.context.run_context import _MOVED, RunContext
from harness.errors import ConfigurationError
from harness.process.run import Run

TOML = '[target]\nname = "Tiny"\n[provider]\nspec = "openapi.json"\nbase_url = "http://127.0.0.1:9"\n'


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    (tmp_path / "harness.toml").write_text(TOML)
    run = Run(run_id="r", seed="s", directory=str(tmp_path))
    return RunContext.load(tmp_path, run=run, overlay=None, reports=tmp_path / "reports")


@pytest.mark.parametrize("name", [name for name in _MOVED if name not in ("fuzzed", "fuzzer")])
def test_what_moved_is_found_under_its_old_name(context: RunContext, name: str) -> None:
    """The old attribute works for this release, and its warning names the new one."""
    with pytest.warns(DeprecationWarning, match=rf"`{name}` of the run's context is now `{_MOVED[name]}`"):
        found = getattr(context, name)

    part, _, attribute = _MOVED[name].partition(".")
    assert found == getattr(getattr(context, part), attribute)


def test_a_copy_is_found_under_its_old_name(context: RunContext) -> None:
    """`understudy` warns, and is a block with a copy that has ports of its own and the same secrets."""
    with pytest.warns(DeprecationWarning, match="isolated_copy"):
        block = context.understudy()  # type: ignore[attr-defined]  # what moved has no type
    with block as copy:
        assert copy.run.directory != context.run.directory
        assert copy.run.seed == context.run.seed

    assert not Path(copy.run.directory).exists()


def test_an_unknown_attribute_is_an_error(context: RunContext) -> None:
    """A misspelt name is no old one."""
    with pytest.raises(AttributeError, match="'RunContext' object has no attribute 'valut'"):
        _ = context.valut  # type: ignore[attr-defined]  # that is what is tried


def test_a_run_of_a_commands_own_leaves_no_folder(tmp_path: Path) -> None:
    """The scratch folder is gone at the end, and after an error too."""
    (tmp_path / "harness.toml").write_text(TOML)
    with RunContext.begun(tmp_path, overlay=None) as context:
        folder = context.run.path
        assert folder.is_dir()

    with pytest.raises(ConfigurationError), RunContext.begun(tmp_path / "none", overlay=None):
        pass

    assert not folder.exists()
