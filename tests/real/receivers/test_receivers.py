"""Gates of vendors' own receivers: what a person found in them is found, once, and what is no fault is not."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.model import Report
from tests.made_once import made_once
from tests.real.conftest import Need
from tests.real.gates import Judgement, causes, judge
from tests.real.receivers.survey import RECEIVERS, part
from tests.real.receivers.targets import HERE, report_of, wrong

PAGE = Path(__file__).parents[3] / "docs" / "receivers.md"
PROGRAMS = ("node", "php", "puma", "webhook")
QUICK = ("stripe-flask", "github-webhook")
"""Two of them in an ordinary run; ``make soak`` asks for all."""
NAMES = tuple(r.name for r in RECEIVERS) if os.environ.get("REAL_RECEIVERS") == "all" else QUICK


@pytest.fixture(scope="module")
def parts(need: Need, real_python: Callable[[str], str], node_modules: Path) -> Path:
    """What receivers are made of is installed."""
    for program in PROGRAMS:
        need(program)
    for env in ("vendors", "django"):
        real_python(env)
    return node_modules


@pytest.fixture(scope="module", params=NAMES)
def surveyed(
    request: pytest.FixtureRequest, parts: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Report]:
    """One gate of a receiver."""
    assert parts
    name = request.param
    return name, made_once(tmp_path_factory, f"receiver-{name}", lambda folder: report_of(name, folder))


@pytest.fixture(scope="module")
def judged(surveyed: tuple[str, Report]) -> Judgement:
    """Its findings, beside the causes."""
    name, report = surveyed
    return judge(wrong(report), causes(HERE / name))


def test_every_true_cause_is_found_once(judged: Judgement) -> None:
    """What somebody would correct has a finding, and no more than its row permits."""
    assert judged.missing() == []
    assert judged.repeated() == []


def test_nothing_false_is_reported(judged: Judgement) -> None:
    """What is no fault of the receiver has no finding."""
    assert judged.false() == []


def test_every_finding_has_a_cause_that_is_known(judged: Judgement) -> None:
    """A finding without a row is new: read it, and add a row."""
    assert [f"{f.subject}: {f.summary}" for f in judged.unknown] == []


def test_the_page_lists_what_is_found(surveyed: tuple[str, Report]) -> None:
    """The part of docs/receivers.md about a receiver is what its gate finds; `make receivers` writes it."""
    name, report = surveyed
    real = next(r for r in RECEIVERS if r.name == name)
    committed = re.split(r"^(?=## )", PAGE.read_text(), flags=re.MULTILINE)
    title = f"## {real.config['target']['name']}\n"

    assert "\n".join(part(real, report)).strip() == next(p for p in committed if p.startswith(title)).strip()


@pytest.mark.parametrize("name", [r.name for r in RECEIVERS if any(row.confirmed for row in causes(r.target))])
def test_each_cause_is_in_the_source_of_the_locked_version(name: str, parts: Path) -> None:
    """A file and a line of an installed package, which a row names, has the text of the row."""
    rows = causes(HERE / name)

    assert [place for row in rows for place in row.misplaced(parts / "node_modules")] == []
