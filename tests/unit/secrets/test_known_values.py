"""Values found through layers of encoding: exactly, in bounded time, and nowhere else."""

from __future__ import annotations

import base64
import gzip
import json
import secrets
import time
import zlib
from collections.abc import Callable
from urllib.parse import quote

import hypothesis.strategies as st
import pytest
from hypothesis import given

from harness.secrets.decoding.escapes import ESCAPES, EscapeReader
from harness.secrets.decoding.layers import MAX_DEPTH, MAX_LAYERS, TOO_DEEP, TOO_MANY, Sought, layers
from harness.secrets.decoding.packed import MANY, MAX_FOUND, MAX_UNPACKED, MUCH
from harness.secrets.known_values import KnownValues
from harness.secrets.redaction.redactor import Redactor
from tests.properties import steadily

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
    "coloured": (f"x \x1b[1;31m{VALUE[:9]}\x1b[0m{VALUE[9:]}\x1b[m y", "x \x1b[1;31m[env:KEY]\x1b[m y"),
    "with characters without width": (f"<{VALUE[:5]}\u200b{VALUE[5:9]}\u00ad{VALUE[9:]}>", "<[env:KEY]>"),
    "twice": (f"{VALUE} {VALUE}", "[env:KEY] [env:KEY]"),
    "in a list of numbers": (f"[{', '.join(str(b) for b in VALUE.encode())}]", "[[env:KEY]]"),
}


@pytest.mark.parametrize("text, expected", EXACT.values(), ids=EXACT.keys())
def test_exactly_the_encoded_value_is_replaced(text: str, expected: str) -> None:
    """What is around it remains as it was written, encoded or not."""
    assert redacted(text) == expected


@steadily
@given(
    st.text()
    | st.text("%0123456789abcdefABCDEF\\ux&#;=\n +/")
    | st.binary().map(lambda b: base64.b64encode(b).decode())
)
def test_a_text_without_the_value_does_not_change(text: str) -> None:
    """Whatever it seems to encode."""
    assert redacted(text) == text


@steadily
@given(st.text(), st.text())
def test_a_value_is_replaced_between_any_texts(before: str, behind: str) -> None:
    """Raw and in JSON as other programs write it."""
    for written in (VALUE, VALUE.replace("+", "\\u002b")):
        assert VALUE not in redacted(before + written + behind)
        assert "[env:KEY]" in redacted(before + written + behind)


def _dump(data: bytes, line: str) -> str:
    rows = [data[at : at + 16] for at in range(0, len(data), 16)]
    return "".join(
        line.format(at=16 * number, hex=row.hex(" "), pairs=row.hex(" ", 2), text=row.decode())
        for number, row in enumerate(rows)
    )


DUMPS = {
    "hexdump": "{at:08x}  {hex:<48}  |{text}|\n",
    "xxd": "{at:08x}: {pairs:<39}  {text}\n",
    "curl": "{at:04x}: {hex} {text}\n",
}


@pytest.mark.parametrize("line", DUMPS.values(), ids=DUMPS)
def test_a_dump_of_bytes_is_read_over_its_lines(line: str) -> None:
    """With the letters beside them, which show the value too."""
    text = f"=> Send header\n{_dump(f'X-Key: {VALUE} and more of it'.encode(), line)}end"

    clean = redacted(text)

    assert "[env:KEY]" in clean
    assert not any(VALUE[at : at + 6] in clean for at in range(len(VALUE) - 5))
    assert (clean.startswith("=> Send header\n"), clean.endswith("\nend")) == (True, True)


def test_what_an_escape_ends_with_begins_no_other() -> None:
    """A character that is escaped is itself, and each escape is read once, from the left."""
    reader = EscapeReader(ESCAPES)

    assert reader.plain(b"\\%41 %5c%41 \\&amp; &amp;lt;") == b"%41 \\A &amp; &lt;"


