"""The known-value scan: one secret planted in each form in which it can leak, and nothing found where it is not."""

from __future__ import annotations

import base64
import gzip
import html
import json
import os
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import yaml

from harness.secrets import Scanner
from harness.secrets.scan import CHUNK, OVERLAP

VALUE = f'p/q&r <{os.urandom(9).hex()}> "é+=%'
NAME = "env:THE_KEY"


def scan(data: bytes) -> list[str]:
    return sorted({leak.secret for leak in Scanner({NAME: VALUE}).scan_bytes(data, "log")})


def b64(prefix: str, *, url_safe: bool = False) -> str:
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    return encode((prefix + VALUE + ":tail").encode()).decode()


def lower(text: str) -> str:
    """Return percent-encoded text with the digits of its escapes in lower case."""
    return "".join(c.lower() if text[max(0, i - 2) : i].count("%") else c for i, c in enumerate(text))


LEAKS: dict[str, Callable[[], str | bytes]] = {
    "plain": lambda: f"Authorization: Bearer {VALUE}",
    "in a url": lambda: f"GET /x?token={quote(VALUE, safe='')}",
    "in a url, lower case": lambda: f"GET /x?token={lower(quote(VALUE, safe=''))}",
    "in a form": lambda: f"client_secret={quote_plus(VALUE)}&x=1",
    "in a url within a url": lambda: f"?next={quote(quote(VALUE, safe=''), safe='')}",
    "in json": lambda: json.dumps({"token": VALUE}),
    "in json, unicode kept": lambda: json.dumps({"token": VALUE}, ensure_ascii=False),
    "in json with escaped slashes": lambda: json.dumps({"token": VALUE}).replace("/", "\\/"),
    "in json within json": lambda: json.dumps({"body": json.dumps({"token": VALUE})}),
    "in json within json within json": lambda: json.dumps([json.dumps([json.dumps([VALUE])])]),
    "in html": lambda: f"<p>{html.escape(VALUE)}</p>",
    "in a repr": lambda: repr({"token": VALUE}),
    "in hex": lambda: f"body {VALUE.encode().hex()}",
    "in hex, upper case": lambda: f"body {VALUE.encode().hex().upper()}",
    "as basic credentials": lambda: f"Authorization: Basic {b64('user:')}",
    **{f"in base64 at offset {n}": partial(b64, "x" * n) for n in range(4)},
    **{f"in base64url at offset {n}": partial(b64, "x" * n, url_safe=True) for n in range(4)},
    "in base64 within base64": lambda: base64.b64encode(b64("user:").encode()),
    "packed with gzip": lambda: gzip.compress(VALUE.encode()),
    "packed with zlib": lambda: zlib.compress(VALUE.encode()),
    "packed, in base64": lambda: b'"body": "' + base64.b64encode(gzip.compress(VALUE.encode())) + b'"',
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS.keys())
def test_a_leak_is_found_in_every_form(leak: Callable[[], str | bytes]) -> None:
    """However it is encoded, the secret is found and named."""
    text = leak()

    assert scan(text if isinstance(text, bytes) else text.encode()) == [NAME]


CLEAN = {
    "redacted": "Authorization: Bearer [REDACTED env:THE_KEY]",
    "all but the last": VALUE[:-1],
    "all but the first": VALUE[1:],
    "another case": VALUE.upper(),
    "noise": base64.b64encode(os.urandom(300)).decode(),
    "broken escapes": "%zz \\u00 \\",
    "broken gzip": "\x1f\x8b broken",
}


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN.keys())
def test_nothing_is_found_where_the_value_is_not(text: str) -> None:
    """Half a value, another case, and broken encodings are no leak and no crash."""
    assert scan(text.encode()) == []


def test_a_leak_tells_place_line_and_form_but_no_value() -> None:
    """What is reported can be printed anywhere."""
    (leak,) = Scanner({NAME: VALUE}).scan_bytes(b"first\nsecond\nx " + VALUE.encode(), "app.log")

    assert (leak.secret, leak.place, leak.line, leak.form) == (NAME, "app.log", 3, "raw")
    assert VALUE not in repr(leak)


def test_a_value_too_short_to_search_for_is_named() -> None:
    """Chance would find it everywhere; that it was not searched for is told."""
    scanner = Scanner({NAME: "short"})

    assert scanner.unsearchable == (NAME,)
    assert scanner.scan_bytes(b"short", "log") == []


@pytest.mark.parametrize("at", [0, CHUNK - 5, CHUNK - OVERLAP, CHUNK, CHUNK + 100], ids=str)
def test_a_large_file_is_read_across_its_seams(tmp_path: Path, at: int) -> None:
    """A secret on the border between two pieces of a file is found, with its line."""
    file = tmp_path / "big.log"
    filler = (b"x" * 79 + b"\n") * (CHUNK // 80 + 5000)
    file.write_bytes(filler[:at] + VALUE.encode() + filler[at:])

    (leak,) = Scanner({NAME: VALUE}).scan_file(file, "big.log")

    assert leak.line == filler[:at].count(b"\n") + 1


def test_a_secret_folded_by_yaml_is_found(tmp_path: Path) -> None:
    """YAML breaks long strings over lines; they are read as YAML too."""
    secret = "-- ".join(os.urandom(12).hex() for _ in range(8))
    file = tmp_path / "cassette.yaml"
    file.write_text(yaml.safe_dump({"body": f"the token is {secret}"}, width=60))
    assert secret not in file.read_text()

    assert [leak.secret for leak in Scanner({NAME: secret}).scan_file(file, "cassette.yaml")] == [NAME]


def test_a_file_that_is_no_yaml_is_read_as_text(tmp_path: Path) -> None:
    """A broken YAML file is still searched."""
    file = tmp_path / "x.yaml"
    file.write_text(f"a: [\n{VALUE}")

    assert [leak.line for leak in Scanner({NAME: VALUE}).scan_file(file, "x.yaml")] == [2]


UNREAD: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "packed, and longer than a piece": (
        "app.log.gz",
        lambda: gzip.compress(os.urandom(CHUNK + 1), 0),
        "compressed contents that go on where the text ends",
    ),
    "deep YAML": ("x.yaml", lambda: b"a: 1\nb: " + b"[" * 600, "strings of YAML from line 2 on, where it nests deeper"),
    "large YAML": ("x.yaml", lambda: b"# \n" * 400, "the strings of more than 0 MiB of YAML"),
}


@pytest.mark.parametrize("name, data, what", UNREAD.values(), ids=UNREAD)
def test_what_of_a_file_is_beyond_a_bound_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: Callable[[], bytes], what: str
) -> None:
    """No leak means no secret only where everything was searched."""
    file = tmp_path / name
    file.write_bytes(data())
    monkeypatch.setattr("harness.secrets.scan.MAX_YAML", 1000)

    leaks = Scanner({NAME: VALUE}).scan_file(file, "the file")

    assert leaks == []
    assert [line.startswith(f"the file: {what}") for line in leaks.unread] == [True]


def test_a_packed_file_that_was_cut_is_read_to_its_end(tmp_path: Path) -> None:
    """Nothing of it is left out."""
    file = tmp_path / "app.log.gz"
    file.write_bytes(gzip.compress(f"{VALUE} {os.urandom(999).hex()}".encode())[:700])

    leaks = Scanner({NAME: VALUE}).scan_file(file, "app.log.gz")

    assert "compressed" in {leak.form for leak in leaks}
    assert leaks.unread == []


def test_a_scanner_shows_no_value() -> None:
    """Its repr tells how many secrets it knows."""
    assert repr(Scanner({NAME: VALUE})) == "<scanner for 1 secrets>"
