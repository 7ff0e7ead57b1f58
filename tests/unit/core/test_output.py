"""What a process prints holds no secret, however it is split; nothing else is changed, and nothing else waits."""

from __future__ import annotations

import io
import secrets
import sys
from pathlib import Path

import click
import pytest

from harness.core.output import Output, RedactedStream, redacted_streams
from harness.secrets import Vault

VALUE = f"key+{secrets.token_hex(12)}/&"
ROUND = f"ab{secrets.token_hex(12)}ab"
LINES = f"-----BEGIN KEY-----\n{secrets.token_hex(16)}\n-----END KEY-----"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = Vault(seed="", root=tmp_path)
    vault.add("env:KEY", VALUE)
    vault.add("env:PEM", LINES)
    vault.add("env:ROUND", ROUND)
    return vault


@pytest.fixture
def inner() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


@pytest.fixture
def stream(inner: io.TextIOWrapper, vault: Vault) -> RedactedStream:
    output = Output()
    output.learn(vault)
    return RedactedStream(inner, output)


def told(inner: io.TextIOWrapper) -> str:
    """Return what has been printed so far."""
    assert isinstance(inner.buffer, io.BytesIO)
    return inner.buffer.getvalue().decode()


@pytest.mark.parametrize(
    "value, name",
    [(VALUE, "env:KEY"), (LINES, "env:PEM"), (ROUND, "env:ROUND")],
    ids=["one line", "several lines", "ends as it begins"],
)
def test_a_value_in_two_pieces_is_redacted(
    value: str, name: str, stream: RedactedStream, inner: io.TextIOWrapper
) -> None:
    """Wherever it is split."""
    for at in range(1, len(value)):
        stream.write(f"a {value[:at]}")
        stream.write(f"{value[at:]} b\n")

    assert told(inner) == f"a [REDACTED {name}] b\n" * (len(value) - 1)


def test_a_flush_prints_no_part_of_a_value_that_matters(stream: RedactedStream, inner: io.TextIOWrapper) -> None:
    """Two characters are shown: they may as well be progress, and the rest is redacted all the same."""
    for at in range(1, len(VALUE)):
        stream.write(f"a {VALUE[:at]}")
        stream.flush()
        stream.write(f"{VALUE[at:]} b\n")

    shown = "".join(f"a {VALUE[:at] if at <= 2 else ''}[REDACTED env:KEY] b\n" for at in range(1, len(VALUE)))
    assert told(inner) == shown


def test_what_was_flushed_is_not_printed_twice(stream: RedactedStream, inner: io.TextIOWrapper) -> None:
    """Whatever comes after it."""
    for piece in ("k", "e", "y", "s and k", "", "k", "e\n", "ke"):
        stream.write(piece)
        stream.flush()
    stream.finish()

    assert told(inner) == "keys and kke\nke"


def test_a_value_in_single_characters_is_redacted(stream: RedactedStream, inner: io.TextIOWrapper) -> None:
    """As a program prints that writes each by itself."""
    stream.writelines(f"<{VALUE}>")

    assert told(inner) == "<[REDACTED env:KEY]>"


@pytest.mark.parametrize(
    "text",
    [".", "F", "a line\n", "50 %|###", "\x1b[2K", "no secret: ke?", "Å\n"],
    ids=["a dot", "a letter", "a line", "a bar", "an escape", "no secret", "beyond ASCII"],
)
def test_all_else_is_printed_at_once(text: str, stream: RedactedStream, inner: io.TextIOWrapper) -> None:
    """Progress is not delayed, not even within a line."""
    stream.write(text)
    stream.flush()

    assert told(inner) == text


def test_a_value_that_ends_as_it_begins_is_redacted_at_once(stream: RedactedStream, inner: io.TextIOWrapper) -> None:
    """Its end is no reason to wait."""
    stream.write(f"<{ROUND}")

    assert told(inner) == "<[REDACTED env:ROUND]"


def test_a_beginning_whose_rest_never_comes_is_printed(stream: RedactedStream, inner: io.TextIOWrapper) -> None:
    """With the line that it is in, or at the end."""
    stream.write("ke")
    stream.write("y is the word\nke")
    stream.finish()

    assert told(inner) == "key is the word\nke"


def test_bytes_are_redacted_too(stream: RedactedStream, inner: io.TextIOWrapper) -> None:
    """Also those that are no text, which stay as they are."""
    stream.write("text ")
    stream.buffer.write(b"\xff\xfe " + VALUE.encode())
    stream.finish()

    assert isinstance(inner.buffer, io.BytesIO)
    assert inner.buffer.getvalue() == b"text \xff\xfe [REDACTED env:KEY]"


def test_secrets_are_asked_for_when_something_is_printed_before_any_is_known(
    inner: io.TextIOWrapper, vault: Vault
) -> None:
    """Once, and only then."""
    asked: list[Vault] = []

    def first() -> Vault:
        asked.append(vault)
        return vault

    stream = RedactedStream(inner, Output(first))

    assert asked == []
    stream.write(f"{VALUE}\n{VALUE}\n")
    stream.write(f"{VALUE}\n")
    assert told(inner) == "[REDACTED env:KEY]\n" * 3
    assert asked == [vault]


def test_every_vault_of_the_block_is_known_to_both_streams(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Also what it learns later; afterwards the streams are those of before."""
    before = sys.stdout, sys.stderr

    with redacted_streams():
        first, second = Vault(seed="", root=tmp_path), Vault(seed="", root=tmp_path)
        first.add("env:A", VALUE)
        second.add("env:B", LINES)
        click.echo(f"out {VALUE}")
        click.echo(f"err {LINES}", err=True)
        sys.stdout.write(f"x {VALUE}\n")

    assert capsys.readouterr() == ("out [REDACTED env:A]\nx [REDACTED env:A]\n", "err [REDACTED env:B]\n")
    assert (sys.stdout, sys.stderr) == before
