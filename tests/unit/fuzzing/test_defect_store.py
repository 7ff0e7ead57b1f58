"""Found defects are kept, the smallest example of each, until they no longer occur."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from hypothesis.database import DirectoryBasedExampleDatabase, InMemoryExampleDatabase

from harness.errors import ConfigurationError
from harness.fuzzing.defect_store import DefectStore, Unsteady, open_found
from harness.fuzzing.defects import Defect, StoredRequest
from harness.model import Outcome
from harness.openapi.spec_excerpt import SpecExcerpt
from tests.unit.conftest import Attacker, Serve, document


def defect(cause: str = "500", path: str = "/a") -> Defect:
    return Defect(
        operation="GET /a",
        check="not_a_server_error",
        cause=cause,
        title="Server error",
        message="",
        status=500,
        answer="HTTP 500",
        excerpt=SpecExcerpt(pointer="#", text=""),
        steps=(StoredRequest(method="GET", path=path, body=b"\xff"),),
    )


def test_an_id_names_the_defect_and_not_the_example() -> None:
    """Another request, title or answer changes nothing; another operation, check or cause does."""
    one = defect()

    assert one.id == defect(path="/a?x=1").id == msgspec.structs.replace(one, title="x", answer="y", status=1).id
    others = [msgspec.structs.replace(one, **{key: "other"}) for key in ("operation", "check", "cause")]
    assert len({one.id, *(other.id for other in others)}) == 4


@pytest.mark.parametrize(
    "text", ["\ud800", "a\0\x1b[31m", b"\xff".decode(errors="surrogateescape")], ids=["half", "nul", "byte"]
)
def test_an_answer_of_any_text_is_kept(text: str) -> None:
    """Half of a surrogate pair, which JSON may have in any text, is written out; the id stays."""
    found = DefectStore(InMemoryExampleDatabase(), "t")
    one = msgspec.structs.replace(defect(cause=text), message=text, answer=text)
    for path in ("/a?limit=1", "/a"):
        found.keep(msgspec.structs.replace(one, steps=(StoredRequest(method="GET", path=path + text),)))

    (kept,) = found.all()
    assert kept.answer == text.encode(errors="backslashreplace").decode()
    assert kept.id == one.id
    assert len(kept.steps[0].path) < len("/a?limit=1") + len(kept.answer)


def test_the_smallest_example_is_kept() -> None:
    """A larger one changes nothing, a smaller one takes its place."""
    found = DefectStore(InMemoryExampleDatabase(), "t")
    for path in ("/a?limit=1", "/a?limit=100&cursor=x", "/a"):
        found.keep(defect(path=path))

    assert [d.steps[0].path for d in found.all()] == ["/a"]
    assert found.get(defect().id) == defect()


def test_a_dropped_defect_is_forgotten_and_others_stay() -> None:
    """Dropping takes every example of one defect."""
    found = DefectStore(InMemoryExampleDatabase(), "t")
    found.keep(defect())
    found.keep(defect("503"))
    found.drop(defect(path="/other"))

    assert [d.cause for d in found.of(["GET /a"])] == ["503"]
    assert found.of(["GET /b"]) == []


def test_targets_and_unreadable_entries_do_not_meet() -> None:
    """One target does not see what another found; what an older version wrote is passed over."""
    database = InMemoryExampleDatabase()
    DefectStore(database, "one").keep(defect())
    database.save(b"harness/two/ids", b"F-0000000000")
    database.save(b"harness/two/F-0000000000", b'{"operation": "GET /a"}')

    assert DefectStore(database, "two").all() == []


def test_they_lie_beside_harness_toml_or_where_the_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two openings of one folder see the same."""
    monkeypatch.delenv("HARNESS_EXAMPLES", raising=False)
    open_found(tmp_path, "t").keep(defect())
    assert list((tmp_path / ".hypothesis" / "harness").iterdir())
    assert open_found(tmp_path, "t").get(defect().id)

    monkeypatch.setenv("HARNESS_EXAMPLES", str(tmp_path / "shared"))
    assert open_found(tmp_path, "t").all() == []


