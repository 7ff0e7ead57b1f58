"""Names of cassettes: readable where they can be, and never two tests' at once."""

from __future__ import annotations

import re
import unicodedata
from itertools import combinations
from pathlib import Path, PurePosixPath

import pytest

from harness.cassettes.store.cassette_paths import CassettePath, current_path, folders_of, former_path

RUNS = PurePosixPath("tests/scenarios/test_runs.py")
READABLE = {
    "tests/scenarios/test_runs/test_a": (RUNS, ["test_a"]),
    "test_own/test_a": (PurePosixPath("test_own.py"), ["test_a"]),
    "tests/scenarios/test_runs/test_a-one-2": (RUNS, ["test_a[one-2]"]),
    "tests/scenarios/test_runs/test_a-1.5": (RUNS, ["test_a[1.5]"]),
    "docs/guide.md/guide.md": (PurePosixPath("docs/guide.md"), ["guide.md"]),
}


@pytest.mark.parametrize("path", READABLE, ids=["scenario", "at-the-root", "words", "number", "document"])
def test_a_plain_id_is_its_path(path: str) -> None:
    """Folder, module and test are those of the node id, and no digest stands where none is needed."""
    assert current_path(*READABLE[path]) == f"cassettes/{path}.yaml"


DISTINCT: list[tuple[PurePosixPath, list[str]]] = [
    (RUNS, ["test_a"]),
    (RUNS, ["TestX", "test_a"]),
    (RUNS, ["TestY", "test_a"]),
    (RUNS, ["Testx", "test_a"]),
    (RUNS, ["TestX", "TestX", "test_a"]),
    (RUNS, ["test_A"]),
    (RUNS, ["test_a[b]"]),
    (RUNS, ["test_a[B]"]),
    (RUNS, ["test_a[a b]"]),
    (RUNS, ["test_a[a/b]"]),
    (RUNS, ["test_a[a\\b]"]),
    (RUNS, ["test_a[a_b]"]),
    (RUNS, ["test_a[a:b?]"]),
    (RUNS, ["test_a[[b]]"]),
    (RUNS, ["test_a[..]"]),
    (RUNS, ["test_a[b.]"]),
    (RUNS, ["test_a[ü]"]),
    (RUNS, [f"test_a[{'x' * 300}]"]),
    (RUNS, [f"test_a[{'x' * 301}]"]),
    (PurePosixPath("tests/test_runs.py"), ["test_a"]),
    (PurePosixPath("tests/Scenarios/test_runs.py"), ["test_a"]),
    (PurePosixPath("tests/my scenarios/test_runs.py"), ["test_a"]),
    (PurePosixPath("tests/my_scenarios/test_runs.py"), ["test_a"]),
    (PurePosixPath("tests/aux/con.py"), ["test_a"]),
    (PurePosixPath("tests/aux_/con_.py"), ["test_a"]),
]


def test_no_two_tests_share_a_path_on_any_system() -> None:
    """Paths differ even where a file system ignores case, and each is one that Windows takes."""
    paths = [current_path(*of) for of in DISTINCT]

    assert [pair for pair in combinations(map(str.lower, paths), 2) if pair[0] == pair[1]] == []
    for path in paths:
        for part in PurePosixPath(path).parts:
            assert re.fullmatch(r"[A-Za-z0-9_.-]{1,105}", part), path
            assert not part.endswith((".", " "))
            assert part.partition(".")[0].lower() not in {"con", "aux", "nul", "prn", "com1"}


def test_a_name_is_the_same_from_run_to_run_and_in_either_form_of_unicode() -> None:
    """A digest depends on the id alone; macOS decomposes what others write as one character."""
    composed, decomposed = (unicodedata.normalize(form, "tests/größe/test_x.py") for form in ("NFC", "NFD"))

    paths = {current_path(PurePosixPath(module), ["test_a"]) for module in (composed, decomposed)}

    assert len(paths) == 1
    assert current_path(RUNS, ["TestX", "test_a"]) == "cassettes/tests/scenarios/test_runs/TestX/test_a-a3c5f0543b.yaml"


def test_former_names_are_as_earlier_versions_wrote_them() -> None:
    """Without folder and class, with the parameters' values."""
    assert former_path(RUNS, "test_a", ["x y", 2]) == "cassettes/runs/test_a-x_y-2.yaml"
    assert former_path(PurePosixPath("a/own.py"), "test_a", []) == "cassettes/own/test_a.yaml"
    assert {str(folder) for folder in folders_of(RUNS)} == {"cassettes/runs", "cassettes/tests/scenarios/test_runs"}


def test_the_former_name_counts_only_where_the_current_does_not_exist(tmp_path: Path) -> None:
    """What lies under the current name is the test's own; the former may be another's."""
    path = CassettePath(current="new.yaml", former="old.yaml")
    assert path.existing(tmp_path) == "new.yaml"
    (tmp_path / "old.yaml").touch()
    assert path.existing(tmp_path) == "old.yaml"
    (tmp_path / "new.yaml").touch()
    assert path.existing(tmp_path) == "new.yaml"
