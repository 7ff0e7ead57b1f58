"""`harness waive`: from the last report to waivers in harness.toml."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from harness.cli.main import main
from harness.context.target import load_target
from harness.model import Finding, Item, Level, Outcome, SkippedTest
from harness.readiness.checklist import Checklist
from harness.readiness.evaluate import assemble
from harness.reports.json import render

TOML = b'# ours\r\n[target]\r\nname = "Tiny"  # no end of line'
WORDS = ("--owner", "team", "--reason", 'known, "since" 2025')
DAY = dt.datetime.now(tz=dt.UTC).date()


def item(name: str) -> Item:
    return Item(id=name, level=Level.MUST, text=name, remediation="Do it.")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A target, and the report of its last gate."""
    (tmp_path / "harness.toml").write_bytes(TOML)
    last_gate(tmp_path, None)
    monkeypatch.setattr("harness.cli.waive.today", lambda: DAY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def last_gate(tmp_path: Path, overlay: str | None) -> None:
    failed = Finding(item="auth.accepts", outcome=Outcome.FAIL, summary="refused", id="F-1")
    found = [failed, Finding(item="contract.fuzz", outcome=Outcome.FAIL, summary="500", id="F-2")]
    found.append(Finding(item="contract.fuzz", outcome=Outcome.ERROR, summary="no answer", id="F-3"))
    report = assemble(
        run_id="r",
        checklist=Checklist(item=tuple(map(item, ("auth.accepts", "contract.fuzz", "auth.rejects"))), guide=()),
        target=load_target(tmp_path, overlay=overlay).summary,
        findings=found,
        missing={},
        declared={},
        started_at=dt.datetime.now(tz=dt.UTC),
        duration_s=1.0,
        today=DAY,
        version="0",
    )
    skipped = [SkippedTest(test="scenarios/test_x.py::test_a[live]", reason="later")]
    report = msgspec.structs.replace(report, skips=tuple(skipped))
    (tmp_path / "reports").mkdir(exist_ok=True)
    (tmp_path / "reports" / "readiness.json").write_text(render(report), encoding="utf-8")


def waive(*options: str, expires: str = "90d") -> Result:
    return CliRunner().invoke(main, ["waive", *WORDS, "--expires", expires, *options])


def waived(folder: Path) -> list[tuple[str, str]]:
    return [(w.item, w.finding) for w in load_target(folder).config.waiver]


def test_a_skipped_scenario_is_declared(folder: Path) -> None:
    """It needs no owner, waives nothing, stays out of the file a second time, and the report stays this file's."""
    words = ("waive", "--reason", "no account", "--expires", "30d", "--skip", "scenarios/test_x.py::test_a[*")
    first, again = (CliRunner().invoke(main, words) for _ in range(2))
    waivers = waive("--item", "auth.accepts", "--skip", "*::test_a[live]")

    config = load_target(folder).config
    assert [(skip.test, skip.reason) for skip in config.target.skips] == [
        ("scenarios/test_x.py::test_a[*", "no account"),
        ("*::test_a[live]", 'known, "since" 2025'),
    ]
    assert config.target.skips[0].expires == DAY + dt.timedelta(days=30)
    assert "1 skips written to harness.toml; 0 were there already." in first.output
    assert "0 skips written to harness.toml; 1 were there already." in again.output
    assert waived(folder) == [("auth.accepts", "F-1")], waivers.output


def test_a_skip_of_no_scenario_is_refused(folder: Path) -> None:
    """A glob that matches no skipped scenario of the report writes nothing."""
    ended = waive("--skip", "*::test_b")

    assert ended.exit_code == 4
    assert "--skip *::test_b: no scenario of that name was skipped in the last report" in ended.output
    assert (folder / "harness.toml").read_bytes() == TOML


def test_a_skip_cannot_be_added_to_a_list_in_one_place(folder: Path) -> None:
    """The message has the entry to add by hand."""
    path = folder / "harness.toml"
    entry = '\nskips = [{ test = "*::test_old", reason = "r", expires = 2027-01-31 }]\n'
    path.write_bytes(TOML + entry.encode())
    report = folder / "reports" / "readiness.json"
    digests = [load_target(folder).summary.config_digest, hashlib.sha256(TOML).hexdigest()]
    report.write_text(report.read_text().replace(digests[1], digests[0]))

    ended = waive("--skip", "*::test_a[live]")

    assert ended.exit_code == 4
    assert 'Add there: { test = "*::test_a[live]", reason = "known, ' in ended.output


def test_a_waiver_needs_an_owner(folder: Path) -> None:
    """Only a declared skip has none."""
    ended = CliRunner().invoke(main, ["waive", "--reason", "r", "--expires", "30d"])

    assert ended.exit_code == 4
    assert "Missing option '--owner'" in ended.output
    assert waived(folder) == []


def test_a_baseline_is_one_command(folder: Path) -> None:
    """All failed findings are waived once, the file stays as it was, and what has no finding is named."""
    first, again = waive(), waive()

    content = (folder / "harness.toml").read_bytes()
    assert content.startswith(TOML + b"\r\n\r\n[[waiver]]\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert waived(folder) == [("auth.accepts", "F-1"), ("contract.fuzz", "F-2")]
    assert load_target(folder).config.waiver[0].expires == DAY + dt.timedelta(days=90)
    assert "2 waivers written to harness.toml; 0 were there already." in first.output
    assert "no finding with an id failed: auth.rejects. Name it: --item auth.rejects" in first.output
    assert "0 waivers written to harness.toml; 2 were there already." in again.output


def test_items_and_ids_choose(folder: Path) -> None:
    """A glob and an id choose findings; the exact name of an item that was not run waives it as a whole."""
    assert waive("--id", "F-2", "--dry-run").output.startswith("F-2 of contract.fuzz")
    assert (folder / "harness.toml").read_bytes() == TOML
    waive("--item", "auth.*")
    waive("--item", "auth.rejects")

    assert waived(folder) == [("auth.accepts", "F-1"), ("auth.rejects", "")]


@pytest.mark.parametrize(
    "options, expires, message",
    [
        (("--id", "F-9"), "90d", "--id F-9: nothing of that name failed in the last report"),
        (("--item", "webhooks.*"), "90d", "--item webhooks.*: nothing of that name failed"),
        ((), "soon", "'soon' is neither a date nor a duration. Write 2027-01-31 or 90d."),
        ((), "2999-01-01", "which is past, or later than"),
        ((), "2020-01-01", "which is past, or later than"),
        (("--reports", "elsewhere"), "90d", "Run harness gate first, or name its folder: --reports."),
    ],
)
def test_what_cannot_be_waived_is_an_error(folder: Path, options: tuple[str, ...], expires: str, message: str) -> None:
    """The message names the option and what to do, and nothing is written."""
    ended = waive(*options, expires=expires)

    assert ended.exit_code == 4
    assert message in ended.output
    assert (folder / "harness.toml").read_bytes() == TOML


def test_a_report_of_another_configuration_is_refused(folder: Path) -> None:
    """What failed then may not be what fails now."""
    (folder / "harness.toml").write_bytes(TOML.replace(b"# ours", b"# changed"))

    ended = waive()

    assert ended.exit_code == 4
    assert "or of one before it was changed. Run harness gate again." in ended.output


def test_one_part_of_a_finding_about_many_operations_is_waived_by_its_id(folder: Path) -> None:
    """Without an id, the finding as a whole is waived; with that of a part, this alone."""
    file = folder / "reports" / "readiness.json"
    report = json.loads(file.read_text(encoding="utf-8"))
    report["items"][1]["findings"][0]["ids"] = ["F-3", "F-4"]
    file.write_text(json.dumps(report), encoding="utf-8")

    assert waive("--id", "F-3", "--dry-run").output.startswith("F-3 of contract.fuzz")
    waive()
    assert waived(folder) == [("auth.accepts", "F-1"), ("contract.fuzz", "F-2")]


def test_what_could_not_be_checked_is_waived_by_its_id_alone(folder: Path) -> None:
    """A baseline of what failed does not accept what is unknown; naming it does."""
    waive()
    assert ("contract.fuzz", "F-3") not in waived(folder)

    waive("--id", "F-3")

    assert waived(folder)[-1] == ("contract.fuzz", "F-3")


def test_the_waivers_of_an_overlay_go_into_its_file(folder: Path) -> None:
    """The report must be of that overlay's gate, and harness.toml stays as it was."""
    (folder / "harness.own.toml").write_text('[target]\nname = "Own"\n', encoding="utf-8")
    refused = waive("--target", "own")
    last_gate(folder, "own")

    done, again = waive("--target", "own"), waive("--target", "own")

    assert "For an overlay, name the --target of that gate." in refused.output
    assert "2 waivers written to harness.own.toml; 0 were there already." in done.output
    assert "0 waivers written to harness.own.toml; 2 were there already." in again.output
    assert (folder / "harness.toml").read_bytes() == TOML
    assert [w.finding for w in load_target(folder, overlay="own").config.waiver] == ["F-1", "F-2"]


def test_folders_that_harness_toml_names_are_seen(folder: Path) -> None:
    """The changed file is tried before it is written, beside everything it refers to."""
    (folder / "service").mkdir()
    (folder / "harness.toml").write_bytes(TOML + b'\n[process.app]\ncommand = ["true"]\ncwd = "service"\n')
    last_gate(folder, None)

    assert "2 waivers written to harness.toml" in waive().output


def test_waivers_go_into_pyproject_where_the_target_is_there(folder: Path) -> None:
    """They are tables below [tool.harness], written once, and the report stays that of the file."""
    (folder / "harness.toml").unlink()
    (folder / "pyproject.toml").write_text('[tool.harness.target]\nname = "Tiny"\n[tool.other]\nx = 1\n')
    last_gate(folder, None)

    first, again = waive("--item", "auth.accepts"), waive("--item", "auth.accepts")

    assert "written to pyproject.toml" in first.stdout
    assert again.exit_code == 0, again.output
    assert (folder / "pyproject.toml").read_text().count("[[tool.harness.waiver]]") == 1
    assert waived(folder) == [("auth.accepts", "F-1")]


def test_a_program_gets_what_was_waived(folder: Path) -> None:
    """With --json, one document names the file, and has the waivers, skips, and what is left."""
    result = waive("--json", "--dry-run")
    shown = json.loads(result.stdout)

    assert (shown["file"], shown["written"], shown["skips"]) == ("harness.toml", False, [])
    assert [w["finding"] for w in shown["waivers"]] == ["F-1", "F-2"]
    assert waived(folder) == []
