"""Secrets that the provider issues during a run, shared by the processes of the run and with no one else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.files import PRIVATE, write_atomically
from harness.secrets.values import Secret, Vault

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


MOST_TOKENS = 1000
"""Access tokens of one process that are remembered."""


class IssuedSecret:
    """One issued secret: the process that receives it encrypts it for the others.

    It is stored in the run's scratch folder, as a process may start later, encrypted with a key derived from the run's
    seed. The seed is never stored.
    """

    def __init__(self, name: str, *, folder: Path, seed: str, vault: Vault) -> None:
        """``name`` is what it is redacted to; ``vault`` is this process' own."""
        self._name = name
        self._file = folder / f"{name}.sealed"
        self._seed = seed
        self._vault = vault
        self._known: Secret | None = None

    def keep(self, value: str) -> None:
        """Add the secret to this process's vault, and store it for the other processes."""
        self._known = self._vault.add(self._name, value)
        write_atomically(self._file, _lock(self._seed).encrypt(value.encode()), mode=PRIVATE)

    def opened(self) -> Secret | None:
        """Return the secret and add it to this process's vault; None if none was issued so far."""
        if self._known is None and self._file.is_file():
            value = _lock(self._seed).decrypt(self._file.read_bytes()).decode()
            self._known = self._vault.add(self._name, value)
        return self._known


class IssuedTokens:
    """The access tokens of a run: authorization servers issue them to several of its processes, again and again."""

    def __init__(self, name: str, *, folder: Path, seed: str, vault: Vault) -> None:
        """Each token is redacted to ``name`` and a number; ``vault`` is this process' own."""
        self._name = name
        self._folder = folder
        self._seed = seed
        self._vault = vault
        self._kept: set[bytes] = set()
        self._lock = threading.Lock()

    def keep(self, token: str) -> None:
        """Add a token to this process's vault, and store it for the other processes."""
        digest = hashlib.sha256(token.encode()).digest()
        with self._lock:
            if digest in self._kept or len(self._kept) >= MOST_TOKENS:
                return
            self._kept.add(digest)
            # The number is the process' own, so that two of them never write to one file.
            self._secret(f"{self._name} {os.getpid()}-{len(self._kept)}").keep(token)

    def learn(self) -> None:
        """Add the tokens of all processes of the run to this process's vault."""
        for path in sorted(self._folder.glob(f"{self._name} *.sealed")):
            self._secret(path.stem).opened()

    def _secret(self, name: str) -> IssuedSecret:
        return IssuedSecret(name, folder=self._folder, seed=self._seed, vault=self._vault)


def _lock(seed: str) -> Fernet:
    from cryptography.fernet import Fernet  # takes a while to import, and few runs need it

    return Fernet(base64.urlsafe_b64encode(hmac.new(seed.encode(), b"handed out", hashlib.sha256).digest()))
