"""TOML of others is read in bounded time, and its faults are one error."""

from __future__ import annotations

import time

import pytest

from harness.core.toml import UnreadableTomlError, read_toml
from harness.core.toml_lines import line_of

MANY = 200_000
HOSTILE = {
    "a key of many parts": ("a" + ".a" * MANY + " = 1", "a key of more than 60 parts (at line 1)"),
    "a table of many parts": ("\n[" + "a . " * MANY + "a]", "a key of more than 60 parts (at line 2)"),
    "an integer of many digits": ("a = " + "1" * MANY, "an integer of more than 64 bits (at line 1)"),
    "integers in a list": ("a = [0,\n" + "1" * MANY + "]", "an integer of more than 64 bits"),
    "a hexadecimal integer": ("a = 0x" + "f" * MANY, "an integer of more than 64 bits (at line 1)"),
    "lists without end": ("a = " + "[" * MANY, "it nests too deeply"),
    "tables without end": ("a = " + "{b=" * MANY, "it nests too deeply"),
    "no TOML": ("a = \n", "Invalid value (at line 1, column 5)"),
}


@pytest.mark.parametrize("text, said", HOSTILE.values(), ids=HOSTILE.keys())
def test_toml_of_no_use_is_refused_in_words(text: str, said: str) -> None:
    """Whatever `tomllib` raises, or would take for ever to read."""
    began = time.monotonic()

    with pytest.raises(UnreadableTomlError) as refused:
        read_toml(text)

    assert str(refused.value) == said
    assert time.monotonic() - began < 10


def test_long_texts_are_no_long_keys() -> None:
    """Words, blanks and dots in a text are no key, and are read in linear time."""
    text = "a" * MANY + " " * MANY + "1.5 " * MANY

    assert read_toml(f'a = "{text}"\nb.c.d = 1') == {"a": text, "b": {"c": {"d": 1}}}


def test_the_line_of_a_key_is_looked_for_in_bounded_time() -> None:
    """A list of very many lines is given up; one of a few is not."""
    began = time.monotonic()

    assert line_of("a = [\n" + "1,\n" * 50_000 + "]\nb = 1\n", ("b",)) is None
    assert line_of("a = [\n" + "1,\n" * 100 + "]\nb = 1\n", ("b",)) == 103
    assert time.monotonic() - began < 30
