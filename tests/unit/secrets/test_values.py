"""Secrets cannot be printed, sent or pickled, and every reference that does not resolve is told with its key."""

from __future__ import annotations

import base64
import copy
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import SecretError
from harness.model import SecretRef
from harness.secrets import Secret, Vault
from harness.secrets.forms import forms

VALUE = os.urandom(12).hex()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(seed="seed", root=tmp_path)


SHOWN: dict[str, Callable[[Secret], str]] = {
    "str": str,
    "repr": repr,
    "format": lambda s: f"{s:>40}",
    "percent": lambda s: "%s %r" % (s, s),  # noqa: UP031 - the old way must be safe too
    "in a list": lambda s: str([s]),
    "vars": lambda s: str(getattr(s, "__dict__", "")),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN.keys())
def test_a_secret_shows_its_name_alone(show: Callable[[Secret], str]) -> None:
    """No way of turning it into text gives the value."""
    assert VALUE not in show(Secret("env:KEY", VALUE))


@pytest.mark.parametrize("send", [pickle.dumps, copy.deepcopy], ids=["pickle", "deepcopy"])
def test_a_secret_does_not_leave_its_process(send: Callable[[Secret], object]) -> None:
    """Pickling is refused, by name and without the value."""
    with pytest.raises(TypeError, match=r"env:KEY.* cannot be pickled") as caught:
        send(Secret("env:KEY", VALUE))

    assert VALUE not in str(caught.value)


def test_a_secret_is_no_json() -> None:
    """The standard encoder refuses it."""
    with pytest.raises(TypeError):
        json.dumps({"key": Secret("env:KEY", VALUE)})


def test_secrets_are_equal_by_value_and_hash_by_name() -> None:
    """Comparison works, in constant time; the hash tells nothing of the value."""
    assert Secret("env:KEY", VALUE) == Secret("env:OTHER", VALUE)
    assert Secret("env:KEY", VALUE) != VALUE
    assert hash(Secret("env:KEY", VALUE)) == hash(Secret("env:KEY", "other"))


@pytest.mark.parametrize("form", forms(VALUE + "/é&").items(), ids=lambda f: f[0])
def test_every_form_is_redacted(vault: Vault, form: tuple[str, str]) -> None:
    """What the scan would find, redaction takes out."""
    vault.add("env:KEY", VALUE + "/é&")

    clean = vault.redact(f"before {form[1]} after")

    assert clean == "before [REDACTED env:KEY] after"
    assert vault.scanner().scan_bytes(clean.encode(), "x") == []


@pytest.mark.parametrize("more", ["", "1", "12"])
def test_base64_of_a_whole_secret_is_redacted_to_its_padding(vault: Vault, more: str) -> None:
    """HTTP Basic sends credentials so; nothing of the last characters may remain."""
    vault.add("env:KEY", VALUE + more)
    sent = base64.b64encode((VALUE + more).encode()).decode()

    assert vault.redact(f"Basic {sent}.") == "Basic [REDACTED env:KEY]."


def test_a_fresh_secret_is_the_same_for_one_run_and_exported(vault: Vault, tmp_path: Path) -> None:
    """It follows from the seed and the name, and the target's processes learn it."""
    ref = SecretRef("fresh:KEY")

    value = vault.resolve(ref, "x").reveal()

    assert value == Vault(seed="seed", root=tmp_path).resolve(ref, "x").reveal()
    assert value != Vault(seed="another", root=tmp_path).resolve(ref, "x").reveal()
    assert vault.exported() == {"KEY": value}


def test_a_fresh_secret_is_written_as_it_must_be(tmp_path: Path) -> None:
    """Where a value must have some form, its 32 random bytes are written so; others stay as they are."""
    vault = Vault(seed="seed", root=tmp_path, shapes={"KEY": bytes.hex})
    shaped, plain = (vault.resolve(SecretRef(f"fresh:{name}"), "x").reveal() for name in ("KEY", "OTHER"))

    assert len(bytes.fromhex(shaped)) == 32
    assert plain.startswith("fresh_")
    assert vault.exported() == {"KEY": shaped, "OTHER": plain}


def test_a_file_gives_its_content_without_the_last_line_break(vault: Vault, tmp_path: Path) -> None:
    """Relative paths start at the target's folder."""
    (tmp_path / "key.txt").write_text(VALUE + "\n")

    assert vault.resolve(SecretRef("file:key.txt"), "x").reveal() == VALUE


REFUSED = {
    "not set": ("env:NOT_SET_ANYWHERE", r"refers to env:NOT_SET_ANYWHERE, and that variable is not set.*export"),
    "empty": ("env:EMPTY_KEY", r"refers to env:EMPTY_KEY, and that variable is empty"),
    "no file": ("file:no.txt", r"refers to file:no\.txt, which cannot be read: No such file.*Paths start at"),
    "empty file": ("file:empty.txt", r"refers to file:empty\.txt, which is empty"),
    "binary file": ("file:binary", r"refers to file:binary, which cannot be read: it is not UTF-8"),
}


@pytest.mark.parametrize("ref, said", REFUSED.values(), ids=REFUSED.keys())
def test_a_reference_that_does_not_resolve_is_told_with_its_key(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ref: str, said: str
) -> None:
    """The message names the key, the reference and what to do."""
    monkeypatch.setenv("EMPTY_KEY", "")
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")

    with pytest.raises(SecretError, match=r"harness\.toml: \[provider\] auth\.token " + said):
        vault.resolve(SecretRef(ref), "harness.toml: [provider] auth.token")
    vault.resolve_all([("x", SecretRef(ref))], strict=False)
    assert repr(vault) == "<vault of nothing>"
