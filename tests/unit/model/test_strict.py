"""Places in harness.toml, as messages name them."""

from __future__ import annotations

from harness.model.strict import listed, where_is


def test_missing_keys_name_each_section_once() -> None:
    """Four keys of one section read as one place, and a whole section as itself."""
    keys = ("receiver.url", "client.command", "receiver.events", "process")

    assert listed(where_is(tuple(key.split("."))) for key in keys) == (
        "[receiver] url, events; [client] command; [process]"
    )
    assert listed(["[receiver] url"]) == "[receiver] url"
