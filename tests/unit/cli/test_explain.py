"""`harness explain`: an item, a check and a finding in full, with or without a target and a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from harness.cli.main import main
from harness.context.checks import registered
from harness.model import Exclusion, Finding, Item, Outcome, Report, Verdict
from harness.readiness.checklist import shipped
from harness.reports import json
from harness.reports.text import SIGNS

FAIL = SIGNS[Outcome.FAIL]
SECRET = "tok_" + "Zq7" * 8
SEEN = Finding(
    item="auth.rejects",
    outcome=Outcome.FAIL,
    summary="Did not refuse a call without a credential",
    expected="HTTP 401 or 403",
    observed=f"GET /projects answered 200\nwith {SECRET} and \x1b[2J",
    reproduce="harness gate -k none",
    check="none",
    case="none",
).named("GET /projects", "none", "200")

Explain = Callable[..., Result]


@pytest.fixture
def explain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Explain:
    """Run the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(main, ["explain", *words])


@pytest.fixture
def reported(tmp_path: Path, report_of: Callable[[Verdict], Report]) -> Path:
    """The report of a run that found `SEEN` alone."""
    return write(tmp_path / "reports/readiness.json", report_of(Verdict.NOT_READY), [SEEN])


def write(path: Path, report: Report, findings: Sequence[Finding]) -> Path:
    item = next(i for i in report.items if i.id == SEEN.item)
    path.parent.mkdir(exist_ok=True)
    only = msgspec.structs.replace(report, items=(msgspec.structs.replace(item, findings=tuple(findings)),))
    path.write_text(json.render(only), encoding="utf-8")
    return path


