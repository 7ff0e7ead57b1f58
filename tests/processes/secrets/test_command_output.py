"""Secrets that a command prints: run once, without a shell, and never shown, whatever goes wrong."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import psutil
import pytest

from harness.errors import SecretError
from harness.model import SecretRef
from harness.secrets import Vault, command_output

VALUE = os.urandom(12).hex()
KEY = "harness.toml: [provider] auth.token"


def reference(script: str) -> SecretRef:
    """Return a reference to what a Python script prints, which stands for a password manager."""
    return SecretRef("command:" + shlex.join([sys.executable, "-c", script]))


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(seed="seed", root=tmp_path)


# What the command prints, and the secret that it is.
PRINTED = {
    "a line": (f"{VALUE}\n", VALUE),
    "no line end": (VALUE, VALUE),
    "a line end of Windows": (f"{VALUE}\r\n", VALUE),
    "several lines": (f"-----BEGIN-----\n{VALUE}\n", f"-----BEGIN-----\n{VALUE}"),
    "an empty line at the end": (f"{VALUE}\n\n", f"{VALUE}\n"),
}


@pytest.mark.parametrize("text, value", PRINTED.values(), ids=PRINTED)
def test_what_a_command_prints_is_the_secret(vault: Vault, tmp_path: Path, text: str, value: str) -> None:
    """The output without its last line end, in the folder of harness.toml, and without what goes to standard error."""
    (tmp_path / "safe").write_bytes(text.encode())
    script = "import sys; sys.stdout.buffer.write(open('safe', 'rb').read()); sys.stderr.write('signed in')"

    assert vault.resolve(reference(script), KEY).reveal() == value
    assert VALUE not in vault.redact(f"before {value} after")


def test_no_shell_reads_the_words(vault: Vault) -> None:
    """Variables, separators and globs are plain text."""
    assert vault.resolve(SecretRef("command:echo '$HOME;' *"), KEY).reveal() == "$HOME; *"


# A command, and the message, which never has what was printed.
REFUSED = {
    "no program": (SecretRef("command:no-such-program read x"), r"'no-such-program' cannot be run: No such file.*give"),
    "status": (reference(f"import sys; print('{VALUE}'); sys.exit('{VALUE}')"), r"exited with status 1\. Run it by"),
    "signal": (reference("import os; os.kill(os.getpid(), 9)"), r"was killed by SIGKILL\. Run it by hand"),
    "nothing": (reference("print()"), r"printed nothing to standard output"),
    "binary": (reference("import sys; sys.stdout.buffer.write(bytes([255, 254]))"), r"whose output is not UTF-8"),
    "open quotation mark": (SecretRef("command:op read 'x"), r"words cannot be read: No closing quotation"),
}


@pytest.mark.parametrize("ref, message", REFUSED.values(), ids=REFUSED)
def test_a_command_that_gives_no_secret_is_named_with_its_key(vault: Vault, ref: SecretRef, message: str) -> None:
    """The message names key, command and what to do; it shows nothing of the output and of standard error."""
    with pytest.raises(SecretError, match=message) as caught:
        vault.resolve(ref, KEY)

    assert str(caught.value).startswith(f"{KEY} refers to {ref}, ")
    assert VALUE not in str(caught.value).removeprefix(f"{KEY} refers to {ref}")
    vault.resolve_all([("x", ref)], strict=False)
    assert repr(vault) == "<vault of nothing>"


def test_a_command_that_does_not_end_is_ended(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is bounded, also where a child of the command has its output open; nothing is left running."""
    monkeypatch.setattr(command_output, "COMMAND_WITHIN_S", 0.5)
    before = psutil.Process().children(recursive=True)

    with pytest.raises(SecretError, match=r"which did not end within 0\.5 s\. It gets no input: sign in"):
        vault.resolve(SecretRef("command:sh -c 'sleep 600 & sleep 600'"), KEY)

    left = [p for p in psutil.Process().children(recursive=True) if p not in before]
    assert [p for p in left if p.status() != psutil.STATUS_ZOMBIE] == []


def test_a_failed_command_is_not_run_again(vault: Vault, tmp_path: Path) -> None:
    """A second try could lock an account, or ask somebody again; the message is the same."""
    ref = reference("open('runs', 'a').write('x'); raise SystemExit(1)")

    for _ in range(2):
        with pytest.raises(SecretError, match="exited with status 1"):
            vault.resolve(ref, KEY)

    assert (tmp_path / "runs").read_text() == "x"


def test_the_label_of_a_redacted_secret_breaks_no_text_around_it(vault: Vault, tmp_path: Path) -> None:
    """Quotation marks and brackets of the command do not end the JSON, the HTML or the placeholder that has it."""
    (tmp_path / "a]b").write_text(VALUE)
    vault.resolve(SecretRef('command:cat "a]b"'), KEY)

    assert vault.redact(f'"{VALUE}"') == '"[REDACTED command:cat _a_b_]"'
