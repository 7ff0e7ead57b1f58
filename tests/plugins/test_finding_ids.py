"""Ids of findings through whole runs: the same in each, and different for what is different."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.model import Finding, Outcome
from tests.plugins.conftest import LATER, NAMED, OWN_ITEM

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugins.conftest import Folder
    from tests.plugins.conftest import Outcome as Ended

FAILING = """
import os, random, time, pytest
from harness import Finding, Outcome

def failed(summary, **fields):
    return Finding(item="own.backup", outcome=Outcome.FAIL, summary=summary, **fields)

@pytest.mark.verifies("own.backup")
def test_asserts(tmp_path):
    assert str(tmp_path) == time.time()

@pytest.mark.verifies("own.backup")
@pytest.mark.parametrize("kind", ["live", "full"])
def test_kinds(kind, harness_mode):
    raise KeyError(random.random())

def test_several(findings, tmp_path):
    run = os.urandom(8).hex()
    findings.add(failed(f"run_{run} answered 404 at 127.0.0.1:{random.randint(10000, 60000)}"))
    findings.add(failed(f"run_{run} answered 500 in {random.random():.3f} s"))
    findings.add(failed(f"{tmp_path}/dump is empty"))
    findings.add(failed("lost", case="first"))
    findings.add(failed("lost", case="second"))
    findings.add(failed("order order-00000001 is lost", expected="a"))
    findings.add(failed("order order-00000002 is lost", expected="b"))
"""


def failures(ended: Ended) -> list[Finding]:
    """Return what failed in the report of a gate."""
    assert ended.report is not None, ended.text
    return [f for i in ended.report.items for f in i.findings if f.outcome is Outcome.FAIL]


def test_ids_are_the_same_in_every_gate(folder: Folder, tmp_path: Path) -> None:
    """Two gates with other ports, seeds, folders and workers find the same ids, and no two findings share one."""
    folder.write("harness.toml", NAMED + OWN_ITEM)
    folder.write("scenarios/test_own.py", FAILING)
    first = failures(folder.gate("-k", "test_own", f"--basetemp={tmp_path}/one", "--harness-seed=1"))
    second = failures(folder.gate("-k", "test_own", f"--basetemp={tmp_path}/other", "--harness-seed=2", "-n2"))

    by_id: dict[str, set[tuple[str, ...]]] = {}
    for finding in first:
        what = (finding.test.replace("replay-", "").replace("live-", "", 1), finding.summary.partition(": ")[2])
        by_id.setdefault(finding.id, set()).add(what if "several" not in finding.test else (finding.summary,))
    assert "" not in by_id
    assert {f.id for f in second} == set(by_id)
    assert len([f for f in first if "several" in f.test]) == 7
    assert len({f.id for f in first if "several" in f.test}) == 7
    assert len(by_id) == 7 + 1 + 2 + 2  # both modes share an id; a recorded scenario is about another item too


def test_an_id_of_the_gate_is_waived_in_plain_pytest(folder: Folder) -> None:
    """Where the gate runs a test in two modes and plain pytest in one, its findings have the same ids."""
    folder.write("harness.toml", NAMED + OWN_ITEM)
    test = "from harness import Finding, Outcome\ndef test_one(findings, harness_mode):\n    findings.add(Finding("
    folder.write("scenarios/test_own.py", f"{test}item='own.backup', outcome=Outcome.FAIL, summary='no backup'))\n")

    (found,) = {f.id for f in failures(folder.gate("-k", "test_own"))}
    waiver = f'[[waiver]]\nitem = "own.backup"\nfinding = "{found}"\nreason = "r"\nowner = "o"\nexpires = {LATER}\n'
    folder.write("harness.toml", NAMED + OWN_ITEM + waiver)
    ended = folder.pytest()

    assert ended.status == 0, ended.text
    assert "1 waived" in ended.out.splitlines()[-1]