def words_of(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("item", tuple(shipped()), ids=lambda i: i.id)
def test_an_item_is_shown_with_what_it_asks_and_why(explain: Explain, item: Item) -> None:
    """Text, level, reason and remediation of every shipped item, and a line for each of its checks."""
    shown = explain(item.id)

    assert shown.exit_code == 0
    assert shown.output.startswith(f"{item.id} ({item.level}), step {item.step}\n")
    assert all(text and text in words_of(shown.output) for text in (item.text, item.why, item.remediation))
    keys = [c.key for c in registered() if c.item == item.id]
    assert all(f"\n  {key}" in shown.output for key in keys)
    assert ("verify it by a test of your own" in words_of(shown.output)) is not bool(keys)


def test_a_check_is_shown_with_both_sentences_its_source_and_its_fix(explain: Explain) -> None:
    """A check is found by its full name, or by its id if no other check has the same id."""
    check = next(c for c in registered() if c.key == "resilience.no-blind-retry/refused-400")
    shown = explain(check.key)

    texts = (check.summary, check.expected, check.passed, check.failed, check.source, check.fix)
    assert all(text in words_of(shown.output) for text in texts)
    assert explain("refused-400").output == shown.output


def test_an_id_of_several_checks_lists_them(explain: Explain) -> None:
    """An ambiguous id is an error that lists the checks by their full names."""
    shown = explain("valid")

    assert (
        "2 checks are called 'valid'. Name one in full: webhooks.fixtures/valid, webhooks.sent/valid." in shown.output
    )
    assert shown.exit_code == 2


@pytest.mark.parametrize(
    "word, near",
    [
        ("webhooks.signature", "Did you mean 'webhooks.signatures'"),
        ("refused-40", "refused-400"),
        ("burs", "Did you mean"),
        ("0815", "Known: auth.accepts, "),
    ],
)
def test_an_unknown_name_gives_the_nearest(explain: Explain, word: str, near: str) -> None:
    """The message names similar items and checks, and the exit status is 2."""
    shown = explain(word)

    assert f"ERROR: No item, check or finding is called {word!r}." in shown.output
    assert near in shown.output
    assert shown.exit_code == 2


def test_a_finding_is_shown_with_how_to_see_it_again(explain: Explain, reported: Path) -> None:
    """The output has the observation, the command that reproduces it, and then the text of the check."""
    shown = explain(SEEN.id)
    named = explain(SEEN.id, "--report", str(reported))

    assert shown.exit_code == 0
    assert shown.output == named.output
    assert shown.output.startswith(f"{FAIL.mark} fail: Did not refuse a call without a credential ({SEEN.id})\n")
    assert "Observed    GET /projects answered 200\n" in shown.output
    assert "harness gate -k none" in shown.output
    assert "\nauth.rejects/none (must)\n" in shown.output


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize("name", ["auth.rejects", "auth.rejects/none", "none"])
def test_what_the_last_report_holds_against_it_is_shown(explain: Explain, name: str) -> None:
    """The explanation of an item or a check includes its failure in the last report."""
    shown = explain(name)

    assert "\nIn the report of 2026-11-24 08:00 UTC:\n" in shown.output
    assert SEEN.id in shown.output


def test_findings_beyond_the_first_are_counted_for_the_report_that_was_read(
    explain: Explain, tmp_path: Path, report_of: Callable[[Verdict], Report]
) -> None:
    """With --report, it is not reports/readiness.html that has them."""
    many = [msgspec.structs.replace(SEEN, observed=f"answer {n}") for n in range(10)]
    write(tmp_path / "older.json", report_of(Verdict.NOT_READY), many)
    shown = explain("auth.rejects", "--report", "older.json")

    assert shown.output.endswith("\nand 2 more in that report\n")
    assert ("answer 7" in shown.output, "answer 8" in shown.output) == (True, False)


def test_a_report_that_cannot_be_read_is_not_taken_for_none(explain: Explain, tmp_path: Path) -> None:
    """The default one too, which may belong to another user."""
    (tmp_path / "reports/readiness.json").mkdir(parents=True)
    shown = explain("F-0123456789")

    assert "reports/readiness.json cannot be read: Is a directory. Run harness gate" in shown.output
    assert shown.exit_code == 4


def test_a_finding_of_ones_own_test_leads_to_its_item(
    explain: Explain, tmp_path: Path, report_of: Callable[[Verdict], Report]
) -> None:
    """A finding without a check is found by its item and case."""
    own = Finding(item="auth.rejects", outcome=Outcome.FAIL, summary="saw 2", case="my-2", test="tests/x.py::test_x")
    write(tmp_path / "reports/readiness.json", report_of(Verdict.NOT_READY), [own])
    shown = explain("auth.rejects/my-2")

    assert shown.output.startswith(f"{FAIL.mark} fail: saw 2\nTest        tests/x.py::test_x\n")
    assert "auth.rejects (must), step 1 Authenticate" in shown.output


@pytest.mark.parametrize(
    "words, message, status",
    [
        (["F-0123456789"], "There is no reports/readiness.json. Run harness gate", 2),
        (["F-0123456789", "--report", "gone.json"], "gone.json cannot be read: No such file or directory. Run", 4),
        (["auth.rejects", "--report", "bad.json"], "is not a readiness.json of this version", 4),
    ],
)
def test_a_report_that_is_missing_names_the_command_that_writes_one(
    explain: Explain, tmp_path: Path, words: list[str], message: str, status: int
) -> None:
    """The message names the command for a missing, an unreadable and an invalid report."""
    (tmp_path / "bad.json").write_text("{}", encoding="utf-8")
    shown = explain(*words)

    assert message in shown.output
    assert "harness gate" in shown.output
    assert shown.exit_code == status


@pytest.mark.usefixtures("reported")
def test_a_teams_own_item_is_explained_and_no_secret_shown(
    explain: Explain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The items of harness.toml are explained, and its secrets are redacted."""
    monkeypatch.setenv("ACME_TOKEN", SECRET)
    (tmp_path / "harness.toml").write_text(
        '[target]\nname = "Acme"\n[[item]]\nid = "own.backup"\nlevel = "must"\ntext = "A backup exists"\n'
        'why = "Disks fail"\nremediation = "Make one"\n[operations]\n'
        'secrets = [{ ref = "env:ACME_TOKEN", rotated_at = 2026-11-01 }]\n',
        encoding="utf-8",
    )

    assert "Disks fail" in explain("own.backup").output
    assert SECRET not in explain(SEEN.id).output
    assert "[REDACTED env:ACME_TOKEN]" in explain(SEEN.id).output


@pytest.mark.parametrize("before", range(60, 120, 7))
def test_no_part_of_a_secret_is_left_by_a_line_break(
    explain: Explain,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    report_of: Callable[[Verdict], Report],
    before: int,
) -> None:
    """One of several words, in a report of before it was known, wherever a text or a list of selectors breaks."""
    words = [f"{SECRET[4:16]}{word}" for word in ("correct,", "horse", "battery")]
    monkeypatch.setenv("ACME_TOKEN", " ".join(words))
    (tmp_path / "harness.toml").write_text(
        '[target]\nname = "Acme"\n[operations]\nsecrets = [{ ref = "env:ACME_TOKEN", rotated_at = 2026-11-01 }]\n',
        encoding="utf-8",
    )
    text = f"{'x' * before} {' '.join(words)}"
    excluded = Exclusion(section="fuzz", selectors=(text,))
    found = msgspec.structs.replace(SEEN, observed=text, exclude=excluded)
    write(tmp_path / "reports/readiness.json", report_of(Verdict.NOT_READY), [found])

    shown = explain(SEEN.id).output

    assert not [word for word in words if word in shown]
    assert words_of(shown).count("[REDACTED env:ACME_TOKEN]") == 2


@pytest.mark.usefixtures("reported")
def test_control_characters_of_a_report_are_shown_and_not_sent(explain: Explain) -> None:
    """Control characters are escaped, so that a target's response cannot move the cursor."""
    assert "\\x1b[2J" in explain(SEEN.id).output
    assert "\x1b" not in explain(SEEN.id).output


def test_the_id_of_a_part_leads_to_the_finding_about_all(
    explain: Explain, tmp_path: Path, report_of: Callable[[Verdict], Report]
) -> None:
    """An id that stood in an earlier report is still known."""
    joined = msgspec.structs.replace(SEEN, ids=("F-00000000aa",))
    write(tmp_path / "reports/readiness.json", report_of(Verdict.NOT_READY), [joined])

    assert SEEN.summary in explain("F-00000000aa").output
