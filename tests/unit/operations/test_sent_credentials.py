"""Made-up credentials that the harness sent are searched for in logs, where none may be as it arrived."""

from __future__ import annotations

import secrets
from pathlib import Path

from harness.contract.credential_forms import LEAST_NOTED, credential_for
from harness.model import Level, Outcome, SecretRef
from harness.model.config.provider import Basic, Bearer
from harness.operations.leaks import scan_files
from harness.operations.sent_credentials import judge_as_sent, values_of
from harness.process.run_notes import RunNotes, noted_in
from harness.secrets import Leaks, Scanner


def test_a_wrong_credential_is_found_in_the_log_that_has_it(tmp_path: Path) -> None:
    """The whole way: made up, noted, logged as it was sent, and found; the finding shows no part of it."""
    right = f"sk_live_{secrets.token_hex(16)}"
    note = RunNotes(tmp_path / "noted").add
    credential = credential_for(Bearer(token=SecretRef("env:KEY")), lambda _: right, note)
    wrong = credential.wrong()
    log = tmp_path / "app.log"
    log.write_text(f"started\nrefused: Bearer {wrong}\nrefused: Bearer {wrong}\n")

    sent = noted_in(tmp_path / "noted")
    leaks = scan_files(Scanner(values_of(sent)), [log], root=tmp_path)
    (found,) = judge_as_sent(sent, leaks, searched=1)

    assert (found.outcome, found.level) == (Outcome.FAIL, Level.SHOULD)
    assert found.summary == "A refused credential is logged as it arrived: a made-up one of the harness, in app.log:2"
    assert found.subject == "app.log"
    assert sent == (wrong.removeprefix("sk_live_"),)
    assert sent[0][:6] not in found.to_json()


def test_nothing_of_the_right_credential_is_noted() -> None:
    """Of a signed token only the signature is made up; what is too short to be searched for is left out."""
    notes: list[str] = []
    claims, short = f"eyJhbGciOiJIUzI1NiJ9.{secrets.token_urlsafe(12)}", secrets.token_hex(LEAST_NOTED // 2 - 1)
    for right in (f"{claims}.{secrets.token_hex(20)}", short, "----"):
        values = {SecretRef("env:KEY"): right}
        credential_for(Bearer(token=SecretRef("env:KEY")), values.__getitem__, notes.append).wrong()
    basic = Basic(username="ada", password=SecretRef("env:PASSWORD"))
    credential_for(basic, lambda _: secrets.token_hex(12), notes.append).wrong()

    assert [len(note) for note in notes] == [40, 24]
    assert not any(claims[-12:] in note for note in notes)


def test_silence_passes_only_where_something_was_sent_and_searched() -> None:
    """Without either there is no finding, for nothing was tried."""
    (passed,) = judge_as_sent(["x" * 20], Leaks(), searched=3)

    assert (passed.outcome, passed.observed) == (Outcome.PASS, "1 made-up credentials, 3 logs and exports of spans")
    (unread,) = judge_as_sent(["x" * 20], Leaks((), ["app.log: what is encoded often"]), searched=3)
    assert (unread.outcome, unread.observed) == (Outcome.ERROR, "app.log: what is encoded often")
    assert judge_as_sent([], Leaks(), searched=3) == judge_as_sent(["x" * 20], Leaks(), searched=0) == []


def test_each_process_notes_a_bounded_number(tmp_path: Path) -> None:
    """Further ones show nothing more, and each would be searched for in every encoding."""
    notes = RunNotes(tmp_path / "noted", most=2)
    for text in ("one", "two\nlines", "three"):
        notes.add(text)

    assert noted_in(tmp_path / "noted") == ("one", "two lines")
    assert noted_in(tmp_path / "nothing") == ()
