"""What the integration knows of an event is asked through a URL, a command or SQL, with errors that help."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.errors import ConfigurationError, ProbeError
from harness.model.config import EffectSource as Config
from harness.webhooks.effects import EffectProbe
from harness.webhooks.probes import asker

Answer = httpx.Response


def probe(config: Config, *, answer: Answer | None = None, root: Path = Path(), database: str = "") -> EffectProbe:
    def handle(_request: httpx.Request) -> httpx.Response:
        if answer is None:
            raise httpx.ConnectError("refused")
        return answer

    client = httpx.Client(transport=httpx.MockTransport(handle))
    ask = asker(config, "[receiver] effects", client=client, root=root, env=os.environ, database=database)
    return EffectProbe(ask, count=config.count)


def by_url(answer: Answer | None) -> EffectProbe:
    return probe(Config(url="http://127.0.0.1:1/events/{event_id}"), answer=answer)


@pytest.fixture
def database(tmp_path: Path) -> str:
    import sqlite3

    connection = sqlite3.connect(tmp_path / "effects.db")
    with connection:
        connection.execute("CREATE TABLE done (event_id TEXT)")
        connection.executemany("INSERT INTO done VALUES (?)", [("evt_1",), ("evt_2",), ("evt_2",)])
    connection.close()
    return f"sqlite:///{tmp_path}/effects.db"


@pytest.mark.parametrize("event_id", ["\ud800", "a\udfffb", "a\0b"], ids=["high", "low", "nul"])
@pytest.mark.parametrize(
    "config",
    [
        Config(url="http://127.0.0.1:1/{event_id}"),
        Config(command=("true", "{event_id}")),
        Config(sql="SELECT 1 WHERE :event_id = ''", database="sqlite://"),
    ],
    ids=["url", "command", "sql"],
)
def test_an_id_that_no_probe_can_carry_is_an_error(config: Config, event_id: str) -> None:
    """JSON allows half of a pair, and NUL, in any text; neither a URL, nor a command nor a database does."""
    with pytest.raises(
        ProbeError, match=r"\[receiver\] effects: the event's id '.*' is no text that a probe can carry"
    ):
        probe(config, database=str(config.database)).effects(event_id)


@pytest.mark.parametrize(
    "event_id, asked", [("12.0", ["12.0", "12"]), ("1.5", ["1.5"]), ("v.0", ["v.0"]), ("12", ["12"])]
)
def test_a_number_is_asked_for_in_both_spellings(event_id: str, asked: list[str]) -> None:
    """Python writes JSON's 12.0 as it is, JavaScript as 12; text that only looks like it is asked for once."""
    seen = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path[1:])
        return Answer(404)

    client = httpx.Client(transport=httpx.MockTransport(handle))
    asker(Config(url="http://127.0.0.1:1/{event_id}"), "x", client=client, root=Path(), env={})(event_id)

    assert seen == asked


@pytest.mark.parametrize(
    "answer, effects",
    [
        (Answer(404), 0),
        (Answer(200, json={"effects": 2, "status": "done"}), 2),
        (Answer(200, json={"anything": 3}), 3),
        (Answer(200, json=1), 1),
        (Answer(200, json={"effects": [{"id": 1}, {"id": 2}], "next": None}), 2),
    ],
)
def test_a_url_tells_the_number_of_effects(answer: Answer, effects: int) -> None:
    """404 means none; an object has it under its key, or alone; a bare number is it."""
    assert by_url(answer).effects("evt_1") == effects


def test_a_list_has_the_entry_of_the_event() -> None:
    """A queue of dead letters may be offered whole; an event that is not in it is unknown."""
    answer = Answer(200, json=[{"id": "evt_1", "reason": "a"}, {"eventId": 7, "reason": "b"}, "evt_3"])
    client = httpx.Client(transport=httpx.MockTransport(lambda _: answer))
    ask = asker(Config(url="http://127.0.0.1:1/dead"), "x", client=client, root=Path(), env={})

    assert [row and row["reason"] for row in map(ask, ("evt_1", "7", "evt_3"))] == ["a", "b", None]


def test_a_list_is_the_number_of_its_entries_where_something_is_counted() -> None:
    """As the provider lists the resources of one reference."""
    client = httpx.Client(transport=httpx.MockTransport(lambda _: Answer(200, json=[{"id": 1}, {"id": 2}])))
    ask = asker(Config(url="http://127.0.0.1:1/a"), "x", client=client, root=Path(), env={}, counts=True)

    assert EffectProbe(ask, count="effects").effects("w") == 2


@pytest.mark.parametrize(
    "answer, said",
    [
        (None, "got no answer (ConnectError). Is it running?"),
        (Answer(500), "answered 500. Answer 404 for an unknown event, else JSON."),
        (Answer(200, text="many"), "answered 200, which is not JSON. Answer with an object, or with a number."),
        (Answer(200, json="x"), "answered 200, a JSON str. Answer with an object, a list, or a number."),
    ],
)
def test_a_url_that_is_of_no_use_says_why(answer: Answer | None, said: str) -> None:
    """The message names the key of harness.toml, what came, and what to answer instead."""
    with pytest.raises(ProbeError) as raised:
        by_url(answer).effects("evt_1")

    assert said in str(raised.value)
    assert str(raised.value).startswith("[receiver] effects")


