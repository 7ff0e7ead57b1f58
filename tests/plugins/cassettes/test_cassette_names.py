"""Which file a test's cassette is, under its current and its former name, and how the one becomes the other."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from harness.cli.main import main

from .conftest import CASSETTE, recorded, run

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

    from .conftest import Provider

FORMER = "cassettes/own/test_creates.yaml"
NAMESAKES = """
class TestOne:
    def test_it(self, api): assert api.get("/items/item-1").status_code == 200
class TestTwo:
    def test_it(self, api): assert api.get("/items/item-2").status_code == 200
"""


def former(folder: Folder, name: str = CASSETTE, old: str = FORMER) -> None:
    """Put a cassette where earlier versions had it."""
    (folder.path / old).parent.mkdir(parents=True, exist_ok=True)
    shutil.move(folder.path / name, folder.path / old)


def files(folder: Folder) -> set[str]:
    return {path.relative_to(folder.path).as_posix() for path in (folder.path / "cassettes").rglob("*.yaml")}


def migrate(folder: Folder, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    monkeypatch.chdir(folder.path)
    ended = CliRunner().invoke(main, ["cassettes", "migrate", *words])
    return ended.exit_code, ended.output


@pytest.mark.usefixtures("provider")
def test_tests_of_one_name_have_a_cassette_each(folder: Folder) -> None:
    """Classes, modules and folders tell them apart, and each plays its own."""
    folder.write("test_own.py", NAMESAKES)
    folder.write("a/test_own.py", 'def test_it(api): assert api.get("/items/item-1").status_code == 200\n')
    folder.write("b/test_own.py", 'def test_it(api): assert api.get("/items/item-2").status_code == 200\n')

    assert run(folder, "record").status == 0
    first = files(folder)
    assert run(folder, "rewrite").status == 0
    assert run(folder, "replay").status == 0

    assert files(folder) == first
    assert len(first) == 4
    assert {path.rpartition("/")[0] for path in first} == {
        "cassettes/test_own/TestOne",
        "cassettes/test_own/TestTwo",
        "cassettes/a/test_own",
        "cassettes/b/test_own",
    }
    assert recorded(folder, "cassettes/a/test_own/test_it.yaml") == ["GET http://127.0.0.1/items/item-1"]


@pytest.mark.usefixtures("provider")
def test_a_parameter_that_reads_like_a_mode_stays_in_the_name(folder: Folder) -> None:
    """Only the id of the mode itself is left out, so that such parameters share nothing."""
    test = "import pytest\n@pytest.mark.parametrize('kind', ['live', 'replay', 'other'])\n"
    folder.write("test_own.py", test + "def test_creates(api, kind):\n    api.get('/items/item-1')\n")

    assert run(folder, "record,live").status == 0

    assert files(folder) == {f"cassettes/test_own/test_creates-{kind}.yaml" for kind in ("live", "replay", "other")}


def test_a_cassette_under_its_former_name_is_played_with_a_warning(folder: Folder, provider: Provider) -> None:
    """It is found, it is no orphan, and the warning names the new path and the command."""
    run(folder, "record")
    former(folder)
    sent = len(provider.calls)

    ended = run(folder, "replay")

    assert ended.status == 0, ended.out
    assert len(provider.calls) == sent
    assert (
        f"{FORMER} uses an old naming scheme, in which tests may share a file; its name is now {CASSETTE}." in ended.out
    )
    assert "Rename it with: harness cassettes migrate" in ended.out
    assert "orphan" not in ended.out


@pytest.mark.usefixtures("provider")
def test_recording_anew_writes_the_current_name(folder: Folder) -> None:
    """What lies under the former name stays, and is an orphan from then on."""
    run(folder, "record")
    former(folder)

    assert run(folder, "rewrite").status == 0
    ended = run(folder, "replay")

    assert files(folder) == {CASSETTE, FORMER}
    assert len(recorded(folder)) == len(recorded(folder, FORMER))
    assert f"{FORMER}, recorded by test_own.py::test_creates, is an orphan" in ended.out
    assert "fail    workflow.recorded: " in ended.out


@pytest.mark.usefixtures("provider")
def test_what_a_recording_lacks_is_added_under_the_current_name(folder: Folder) -> None:
    """The mode record takes over what lies under the former name, and sends only what is new."""
    run(folder, "record")
    before = recorded(folder)
    former(folder)
    folder.write("test_own.py", (folder.path / "test_own.py").read_text() + "    api.get('/items/item-2')\n")

    assert run(folder, "record").status == 0

    assert recorded(folder) == [*before, "GET http://127.0.0.1/items/item-2"]


@pytest.mark.usefixtures("provider")
def test_migrate_renames_and_shows_what_it_did(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --dry-run it only shows; afterwards the cassette plays without a warning, and a second run finds nothing."""
    run(folder, "record")
    former(folder)

    assert migrate(folder, monkeypatch, "--dry-run") == (0, f"would rename: {FORMER} -> {CASSETTE}\n")
    assert files(folder) == {FORMER}
    assert migrate(folder, monkeypatch) == (0, f"renamed: {FORMER} -> {CASSETTE}\n")
    assert files(folder) == {CASSETTE}
    assert not (folder.path / FORMER).parent.exists()
    assert migrate(folder, monkeypatch) == (0, "Every cassette has its current name.\n")
    ended = run(folder, "replay")
    assert ended.status == 0
    assert "former name" not in ended.out


