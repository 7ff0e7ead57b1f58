"""Of the arguments for pytest, the shipped checks take those that neither select tests nor limit their time."""

from __future__ import annotations

import pytest

from harness.cli.pytest_arguments import for_the_suite, verbosity

ROWS = {
    "none": ("", ""),
    "workers": ("-n 2 -k x --dist=loadfile", "-n 2 --dist=loadfile"),
    "workers, attached": ("-n2 -m slow --maxprocesses 4", "-n2 --maxprocesses 4"),
    "how results are shown": (
        "-vv -q --tb=short --color yes -rA --durations=3",
        "-vv -q --tb=short --color yes -rA --durations=3",
    ),
    "generated requests": ("--harness-seed=1 --harness-fuzz deep", "--harness-seed=1 --harness-fuzz deep"),
    "switches in one word": ("-xq -qx -xvs -lv -s -sl -vqx", "-xq -qx -xv -v -vqx"),
    "the first failure": ("-x --maxfail=1 --exitfirst", "-x --maxfail=1 --exitfirst"),
    "selection and time limits": ("-k v -m q --timeout=5 --lf --deselect a::b -p no:randomly", ""),
    "a value that is missing": ("--tb", "--tb"),
    "a path": ("scenarios/test_v.py -", ""),
}


@pytest.mark.parametrize("given, taken", ROWS.values(), ids=ROWS.keys())
def test_what_the_shipped_checks_take(given: str, taken: str) -> None:
    """All others are for the scenarios alone."""
    assert for_the_suite(given.split()) == tuple(taken.split())


@pytest.mark.parametrize(
    "given, level",
    [
        ("", 0),
        ("-v", 1),
        ("-vv -q", 1),
        ("-qq", -2),
        ("--verbose --verbose --quiet", 1),
        ("--tb=v", 0),
        ("-xq", -1),
        ("-svv", 2),
    ],
)
def test_verbosity_adds_up(given: str, level: int) -> None:
    """Each -v adds one, and each -q takes one away."""
    assert verbosity(given.split()) == level
