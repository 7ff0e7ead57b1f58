"""Places in harness.toml, as messages name them."""

from __future__ import annotations

import pytest

from harness.errors import ConfigurationError
from harness.model.config import Configuration
from harness.model.strict import convert, listed, where_is

TARGET = {"target": {"name": "shop"}}
PROCESS = {"command": ["serve"], "ready": "http://127.0.0.1/"}


def test_missing_keys_name_each_section_once() -> None:
    """Keys of one section share its name, and a whole section is named alone."""
    keys = ("receiver.url", "client.command", "receiver.events", "process")

    assert listed(where_is(tuple(key.split("."))) for key in keys) == (
        "[receiver] url, events; [client] command; [process]"
    )
    assert listed(["[receiver] url"]) == "[receiver] url"


@pytest.mark.parametrize(
    "section, named",
    [
        ({"process": {"1": {**PROCESS, "command": [1]}}}, "[process.1] command.0"),
        ({"process": {"web": PROCESS, "a.b": {**PROCESS, "env": {"A": "1", "B": 2}}}}, "[process.a.b] env.B"),
        ({"telemetry": {"metrics": "http://127.0.0.1/", "series": {"delivered": "d", "retried": 3}}}, "series.retried"),
        (
            {"receiver": {"url": "http://127.0.0.1/", "dead_letters": {"command": ["ask"], "when": {"state": 1}}}},
            "[receiver] dead_letters.when.state",
        ),
    ],
)
def test_a_value_in_a_table_of_any_depth_is_named_by_its_key(section: dict[str, object], named: str) -> None:
    """Msgspec leaves the keys of mappings out of its places; the message has them, whatever the keys are."""
    with pytest.raises(ConfigurationError) as caught:
        convert({**TARGET, **section}, Configuration, "harness.toml")

    assert f"{named}: Expected text, got a whole number. Correct that key and run again." in str(caught.value)
