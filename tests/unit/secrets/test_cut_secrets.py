"""What is left of a secret where a text was cut is taken away too."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path
from urllib.parse import quote

import hypothesis.strategies as st
import pytest
from hypothesis import given

from harness.core.cutting import cut, cut_before
from harness.secrets.redaction.cut_secrets import LEAST
from harness.secrets.redaction.encoded_parts import REST
from harness.secrets.values import Vault
from tests.properties import steadily
from tests.unit.secrets.secret_forms import FORMS as ENCODED
from tests.unit.secrets.secret_forms import new_secret
from tests.unit.secrets.secret_forms import reveals as reveals_all

VALUE = f"sk+live/{secrets.token_urlsafe(24)}"
ENCODINGS = {name: form for name, form in ENCODED.items() if not name.endswith("in source")}
"""Where source code adds pieces, one that is left alone is a text like any other."""
MUCH = 16
"""Characters of a value that are a good part of it."""
FORMS = {
    "raw": VALUE,
    "url": quote(VALUE, safe=""),
    "base64": base64.b64encode(VALUE.encode()).decode(),
    "hex": VALUE.encode().hex(),
    "json": json.dumps(VALUE)[1:-1],
}


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """One known value."""
    made = Vault(seed="", root=tmp_path)
    made.add("env:KEY", VALUE)
    return made


def reveals(text: str, form: str) -> bool:
    """Whether a text has any part of the form that is longer than chance."""
    return any(form[i : i + LEAST + 3] in text for i in range(len(form) - LEAST - 2))


@pytest.mark.parametrize("form", FORMS)
def test_no_part_of_a_secret_is_left_wherever_a_text_is_cut(form: str, vault: Vault) -> None:
    """At each place of the cut, with text before and behind, from the front and from the end."""
    text = f"answered {FORMS[form]} and more of it"

    for most in range(8, len(text)):
        for short in (cut(text, most), cut_before(text, most), cut(cut_before(text, most), most // 2 + 4)):
            assert not reveals(vault.redact(short), FORMS[form]), (most, vault.redact(short))


LONG = new_secret()
UNREADABLE_ENDS = ("base64 thrice", "gzip in base64", "deflate in base64")
"""Of these the end is not found. A cut shifts each layer of Base64 by another part of a group, and compressed text is
readable without its beginning only where, by chance, a symbol begins at a byte."""


def reveals_part(text: str) -> bool:
    """Whether an independent search finds a good part of the value."""
    return any(reveals_all(text, LONG[at : at + MUCH], 4) for at in range(0, len(LONG) - MUCH + 1, MUCH // 2))


@pytest.mark.parametrize("form", ENCODINGS)
def test_no_part_of_an_encoded_secret_is_left_wherever_a_text_is_cut(form: str, tmp_path: Path) -> None:
    """Whatever the encoding, also where the cut leaves half an escape; what is around it remains."""
    vault = Vault(seed="", root=tmp_path)
    vault.add("env:KEY", LONG)
    written = ENCODINGS[form](LONG)
    assert reveals_part(f"x {written} y")

    for at in range(1, len(written), max(1, len(written) // 20)):
        begun = vault.redact(f"before {written[:at]}…")
        assert not reveals_part(begun), at
        assert begun.startswith("before ")
        if form not in UNREADABLE_ENDS:
            ended = vault.redact(f"…{written[at:]} behind")
            assert not reveals_part(ended), at
            assert ended.endswith(" behind")


@pytest.mark.parametrize(
    "form", ["json, every character", "entities, decimal", "percent, thrice", "backslash x", "octal"]
)
def test_what_is_cut_on_both_sides_is_a_part_too(form: str, tmp_path: Path) -> None:
    """Between two marks nothing else need be."""
    vault = Vault(seed="", root=tmp_path)
    vault.add("env:KEY", LONG)
    written = ENCODINGS[form](LONG)

    assert vault.redact(f"…{written[len(written) // 3 : len(written) * 2 // 3]}…") == "…[REDACTED env:KEY]…"


@pytest.mark.parametrize("form", ["json, every character", "entities, decimal", "percent, thrice", "hexadecimal"])
def test_what_may_be_the_beginning_of_an_encoded_secret_waits_for_the_rest(form: str, tmp_path: Path) -> None:
    """A stream shows it when it is none, or redacted."""
    vault = Vault(seed="", root=tmp_path)
    vault.add("env:KEY", LONG)
    written = ENCODINGS[form](LONG)

    assert vault.unfinished(f"before {written[: len(written) // 2]}") >= len(written) // 2 - REST
    assert vault.unfinished(f"before {written} behind") == 0


MARKS = {"dots": "...", "spaced": " ... ", "ellipsis": "…", "line": "\n…", "escaped": "\\u2026"}


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS)
def test_what_other_programs_cut_is_found_at_their_marks(mark: str, vault: Vault) -> None:
    """A value whose middle is left out loses both ends."""
    half = len(VALUE) // 2
    text = f"assert '{VALUE[: half - 4]}{mark}{VALUE[half + 4 :]}' == 'x'"

    assert vault.redact(text) == f"assert '[REDACTED env:KEY]{mark}[REDACTED env:KEY]' == 'x'"


def test_several_marks_of_one_text_are_each_looked_at(vault: Vault) -> None:
    """A list of values that are all cut shows none of them."""
    text = ", ".join(f"{VALUE[:n]}…" for n in range(LEAST, len(VALUE)))

    assert vault.redact(text) == ", ".join(["[REDACTED env:KEY]…"] * (len(VALUE) - LEAST))


@steadily
@given(st.text(max_size=60), st.integers(min_value=3, max_value=60))
def test_a_text_without_secrets_stays_as_it_is(text: str, most: int) -> None:
    """Redaction of a cut text changes nothing else."""
    made = Vault(seed="", root=Path())
    made.add("env:KEY", "\x01" * 12)
    short = cut(text.replace("\x01", ""), most)

    assert made.redact(short) == short


@pytest.mark.parametrize("text", ["", "abc", "abcdef"])
def test_a_text_that_is_short_enough_has_no_mark(text: str) -> None:
    """The mark shows that something is left out, so it stands nowhere else."""
    assert cut(text, 6) == cut_before(text, 6) == text
    assert cut(text.encode(), 6) == text.encode()


def test_cut_texts_have_their_mark() -> None:
    """A text gets one character of its own, bytes three dots."""
    assert (cut("abcdefg", 6), cut_before("abcdefg", 6), cut(b"abcdefg", 6)) == ("abcde…", "…cdefg", b"abc...")
