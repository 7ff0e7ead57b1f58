"""A request for a gate reaches the process that runs it, whatever its words are."""

from __future__ import annotations

import os

import pytest

from harness.context.gate_request import GateRequest


@pytest.mark.parametrize(
    "word",
    ["x", "Zoé \N{ROCKET}", os.fsdecode(b"/tmp/\xff\xe9"), "a\0\x1b"],
    ids=["ascii", "letters", "bytes", "control"],
)
def test_every_word_arrives_as_it_was_given(word: str) -> None:
    """Names of folders and files may be bytes that are no UTF-8; the text between the processes is ASCII."""
    request = GateRequest(parent=1, directory=word, reports="r", scenario_arguments=("-k", word), only=("a.b",))
    text = request.to_json()

    assert text.isascii()
    assert GateRequest.from_json(text) == request
    assert os.fsencode(GateRequest.from_json(text).directory) == os.fsencode(word)
