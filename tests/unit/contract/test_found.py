"""Found defects are kept, the smallest example of each, until they no longer occur."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis.database import InMemoryExampleDatabase

from harness.contract.defects import Defect, Request
from harness.contract.found import Found, open_found
from harness.contract.promises import Promise
from harness.errors import ConfigurationError


def defect(cause: str = "500", path: str = "/a") -> Defect:
    return Defect(
        operation="GET /a",
        check="not_a_server_error",
        cause=cause,
        title="Server error",
        message="",
        status=500,
        answer="HTTP 500",
        promise=Promise(pointer="#", text=""),
        steps=(Request(method="GET", path=path, body=b"\xff"),),
    )


def test_an_id_names_the_defect_and_not_the_example() -> None:
    """Another request, title or answer changes nothing; another operation, check or cause does."""
    one = defect()

    assert one.id == defect(path="/a?x=1").id == msgspec.structs.replace(one, title="x", answer="y", status=1).id
    others = [msgspec.structs.replace(one, **{key: "other"}) for key in ("operation", "check", "cause")]
    assert len({one.id, *(other.id for other in others)}) == 4


def test_the_smallest_example_is_kept() -> None:
    """A larger one changes nothing, a smaller one takes its place."""
    found = Found(InMemoryExampleDatabase(), "t")
    for path in ("/a?limit=1", "/a?limit=100&cursor=x", "/a"):
        found.keep(defect(path=path))

    assert [d.steps[0].path for d in found.all()] == ["/a"]
    assert found.get(defect().id) == defect()


def test_a_dropped_defect_is_forgotten_and_others_stay() -> None:
    """Dropping takes every example of one defect."""
    found = Found(InMemoryExampleDatabase(), "t")
    found.keep(defect())
    found.keep(defect("503"))
    found.drop(defect(path="/other"))

    assert [d.cause for d in found.of(["GET /a"])] == ["503"]
    assert found.of(["GET /b"]) == []


def test_targets_and_unreadable_entries_do_not_meet() -> None:
    """One target does not see what another found; what an older version wrote is passed over."""
    database = InMemoryExampleDatabase()
    Found(database, "one").keep(defect())
    database.save(b"harness/two/ids", b"F-0000000000")
    database.save(b"harness/two/F-0000000000", b'{"operation": "GET /a"}')

    assert Found(database, "two").all() == []


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


@pytest.mark.parametrize("url", ["redis://:pa55w0rd@127.0.0.1:9/0", "redis://127.0.0.1:pa55w0rd/0"])
def test_a_server_that_does_not_answer_is_told_without_its_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """The message names the variable and what to do, and keeps a password in the URL to itself."""
    monkeypatch.setenv("HARNESS_EXAMPLES", url)

    with pytest.raises(ConfigurationError, match="HARNESS_EXAMPLES: the Redis server does not answer") as caught:
        open_found(tmp_path, "t")

    assert "pa55w0rd" not in str(caught.value)
