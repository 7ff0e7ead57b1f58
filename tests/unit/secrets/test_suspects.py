"""What looks like a secret in a file is one finding for each cause, whatever its size and encoding."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import pytest

from harness.secrets import suspects
from harness.secrets.suspects import MOST_SUSPECTS, SuspectSearch
from harness.secrets.values import Vault

SIZE = 2_000_000


def token() -> str:
    return f"ghp_{secrets.token_hex(18)}"


def searched(path: Path, **options: object) -> SuspectSearch:
    search = SuspectSearch(**options)  # type: ignore[arg-type]  # as given by each test
    search.search(path, path.name)
    return search


def test_one_kind_in_one_file_is_one_suspect(tmp_path: Path) -> None:
    """It has the first line, the number of times, and that of different values, and shows none of them."""
    one, other = token(), token()
    (tmp_path / "app.log").write_text(f"started\nusing {one}\n\nusing {one}\nusing {other}\n")

    (found,) = searched(tmp_path / "app.log").suspects

    assert (found.kind, found.place, found.line, found.count, found.values) == ("github-token", "app.log", 2, 3, 2)
    assert one not in repr(found)


def test_one_value_in_two_files_is_one_suspect(tmp_path: Path) -> None:
    """The further places are named with it, also where it is seen in another way there."""
    value = token()
    (tmp_path / "a.log").write_text(f"using {value}")
    (tmp_path / "b.log").write_text(f"\nAuthorization: Bearer {value}\npassword={secrets.token_hex(8)}1a")
    search = SuspectSearch()

    for name in ("a.log", "b.log"):
        search.search(tmp_path / name, name)

    first, second = search.suspects
    assert (first.kind, first.others) == ("github-token", {"b.log": 2})
    assert (second.kind, second.place, second.line) == ("field password", "b.log", 3)


def test_known_secrets_are_passed_over(tmp_path: Path) -> None:
    """They have a finding of their own, also where only a part looks like a secret; what was sent is none."""
    vault = Vault(seed=secrets.token_hex(), root=tmp_path)
    known, split, sent = token(), f"{secrets.token_hex(8)}&{secrets.token_hex(8)}", token()
    vault.add("env:ONE", known)
    vault.add("env:TWO", split)
    (tmp_path / "app.log").write_text(f"token={known}\npassword={split}\nAuthorization: Bearer {sent}\n")

    assert [(found.kind, found.count) for found in searched(tmp_path / "app.log").suspects] == [
        ("github-token", 2),
        ("field password", 1),
    ]
    assert searched(tmp_path / "app.log", redact=vault.redact_whole, sent={sent}.__contains__).suspects == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_files_of_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    """Logs of Windows are UTF-16; whatever else a line holds is no hindrance."""
    (tmp_path / "app.log").write_bytes(f"gestartet f\xfcr {token()}\n".encode(encoding))

    assert [found.kind for found in searched(tmp_path / "app.log").suspects] == ["github-token"]


def test_nothing_is_lost_or_counted_twice_between_two_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file is read in pieces, and a line across their border is searched whole, once."""
    monkeypatch.setattr(suspects, "CHUNK", 1000)
    lines = [f"{number} {token()}" for number in range(500)]
    (tmp_path / "app.log").write_text("\n".join(lines))

    (found,) = searched(tmp_path / "app.log").suspects

    assert (found.count, found.values, found.line) == (500, 500, 1)


def test_a_line_without_end_is_searched_in_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its parts overlap by more than the longest secret."""
    monkeypatch.setattr(suspects, "CHUNK", 1000)
    monkeypatch.setattr(suspects, "MOST_LINE", 300)
    values = [token() for _ in range(20)]
    (tmp_path / "app.log").write_text("".join(f"{value} {'.' * 170}" for value in values))

    (found,) = searched(tmp_path / "app.log").suspects

    assert found.values == 20


def test_a_file_of_secrets_does_not_flood_the_report(tmp_path: Path) -> None:
    """Kinds beyond the bound are counted."""
    lines = [f"a{number}_token={secrets.token_hex(8)}a1" for number in range(MOST_SUSPECTS + 3)]
    (tmp_path / "app.log").write_text("\n".join(lines))

    search = searched(tmp_path / "app.log")

    assert (len(search.suspects), search.left_out) == (MOST_SUSPECTS, 3)


def test_places_can_be_those_that_lines_describe(tmp_path: Path) -> None:
    """A line of an export of spans is about a span, and its number says nothing."""
    (tmp_path / "spans.jsonl").write_text(f"one {token()}\ntwo {token()}\n")
    search = SuspectSearch()

    search.search(tmp_path / "spans.jsonl", "spans.jsonl", lambda line: f"span {line.split()[0]}")

    assert [(found.place, found.line) for found in search.suspects] == [("span one", 0), ("span two", 0)]


def test_a_large_log_takes_a_bounded_time(tmp_path: Path) -> None:
    """Each line has names of secrets with values that are none; the bound is far above what it takes."""
    line = '{"event": "call ended", "path": "/runs", "next_page_token": "abc", "token_type": "bearer", "key": "run"}\n'
    (tmp_path / "app.log").write_text(line * (SIZE // len(line)))

    begun = time.process_time()
    found = searched(tmp_path / "app.log").suspects
    taken = time.process_time() - begun

    assert found == []
    assert taken < 10  # 0.3 s on an idle machine
