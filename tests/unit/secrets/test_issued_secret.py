"""A secret that is handed out during a run: known to the run's processes, and to nobody else."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

import pytest
from cryptography.fernet import InvalidToken

from harness.secrets import IssuedSecret, Vault

NAME = "provider.webhooks.secret"


def process(folder: Path, seed: str) -> tuple[IssuedSecret, Vault]:
    """Return what one process of a run has."""
    vault = Vault(seed=seed, root=folder)
    return IssuedSecret(NAME, folder=folder, seed=seed, vault=vault), vault


def test_it_is_known_the_moment_it_is_seen(tmp_path: Path) -> None:
    """Whoever keeps it redacts it and searches for it from then on."""
    handed_out, vault = process(tmp_path, "seed")
    value = secrets.token_hex(16)
    handed_out.keep(value)

    assert vault.redact(f"it is {value}") == f"it is [REDACTED {NAME}]"
    assert [leak.secret for leak in vault.scanner().scan_bytes(value.encode(), "x")] == [NAME]


def test_another_process_of_the_run_learns_it(tmp_path: Path) -> None:
    """Before it was handed out there is none; afterwards every process has it."""
    seed, value = secrets.token_hex(16), secrets.token_hex(16)
    (first, _), (second, vault) = process(tmp_path, seed), process(tmp_path, seed)
    assert second.opened() is None
    first.keep(value)

    learnt = second.opened()

    assert learnt is not None
    assert learnt.reveal() == value
    assert value not in vault.redact(value)


def test_what_lies_on_the_disk_tells_nothing(tmp_path: Path) -> None:
    """It is sealed with the run's seed, readable by this user alone, and opens for no other run."""
    value = secrets.token_hex(16)
    handed_out, vault = process(tmp_path, secrets.token_hex(16))
    handed_out.keep(value)
    (file,) = tmp_path.iterdir()

    assert vault.scanner().scan_file(file, "x") == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(InvalidToken):
        process(tmp_path, "another run's")[0].opened()