def test_a_url_of_no_redis_server_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for a folder of that name."""
    monkeypatch.setenv("HARNESS_EXAMPLES", "http://me:pa55w0rd@127.0.0.1/")

    with pytest.raises(ConfigurationError, match="HARNESS_EXAMPLES is a URL, but not of a Redis server") as caught:
        open_found(tmp_path, "t")

    assert "pa55w0rd" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


class Leaving(InMemoryExampleDatabase):
    """A database that goes away."""

    asked = 0

    def fetch(self, key: bytes) -> Iterable[bytes]:
        self.asked += 1
        raise ConnectionError(f"{key!r} is gone, with pa55w0rd")


def test_a_database_that_goes_away_is_asked_once_and_told(attacker: Attacker, serve: Serve) -> None:
    """Nothing is raised where findings are made; each operation has an error that says what that means."""
    leaving = Leaving()
    attacker.found = DefectStore(Unsteady(leaving, ConnectionError), "t")
    described = document({"/a": {"get": {"responses": {"200": {"description": "fine"}}}}})
    fuzzer = attacker.fuzzer(described, serve(lambda _: (500, {}, None)), examples=2)

    findings = fuzzer.fuzz("GET /a")

    assert leaving.asked == 1
    assert {f.outcome for f in findings} == {Outcome.FAIL, Outcome.ERROR}
    assert findings[-1].summary == "GET /a: the defects were not stored"
    assert findings[-1].observed.startswith("HARNESS_EXAMPLES: the Redis server went away (ConnectionError): stored")
    assert "pa55w0rd" not in repr(findings)


@pytest.mark.parametrize("url", ["redis://:pa55w0rd@127.0.0.1:9/0", "redis://127.0.0.1:pa55w0rd/0"])
def test_a_server_that_does_not_answer_is_told_without_its_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """The message names the variable and what to do, and keeps a password in the URL to itself."""
    monkeypatch.setenv("HARNESS_EXAMPLES", url)

    with pytest.raises(ConfigurationError, match="HARNESS_EXAMPLES: the Redis server does not answer") as caught:
        open_found(tmp_path, "t")

    assert "pa55w0rd" not in str(caught.value)


def test_a_defect_that_an_earlier_version_stored_gets_its_cause() -> None:
    """Its smaller example remains, with the cause and the note of the one that was found again."""
    found = DefectStore(InMemoryExampleDatabase(), "t")
    found.keep(defect())
    found.keep(msgspec.structs.replace(defect(path="/a?limit=1"), shared_cause="c", note="n"))

    [kept] = found.all()
    assert (kept.steps[0].path, kept.shared_cause, kept.note) == ("/a", "c", "n")


def test_the_id_of_all_crashes_of_an_operation_names_the_smallest_of_them() -> None:
    """A command from an older report, whose id covered all crashes of the operation, still works."""
    found = DefectStore(InMemoryExampleDatabase(), "t")
    for crash, path in (("a", "/a?limit=1"), ("b", "/a")):
        found.keep(msgspec.structs.replace(defect(path=path), crash=crash))

    named = found.named(defect().id)
    assert named is not None
    assert named.crash == "b"


def test_a_folder_that_takes_nothing_is_reported(attacker: Attacker, serve: Serve, tmp_path: Path) -> None:
    """Hypothesis is silent about a full disk; a defect that is not stored cannot be replayed."""
    (tmp_path / "full").write_text("a file in the place of the folder")
    attacker.found = DefectStore(DirectoryBasedExampleDatabase(tmp_path / "full"), "t")

    described = document({"/a": {"get": {"responses": {"200": {"description": "fine"}}}}})

    findings = attacker.fuzzer(described, serve(lambda _: (500, {}, None)), examples=2).fuzz("GET /a")

    why = f"A defect could not be stored in {tmp_path / 'full'}. Check its space and permissions, and run again."
    assert [f.observed for f in findings if f.outcome is Outcome.ERROR] == [why]
    assert [f for f in findings if f.outcome is Outcome.FAIL]
