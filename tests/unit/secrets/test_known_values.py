"""Values found through layers of encoding: exactly, in bounded time, and nowhere else."""

from __future__ import annotations

import base64
import gzip
import json
import secrets
import time
from collections.abc import Callable
from urllib.parse import quote

import hypothesis.strategies as st
import pytest
from hypothesis import given

from harness.secrets.decoding.escapes import ESCAPES, EscapeReader
from harness.secrets.decoding.layers import MAX_LAYERS, Sought, layers
from harness.secrets.known_values import KnownValues
from harness.secrets.redaction.redactor import Redactor

VALUE = f"key+{secrets.token_hex(12)}/x"
KNOWN = KnownValues({"env:KEY": VALUE})


def redacted(text: str) -> str:
    return KNOWN.replace(text, lambda name: f"[{name}]")


EXACT: dict[str, tuple[str, str]] = {
    "percent": (f"a%20={quote(VALUE, safe='')}&b=%41", "a%20=[env:KEY]&b=%41"),
    "json": (json.dumps({"a\\": VALUE}).replace("+", "\\u002B"), '{"a\\\\": "[env:KEY]"}'),
    "hexadecimal": (f"x={VALUE.encode().hex()};", "x=[env:KEY];"),
    "base64 alone": (f"Basic {base64.b64encode(VALUE.encode()).decode()}, x", "Basic [env:KEY], x"),
    "packed in base64": (f"<{base64.b64encode(gzip.compress(VALUE.encode())).decode()}>", "<[env:KEY]>"),
    "twice": (f"{VALUE} {VALUE}", "[env:KEY] [env:KEY]"),
    "in a list of numbers": (f"[{', '.join(str(b) for b in VALUE.encode())}]", "[[env:KEY]]"),
}


@pytest.mark.parametrize("text, expected", EXACT.values(), ids=EXACT.keys())
def test_exactly_the_encoded_value_is_replaced(text: str, expected: str) -> None:
    """What is around it remains as it was written, encoded or not."""
    assert redacted(text) == expected


@given(
    st.text()
    | st.text("%0123456789abcdefABCDEF\\ux&#;=\n +/")
    | st.binary().map(lambda b: base64.b64encode(b).decode())
)
def test_a_text_without_the_value_does_not_change(text: str) -> None:
    """Whatever it seems to encode."""
    assert redacted(text) == text


@given(st.text(), st.text())
def test_a_value_is_replaced_between_any_texts(before: str, behind: str) -> None:
    """Raw and in JSON as other programs write it."""
    for written in (VALUE, VALUE.replace("+", "\\u002b")):
        assert VALUE not in redacted(before + written + behind)
        assert "[env:KEY]" in redacted(before + written + behind)


def test_what_an_escape_ends_with_begins_no_other() -> None:
    """A character that is escaped is itself, and each escape is read once, from the left."""
    reader = EscapeReader(ESCAPES)

    assert reader.plain(b"\\%41 %5c%41 \\&amp; &amp;lt;") == b"%41 \\A &amp; &lt;"


def test_the_form_names_each_encoding_from_the_inside() -> None:
    """A person sees which program to correct."""
    text = json.dumps({"next": quote(VALUE, safe="")}).replace("%", "\\u0025")

    assert {one.form for one in KNOWN.find(text.encode())} == {"url in json"}


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "backslashes": lambda size: b"\\" * size,
    "percent of percent": lambda size: b"%25" * (size // 3),
    "ampersands": lambda size: b"&#" * (size // 2),
    "base64": lambda size: b"QUJD" * (size // 4),
    "short runs": lambda size: b"".join(b"QUJDREVGR0hJSktM%06d " % n for n in range(size // 23)),
    "breaks": lambda size: b"a\n" * (size // 2),
    "NUL": lambda size: b"\0" * size,
    "UTF-16": lambda size: b"a\0" * (size // 2),
    "hexadecimal": lambda size: b"61" * (size // 2),
    "digits that seem to be letters": lambda size: b"6z" * (size // 2),
    "indentations": lambda size: b"\n" + b" " * size,
    "gzip begins": lambda size: b"\x1f\x8b\x08\0" * (size // 4),
    "numbers": lambda size: b"11, " * (size // 4),
    "layers": lambda size: b"\\\\\\\\u0025252525=\n" * (size // 17),
    "a bomb": lambda size: gzip.compress(bytes(size * 10)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_take_linear_time(name: str) -> None:
    """Four times the text takes no more than about four times as long; the layers are bounded."""
    spent = []
    for size in (20_000, 80_000):
        data = HOSTILE[name](size)
        begun = time.process_time()
        KNOWN.find(data)
        spent.append(time.process_time() - begun)

    assert spent[1] < 10 * spent[0] + 0.5
    assert len(list(layers(HOSTILE[name](20_000), Sought()))) <= MAX_LAYERS


def test_a_form_with_very_many_secrets_takes_linear_time() -> None:
    """Each of them is looked for in all that follows."""
    spent = []
    for many in (1_000, 4_000):
        body = "&".join(f"token={secrets.token_hex(16)}" for _ in range(many)).encode()
        begun = time.process_time()
        redactor = Redactor()
        clean = redactor.body(body, media_type="application/x-www-form-urlencoded")
        spent.append(time.process_time() - begun)
        assert clean.count(b"REDACTED") == many

    assert spent[1] < 10 * spent[0] + 0.5
