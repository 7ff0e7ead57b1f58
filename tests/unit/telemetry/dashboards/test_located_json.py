"""JSON is read with the line of every text, in bounded time, depth and size."""

from __future__ import annotations

import json

import pytest

from harness.telemetry.dashboards.located_json import MAX_BYTES, UnreadableJsonError, line_of, read_located_json


def test_each_text_knows_its_line() -> None:
    """Lines count from 1, in objects and lists, also where a text has an escaped line feed."""
    found = read_located_json(b'{\n"a": "x",\n "b": [1,\n "two\\nlines", "y"]}')
    assert found == {"a": "x", "b": [1, "two\nlines", "y"]}
    assert [line_of(value) for value in (found["a"], *found["b"])] == [2, 1, 4, 4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_encodings_of_json_are_read(encoding: str) -> None:
    """A file that an editor saved in another encoding of Unicode, or with a byte order mark, is read."""
    assert read_located_json('{"title": "Größe"}'.encode(encoding)) == {"title": "Größe"}


def test_half_of_a_pair_of_characters_is_replaced() -> None:
    """What no encoding can write would break the report later."""
    assert read_located_json(b'["\\ud800 x"]') == ["? x"]


REFUSED = {
    b'{\n"a": 1\n"b": 2}': ("it is not JSON: Expecting ',' delimiter (column 1)", 3),
    b"": ("it is not JSON: Expecting value (column 1)", 1),
    b'{"a": "\xe9"}': ("it is not JSON: 'utf-8' codec can't decode byte 0xe9", 1),
    b"[" * 100_000: ("it nests too deeply", 1),
    b'{"a":' * 100_000: ("it nests too deeply", 1),
    b"[" + b"9" * 5_000 + b"]": ("it is not JSON: Exceeds the limit", 1),
    b" " * (MAX_BYTES + 1): ("it has 4,000,001 bytes; at most 4,000,000 are read", 1),
}


@pytest.mark.parametrize("data, error", REFUSED.items(), ids=range(len(REFUSED)))
def test_what_is_not_json_is_refused_with_its_line(data: bytes, error: tuple[str, int]) -> None:
    """The message says what is wrong and the error where, and nothing deep or large is read."""
    with pytest.raises(UnreadableJsonError) as caught:
        read_located_json(data)
    assert str(caught.value).startswith(error[0])
    assert caught.value.line == error[1]


def test_a_document_without_line_feeds_is_read_in_time() -> None:
    """The position of a text is not searched from the beginning of the file each time."""
    data = json.dumps([{"expr": f"x{number}"} for number in range(20_000)]).encode()
    assert len(read_located_json(data)) == 20_000