def test_the_form_names_each_encoding_from_the_inside() -> None:
    """A person sees which program to correct."""
    text = json.dumps({"next": quote(VALUE, safe="")}).replace("%", "\\u0025")

    assert {one.form for one in KNOWN.find(text.encode(), set())} == {"url in json"}


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
    "dump": lambda size: b"00000010 61 62 63 64\n" * (size // 21),
    "digits of a dump": lambda size: b"0010" + b"61 " * (size // 3),
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
        KNOWN.find(data, set())
        spent.append(time.process_time() - begun)

    assert spent[1] < 10 * spent[0] + 0.5
    assert len(list(layers(HOSTILE[name](20_000), Sought(), set()))) <= MAX_LAYERS


def _nested(times: int) -> bytes:
    text = VALUE.encode()
    for _ in range(times):
        text = base64.b64encode(text)
    return text


BEYOND: dict[str, tuple[Callable[[], bytes], str]] = {
    "encoded very often": (lambda: _nested(MAX_DEPTH + 2), TOO_DEEP),
    "a sign of another encoding each time": (lambda: b"%" + b"25" * MAX_DEPTH + b"41", TOO_DEEP),
    "a bomb": (lambda: gzip.compress(bytes(MAX_UNPACKED + 1)), MUCH),
    "a bomb in base64": (lambda: base64.b64encode(zlib.compress(bytes(MAX_UNPACKED + 1))), MUCH),
    "very many packed parts": (lambda: gzip.compress(b"a text") * (MAX_FOUND + 1), MANY),
}


@pytest.mark.parametrize("make, what", BEYOND.values(), ids=BEYOND)
def test_what_is_beyond_a_bound_is_never_taken_for_searched(make: Callable[[], bytes], what: str) -> None:
    """It is named, and nothing is left of a text that cannot be searched to its end."""
    unread = set[str]()
    KNOWN.find(make(), unread)
    text = make().decode("latin-1")

    assert unread == {what}
    if text.isascii():
        assert redacted(text) == f"[REDACTED {what}]"


def test_what_only_looks_encoded_makes_no_layer() -> None:
    """An entity of no name stands for itself: read as another text, it would be read again without end."""
    text = (b"GET /?from=1&nosuchname;to HTTP\n" + b"." * 400 + b"\n") * 5

    assert [layer.data for layer in layers(text, Sought(), set())] == [text]


def test_a_run_of_digits_is_decoded_once() -> None:
    """It stands for the same in the text that it was decoded from; what only that has comes out of it."""
    first, second = (base64.b64encode(word * 6) for word in (b"first ", b"second "))
    apart = b"\n" + b"." * 400 + b"\n"
    text = b"%41 " + first + apart + second + apart + b"%41 " + second.replace(b"c", b"%63")

    read = [layer.data for layer in layers(text, Sought(), set())]

    assert [sum(word in data for data in read) for word in (b"first first", b"second second")] == [1, 1]
    only_escaped = [layer.data for layer in layers(text.replace(second, b"", 1), Sought(), set())]
    assert sum(b"second second" in data for data in only_escaped) == 1


def test_values_of_any_length_are_found_beside_each_other() -> None:
    """What is too short to hold one of them may be another, also where that is added later."""
    values = {f"env:{size}": f"a1{secrets.token_hex(size)}" for size in (40, 15, 5)}
    known = KnownValues()
    for name, value in values.items():
        known.add(name, value)
        written = b" ".join([value.encode(), base64.b64encode(value.encode()), value.upper().encode()])

        found = known.find(written, set())

        assert {(one.name, one.form) for one in found} == {(name, "raw"), (name, "base64"), (name, "another case")}


def test_a_text_with_too_many_encodings_is_not_taken_for_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few texts of one kind have as many as the bound allows."""
    monkeypatch.setattr("harness.secrets.decoding.layers.MAX_LAYERS", 3)
    unread = set[str]()
    KNOWN.find(b"%41 " + _nested(3), unread)

    assert unread == {TOO_MANY}


def test_a_value_is_found_as_often_as_it_is_encoded_within_the_bounds() -> None:
    """Deeper than anybody encodes."""
    assert redacted(f"<{_nested(MAX_DEPTH).decode()}>") == "<[env:KEY]>"


def test_a_packed_text_that_was_cut_is_read_up_to_the_cut() -> None:
    """A log goes on behind it."""
    packed = gzip.compress(f"{VALUE} {secrets.token_hex(4000)}".encode())[:2000]

    assert "compressed" in {one.form for one in KNOWN.find(b"body: " + packed + b"\nnext line\n", set())}


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