@pytest.mark.parametrize(
    "answer, shown",
    [
        ({}, "is {}, without a number of effects as 'effects'. Put the number there (0, or 404, for an unknown event)"),
        ({"a": 1, "b": "é"}, 'is {"a": 1, "b": "é"}, without a number of effects as \'effects\'.'),
        ({"effects": True, "b": 2}, 'is {"effects": true, "b": 2}, without'),
        ({"n": "1"}, 'is {"n": "1"}, without a number of effects as \'n\'.'),
        ({"b": "x" * 999, "a": 1}, 'is {"b": "' + "x" * 192 + "…, without"),
    ],
    ids=["empty", "members", "boolean", "text", "long"],
)
def test_an_answer_without_a_number_is_shown(answer: dict[str, Any], shown: str) -> None:
    """The message says what came, in one line of bounded length, and under which key a number would count."""
    with pytest.raises(ProbeError) as raised:
        by_url(Answer(200, json=answer)).effects("evt_1")

    assert shown in str(raised.value)


def test_an_answer_without_a_number_is_shown_without_its_secrets() -> None:
    """What the integration knows of an event may hold a token."""
    token = os.urandom(16).hex()

    with pytest.raises(ProbeError) as raised:
        by_url(Answer(200, json={"status": "done", "access_token": token})).effects("evt_1")

    assert '"status": "done"' in str(raised.value)
    assert token not in str(raised.value)


def test_what_only_a_database_has_is_shown_as_text(database: str) -> None:
    """An answer through SQL has values that JSON does not have."""
    query = Config(sql="SELECT x'ff' AS a, 1.5 AS b", database="env:DB")

    with pytest.raises(ProbeError, match=re.escape('is {"a": "/w==", "b": 1.5}, without a number')):
        probe(query, database=database).effects("evt_1")


def test_sql_counts_effects(database: str) -> None:
    """The one column of a row is the number; no row is none."""
    counting = Config(sql="SELECT count(*) FROM done WHERE event_id = :event_id", database="env:DB")
    grouped = Config(sql="SELECT count(*) AS n, 1 AS effects FROM done WHERE event_id = :event_id", database="env:DB")
    nothing = Config(sql="SELECT event_id FROM done WHERE event_id = :event_id AND 0", database="env:DB")

    assert [probe(counting, database=database).effects(f"evt_{n}") for n in range(3)] == [0, 1, 2]
    assert probe(grouped, database=database).effects("evt_2") == 1
    assert probe(nothing, database=database).effects("evt_2") == 0


def test_a_query_that_fails_says_why(database: str) -> None:
    """The database's own words are repeated."""
    with pytest.raises(ProbeError, match=r"the query failed: no such table: absent. Run it by hand"):
        probe(Config(sql="SELECT 1 FROM absent", database="x"), database=database).effects("evt_1")


@pytest.mark.parametrize(
    "url, said",
    [
        ("not a url", "`database` is not an SQLAlchemy URL. Write it like postgresql+psycopg://host/name."),
        ("mysql+pymysql://localhost/x", "the driver pymysql is not installed. Install it: pip install pymysql"),
    ],
)
def test_a_database_that_cannot_be_opened_is_refused_at_once(url: str, said: str) -> None:
    """Before anything is delivered, and without its URL, which may hold a password."""
    with pytest.raises(ConfigurationError) as raised:
        probe(Config(sql="SELECT 1", database="x"), database=url)

    assert said in str(raised.value)
    assert "localhost" not in str(raised.value)


def test_sql_without_sqlalchemy_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLAlchemy is no dependency of the harness; whoever asks with SQL installs it."""
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)

    with pytest.raises(ConfigurationError, match=r"the SQL of .* needs SQLAlchemy, .* pip install '.+\[sql\]'"):
        probe(Config(sql="SELECT 1", database="x"))


@pytest.mark.parametrize(
    "keys, said",
    [
        ({}, "give exactly one of `url`, `command` and `sql`"),
        ({"url": "http://x", "sql": "SELECT 1", "database": "x"}, "give exactly one of `url`, `command` and `sql`"),
        ({"sql": "SELECT 1"}, "`sql` and `database` belong together"),
        ({"url": "http://x", "database": "x"}, "`sql` and `database` belong together"),
    ],
)
def test_exactly_one_way_of_asking_is_given(keys: dict[str, Any], said: str) -> None:
    """Two ways could tell different things."""
    with pytest.raises(ValueError, match=said):
        Config(**keys)


def test_an_effect_that_comes_twice_is_noticed() -> None:
    """The number settles only after nothing was added for a while."""
    numbers = iter([0, 0, 1, 1, 2])
    ask = lambda _id: {"effects": next(numbers)}  # noqa: E731

    assert EffectProbe(ask, count="effects").settled("evt_1", within_s=5) == 2
