"""Gates of workflows made with vendors' own SDKs: each finding has a cause that a person read in the SDK's source."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.model.report import Report
from tests.made_once import made_once
from tests.real.clients.survey import CLIENTS, Sdk, found_in, marks, part, report_of, row_of, rows_of
from tests.real.conftest import Need
from tests.real.gates import Judgement, Kind, judge

PAGE = Path(__file__).parents[3] / "docs" / "clients.md"
QUICK = ("slack-python",)
"""One of them in an ordinary run; ``make soak`` asks for all."""
NAMES = tuple(sdk.name for sdk in CLIENTS) if os.environ.get("REAL_CLIENTS") == "all" else QUICK


@pytest.fixture(scope="module")
def parts(need: Need, real_python: Callable[[str], str], node_modules: Path) -> Path:
    """What clients are made of is installed."""
    need(node_modules / "node_modules" / "axios-retry")
    for env in ("vendors", "sdks"):
        real_python(env)
    return node_modules


@pytest.fixture(scope="module", params=NAMES)
def surveyed(
    request: pytest.FixtureRequest, parts: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Sdk, Report]:
    """One gate of a client."""
    assert parts
    sdk = next(sdk for sdk in CLIENTS if sdk.name == request.param)
    return sdk, made_once(tmp_path_factory, f"client-{sdk.name}", lambda folder: report_of(sdk.name, folder))


@pytest.fixture(scope="module")
def judged(surveyed: tuple[Sdk, Report]) -> Judgement:
    """Its findings, beside the causes."""
    sdk, report = surveyed
    return judge(found_in(report), rows_of(sdk.name))


def test_every_cause_is_found(judged: Judgement) -> None:
    """What a person found in the SDK has a finding."""
    assert judged.missing() == []


def test_every_finding_has_a_cause(judged: Judgement) -> None:
    """A finding without a row is new, or false: read the SDK's source, and add a row or correct the harness."""
    assert [f"{f.check}: {f.summary}" for f in judged.unknown] == []
    assert judged.false() == []


def test_the_page_shows_what_is_found(surveyed: tuple[Sdk, Report]) -> None:
    """docs/clients.md has the outcome of each case that it lists, and each cause; `make clients` writes it."""
    sdk, report = surveyed
    page = PAGE.read_text(encoding="utf-8")
    sections = re.split(r"^(?=## )", page, flags=re.MULTILINE)

    shown = {case: mark for case, mark in marks(report, rows_of(sdk.name)).items() if f"| `{case}` |" in page}
    assert {case: row_of(case, page, sdk) for case in shown} == shown
    committed = next(p for p in sections if p.startswith(f"## {sdk.title}\n"))
    assert "\n".join(part(sdk, report)).strip() == committed.strip()


@pytest.mark.parametrize("sdk", CLIENTS, ids=lambda sdk: sdk.name)
def test_each_cause_is_in_the_source_of_the_locked_version(sdk: Sdk, parts: Path) -> None:
    """What is no matter of policy names a file and a line of the installed package, which has that text."""
    assert parts
    rows = rows_of(sdk.name)

    assert [row.why for row in rows if row.kind is Kind.TRUE and not row.confirmed] == []
    assert [place for row in rows for place in row.misplaced(sdk.libraries)] == []
