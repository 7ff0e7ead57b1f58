"""`secrets.never-logged`: a leak fails, silence passes only where the logs were seen to be this run's."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from harness.model import Outcome, SecretRef
from harness.model.config.provider import Basic, Bearer
from harness.operations.leaks import judge_leaks, readable, scan_files, too_short
from harness.secrets import Scanner

VALUE = os.urandom(12).hex()
CANARY = "run-1234"
# What the log holds (None: there is no log), which values are known, and what must come of it.
ROWS = {
    "clean": (f"event {CANARY} accepted\n", VALUE, Outcome.PASS, "No known secret appears in what the run wrote"),
    "leaking": (
        f"event {CANARY}\nkey {VALUE}\n",
        VALUE,
        Outcome.FAIL,
        "A known secret appears in what the run wrote: env:KEY in app.log:2 (raw)",
    ),
    "leaking in hex": (VALUE.encode().hex(), VALUE, Outcome.FAIL, "(hex)"),
    "not this run's": (
        "event accepted\n",
        VALUE,
        Outcome.ERROR,
        "Could not check whether the logs are those of this run",
    ),
    "empty": ("", VALUE, Outcome.ERROR, "Could not check whether the logs are those of this run"),
    "no log": (None, VALUE, Outcome.NOT_RUN, "No log file is known"),
    "too short": (CANARY, "abc", Outcome.ERROR, "Too short to be searched for: env:KEY"),
}


@pytest.mark.parametrize("log, value, outcome, summary", ROWS.values(), ids=ROWS.keys())
def test_logs_are_judged(tmp_path: Path, log: str | None, value: str, outcome: Outcome, summary: str) -> None:
    """Each state of the logs has its outcome, and its first line says why."""
    logs = [tmp_path / "app.log"] if log is not None else []
    for file in logs:
        file.write_text(log or "")
    scanner = Scanner({"env:KEY": value})

    leaks = scan_files(scanner, logs, root=tmp_path)
    (found,) = judge_leaks(
        leaks=leaks, canaries=[CANARY], logs=logs, scanned=len(logs), unsearchable=scanner.unsearchable
    )

    assert found.outcome is outcome
    assert summary in found.summary
    assert VALUE not in found.to_json()


def test_what_was_exported_and_not_kept_is_an_error(tmp_path: Path) -> None:
    """A search that could not see everything proves nothing; a leak that it did see counts first."""
    (tmp_path / "app.log").write_text(f"event {CANARY} {VALUE}\n")
    logs = [tmp_path / "app.log"]
    common = {"canaries": [CANARY], "logs": logs, "scanned": 1, "unsearchable": (), "lost": ["/v1/traces: no gzip"]}
    leaks = scan_files(Scanner({"env:KEY": VALUE}), logs, root=tmp_path)

    (lost,) = judge_leaks(leaks=[], **common)  # type: ignore[arg-type]  # a dict of several types
    (leaked,) = judge_leaks(leaks=leaks, **common)  # type: ignore[arg-type]  # as above
    assert (lost.outcome, lost.summary) == (
        Outcome.ERROR,
        "Some logs, files or telemetry exports could not be searched",
    )
    assert lost.observed == "/v1/traces: no gzip"
    assert leaked.outcome is Outcome.FAIL


def test_one_finding_for_each_secret_and_file(tmp_path: Path) -> None:
    """Two files with the same secret, in two forms, are two findings that name the forms."""
    other = os.urandom(12).hex()
    (tmp_path / "a.log").write_text(f"{VALUE}\n{VALUE.encode().hex()}")
    (tmp_path / "b.log").write_text(f"{VALUE} {other}")
    logs = sorted(tmp_path.glob("*.log"))

    leaks = scan_files(Scanner({"env:A": VALUE, "env:B": other}), logs, root=tmp_path)
    found = judge_leaks(leaks=leaks, canaries=(), logs=logs, scanned=2, unsearchable=())

    assert [f.summary.partition(": ")[2] for f in found] == [
        "env:A in a.log:1 (hex, raw)",
        "env:A in b.log:1 (raw)",
        "env:B in b.log:1 (raw)",
    ]


@pytest.mark.parametrize("began_at, outcome", [(0.0, Outcome.PASS), (4e9, Outcome.ERROR)], ids=["written", "older"])
def test_without_deliveries_a_log_must_have_been_written_in_this_run(
    began_at: float, outcome: Outcome, tmp_path: Path
) -> None:
    """Nothing that the run sent is in the logs of an integration that receives nothing; an old file proves nothing."""
    (tmp_path / "client.log").write_text("read 7 things\n")
    logs = [tmp_path / "client.log"]
    (found,) = judge_leaks(leaks=[], canaries=None, began_at=began_at, logs=logs, scanned=1, unsearchable=())
    assert found.outcome is outcome
    assert outcome is Outcome.PASS or "no line was written in this run" in found.observed


def test_a_log_that_was_opened_in_this_run_may_be_empty(tmp_path: Path) -> None:
    """What a process of the harness did not write contains no secret; the finding names the silent log."""
    (tmp_path / "api.log").touch()
    logs = [tmp_path / "api.log"]
    judge = partial(judge_leaks, leaks=[], canaries=None, logs=logs, scanned=1, unsearchable=())

    (opened,) = judge(began_at=logs[0].stat().st_mtime)
    (older,) = judge(began_at=logs[0].stat().st_mtime + 1)

    assert (opened.outcome, older.outcome) == (Outcome.PASS, Outcome.ERROR)
    assert opened.observed == "1 files searched, 1 of them logs; nothing was written to api.log"


def test_each_log_has_its_sign_of_this_run(tmp_path: Path) -> None:
    """What shows that a log is of this run is reported for each, and that nothing does."""
    for name, text in {"id": "evt_1", "new": "started", "old": "started", "empty": ""}.items():
        (tmp_path / f"{name}.log").write_text(text)
    os.utime(tmp_path / "old.log", (1, 1))
    logs = sorted(tmp_path.glob("*.log"))

    (found,) = judge_leaks(leaks=[], canaries=["evt_1"], began_at=2.0, logs=logs, scanned=4, unsearchable=())

    assert found.observed == (
        "4 files searched, 4 of them logs; an event id of this run is in id.log; written in this run: new.log; "
        "nothing was written to empty.log; of an earlier time: old.log"
    )


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """It is named with the reason, also where it is the only log: nothing of it was searched."""
    (tmp_path / "app.log").write_text("started\n")

    found, lost = readable([tmp_path / "app.log", tmp_path / "gone.log"])
    (judged,) = judge_leaks(leaks=[], canaries=None, logs=[], scanned=1, unsearchable=(), lost=lost)

    assert found == [tmp_path / "app.log"]
    assert (judged.outcome, judged.observed) == (Outcome.ERROR, "gone.log: No such file or directory")


def test_a_receiver_need_not_log_the_ids_of_events(tmp_path: Path) -> None:
    """A log that was written in this run belongs to it, whatever it holds."""
    (tmp_path / "app.log").write_text("started\n")
    logs = [tmp_path / "app.log"]

    (found,) = judge_leaks(leaks=[], canaries=["evt_1"], began_at=0.0, logs=logs, scanned=1, unsearchable=())

    assert found.outcome is Outcome.PASS


def test_logs_without_an_id_that_was_delivered_are_not_those_of_this_run(tmp_path: Path) -> None:
    """The message names an id to look for; one id in one of the logs is enough, wherever it is in the file."""
    (tmp_path / "a.log").write_text("nothing\n")
    (tmp_path / "b.log").write_text("x" * (1 << 20) + " evt_2\n")
    judge = partial(judge_leaks, leaks=[], canaries=["evt_1", "evt_2"], scanned=2, unsearchable=())

    (without,) = judge(logs=[tmp_path / "a.log"])
    (found,) = judge(logs=sorted(tmp_path.glob("*.log")))

    assert without.outcome is Outcome.ERROR
    assert without.observed == (
        "a.log: no line was written in this run, nor the id of an event that it delivered, such as evt_1. Name the "
        "right files in [operations] logs."
    )
    assert found.outcome is Outcome.PASS


def test_a_short_user_name_is_no_secret_beside_a_password() -> None:
    """Only the password of Basic credentials must be searched for, unless it is too short to be the secret itself."""
    auth = Basic(username="env:USER", password=SecretRef("env:PASSWORD"))
    key = Bearer(token=SecretRef("env:USER"))

    assert too_short(("env:USER",), [auth]) == ()
    assert too_short(("env:OTHER", "env:USER"), [auth, key]) == ("env:OTHER",)
    assert too_short(("env:PASSWORD", "env:USER"), [key, auth]) == ("env:PASSWORD", "env:USER")
    assert too_short(("env:USER",), [key]) == ("env:USER",)
    assert too_short(("env:USER",), []) == ("env:USER",)