@pytest.mark.usefixtures("provider")
def test_migrate_does_not_guess_whose_a_shared_cassette_is(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tests that shared a file are named, and it is left."""
    folder.write("test_own.py", NAMESAKES)
    run(folder, "record", "test_own.py::TestOne")
    (made,) = files(folder)
    former(folder, made, "cassettes/own/test_it.yaml")

    status, out = migrate(folder, monkeypatch)

    assert status == 1
    assert out == (
        "not renamed: cassettes/own/test_it.yaml: "
        "test_own.py::TestOne::test_it and test_own.py::TestTwo::test_it share it. "
        "Record each with pytest --harness-mode=rewrite, then remove this file.\n"
    )
    assert files(folder) == {"cassettes/own/test_it.yaml"}


@pytest.mark.usefixtures("provider")
def test_migrate_leaves_what_another_test_recorded(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where only one of the tests that shared the file is left, or was asked for."""
    folder.write("test_own.py", NAMESAKES)
    run(folder, "record", "test_own.py::TestOne")
    (made,) = files(folder)
    former(folder, made, "cassettes/own/test_it.yaml")
    folder.write("test_own.py", NAMESAKES[NAMESAKES.index("class TestTwo") :])

    status, out = migrate(folder, monkeypatch)

    assert status == 1
    assert "test_own.py::TestOne::test_it recorded it, and test_own.py::TestTwo::test_it would play it." in out
    assert files(folder) == {"cassettes/own/test_it.yaml"}


@pytest.mark.usefixtures("provider")
def test_migrate_overwrites_nothing(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file under the current name stays as it is, and both are named."""
    run(folder, "record")
    former(folder)
    folder.write(CASSETTE, "mine")

    status, out = migrate(folder, monkeypatch)

    assert status == 1
    assert out == f"not renamed: {FORMER}: {CASSETTE} already exists. Compare the two, and remove one.\n"
    assert (folder.path / CASSETTE).read_text() == "mine"


@pytest.mark.usefixtures("provider")
def test_migrate_renames_nothing_where_tests_cannot_be_collected(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose cassettes they are is then not known, and pytest's own words say why."""
    run(folder, "record")
    former(folder)
    folder.write("test_broken.py", "import nowhere_to_be_found\n")

    status, out = migrate(folder, monkeypatch)

    assert status == 1
    assert "The tests could not be collected, so the owners of the cassettes are unknown; nothing was renamed." in out
    assert "nowhere_to_be_found" in out
    assert files(folder) == {FORMER}


def test_a_file_that_comes_to_be_there_is_not_replaced(tmp_path: Path) -> None:
    """Renaming is refused at the last moment too, and the cassette stays."""
    from harness.cassettes.store.migration import Move, carry_out
    from harness.errors import CassetteError

    (tmp_path / "old.yaml").write_text("old")
    (tmp_path / "new.yaml").write_text("new")

    with pytest.raises(CassetteError, match=r"old\.yaml could not be renamed to new\.yaml: File exists"):
        carry_out(Move(former="old.yaml", current="new.yaml"), tmp_path)

    assert [(tmp_path / name).read_text() for name in ("old.yaml", "new.yaml")] == ["old", "new"]


def test_a_cassette_that_cannot_be_removed_gets_no_second_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a folder that is not one's own: the message is true, the cassette is as it was."""
    from harness.cassettes.store.migration import Move, carry_out
    from harness.errors import CassetteError

    def unlink(path: Path, **_: bool) -> None:
        if path.name == "old.yaml":
            raise PermissionError(13, "Permission denied")
        os.unlink(path)  # noqa: PTH108 - Path.unlink is this

    (tmp_path / "old.yaml").write_text("old")
    monkeypatch.setattr(Path, "unlink", unlink)

    with pytest.raises(CassetteError, match=r"old\.yaml could not be renamed to new\.yaml: Permission denied"):
        carry_out(Move(former="old.yaml", current="new.yaml"), tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["old.yaml"]
