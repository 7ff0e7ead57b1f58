"""The catalogue of defects: what it promises, and how a defect in a file is planted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import harness.sandbox
from harness.readiness.checklist import shipped
from harness.sandbox.defects import PARTS, Edit, catalogue
from harness.sandbox.plant import EditError, plant

ROOT = Path(__file__).parents[2]
IN_FILES = {f"{d.id}-{n}": edit for d in catalogue() for n, edit in enumerate(d.edits)}
IN_PROCESSES = [d for d in catalogue() if not d.edits]


def sandbox(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness.sandbox", *words]
    env = {k: v for k, v in os.environ.items() if k != "SANDBOX_DEFECTS"}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=30)


def test_there_are_enough_in_every_part() -> None:
    """Sixty at least, over all parts of the guide's world."""
    counts = Counter(d.where for d in catalogue())

    assert len({d.id for d in catalogue()}) == len(catalogue()) >= 60
    assert set(counts) == set(PARTS)
    assert counts["provider"] >= 15
    assert counts["client"] >= 15
    assert counts["receiver"] + counts["worker"] >= 20
    assert counts["operations"] >= 10


def test_each_harms_an_item_of_the_checklist() -> None:
    """No row names an item that does not exist."""
    known = {item.id for item in shipped()}

    assert {item for d in catalogue() for item in (d.item, *d.also)} <= known


def test_each_is_planted_somewhere_and_nothing_else_is() -> None:
    """The code of the sandbox asks for every defect that is not in a file."""
    folder = Path(harness.sandbox.__file__).parent
    code = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))

    assert [d.id for d in IN_PROCESSES if f'"{d.id}"' not in code] == []


@pytest.mark.parametrize("edit", IN_FILES.values(), ids=IN_FILES)
def test_a_defect_in_a_file_is_planted_in_a_copy(edit: Edit, tmp_path: Path) -> None:
    """The copy differs from the file of this repository as the row says; the file itself does not change."""
    original = ROOT / edit.file
    before = original.read_text(encoding="utf-8")
    for entry in ROOT.iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    plant(edit, tmp_path)

    planted = (tmp_path / edit.file).read_text(encoding="utf-8")
    assert planted == before.replace(edit.find, edit.replace) != before
    assert original.read_text(encoding="utf-8") == before
    neighbours = [p.name for p in original.parent.iterdir()]
    assert sorted(p.name for p in (tmp_path / edit.file).parent.iterdir()) == sorted(neighbours)


@pytest.mark.parametrize("text", ["nothing of the kind", "here, and here"], ids=["absent", "twice"])
def test_a_file_that_has_changed_is_an_error(tmp_path: Path, text: str) -> None:
    """The message names the file, the text, and what to do."""
    (tmp_path / "notes.md").write_text(text)

    text = r"notes.md does not contain 'here' exactly once.*change the row in defects.toml"
    with pytest.raises(EditError, match=text):
        plant(Edit(file="notes.md", find="here", replace=""), tmp_path)


def test_a_command_runs_with_the_defect(tmp_path: Path) -> None:
    """Its working folder has the changed file, its environment names the defect, its exit status is passed on."""
    (tmp_path / "fixtures" / "runbooks").mkdir(parents=True)
    (tmp_path / "fixtures" / "runbooks" / "auth.md").write_text("owner: team-integrations\n# Auth\n")
    show = "import os, sys; print(open('fixtures/runbooks/auth.md').read(), os.environ['SANDBOX_DEFECTS']); sys.exit(7)"
    done = sandbox("with-defect", "runbook-without-owner", sys.executable, "-c", show, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (7, "# Auth\n runbook-without-owner\n")


def test_a_defect_that_does_not_exist_is_named_with_its_nearest(tmp_path: Path) -> None:
    """Exit status 2 and one sentence."""
    done = sandbox("with-defect", "runbook-stael", "true", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr == "There is no defect 'runbook-stael'. Did you mean 'runbook-stale'?\n"


def test_a_folder_without_the_file_is_an_error(tmp_path: Path) -> None:
    """Who runs it elsewhere is told where to run it."""
    done = sandbox("with-defect", "runbook-stale", "true", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr.startswith("fixtures/runbooks/auth.md does not contain")
    assert "Run in the folder of harness.toml" in done.stderr


def test_the_catalogue_can_be_read() -> None:
    """Grouped by part, each with its item and what goes wrong."""
    listed = sandbox("list-defects").stdout

    assert [line.split()[0] for line in listed.splitlines() if line and line[0] != " "][:-1] == list(PARTS)
    for defect in catalogue():
        assert f"  {defect.id} " in listed
        assert defect.what in listed
    assert listed.splitlines()[-1].startswith(f"{len(catalogue())} defects.")
