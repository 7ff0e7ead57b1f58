"""Secrets that the provider hands out while a run goes on: known to every process of the run, and to nobody else."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.files import PRIVATE, write_atomically
from harness.secrets.values import Secret, Vault

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class IssuedSecret:
    """One such secret: the process that sees it seals it, the others open it.

    What is sealed lies in the run's scratch folder, for a process may begin later. It is encrypted with what the run's
    seed tells, which is never stored.
    """

    def __init__(self, name: str, *, folder: Path, seed: str, vault: Vault) -> None:
        """``name`` is what it is redacted to; ``vault`` is this process' own."""
        self._name = name
        self._file = folder / f"{name}.sealed"
        self._seed = seed
        self._vault = vault
        self._known: Secret | None = None

    def keep(self, value: str) -> None:
        """Make the secret known here, from this moment on, and to whoever opens it."""
        self._known = self._vault.add(self._name, value)
        write_atomically(self._file, _lock(self._seed).encrypt(value.encode()), mode=PRIVATE)

    def opened(self) -> Secret | None:
        """Return the secret, known here from this moment on; None where none was handed out so far."""
        if self._known is None and self._file.is_file():
            value = _lock(self._seed).decrypt(self._file.read_bytes()).decode()
            self._known = self._vault.add(self._name, value)
        return self._known


def _lock(seed: str) -> Fernet:
    from cryptography.fernet import Fernet  # takes a while to import, and few runs need it

    return Fernet(base64.urlsafe_b64encode(hmac.new(seed.encode(), b"handed out", hashlib.sha256).digest()))
