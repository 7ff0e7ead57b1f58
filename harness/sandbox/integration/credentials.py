"""Credentials: from an environment variable, or from a file that is read again whenever the value is needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


class CredentialError(Exception):
    """A credential that is not there; the message names the variable and never a value."""


class ApiCredential:
    """One secret. A file may be replaced while the process runs: each use reads its current content."""

    def __init__(self, name: str, *, value: str = "", path: Path | None = None) -> None:
        """``name`` is what messages call it; ``value`` is what counts until the file, if there is one, is read."""
        self.name = name
        self._path = path
        self._value = value
        self._seen = {value} - {""}

    @classmethod
    def from_environment(cls, name: str, environ: Mapping[str, str]) -> ApiCredential:
        """Read ``NAME_FILE``, else ``NAME``; raises `CredentialError` when both are empty."""
        path, value = environ.get(f"{name}_FILE", ""), environ.get(name, "")
        credential = cls(name, path=Path(path)) if path else cls(name, value=value)
        if not credential.current():
            where = f"The file {path} that {name}_FILE names is missing or empty." if path else f"{name} is not set."
            raise CredentialError(
                f"{where} The sandbox reads its credentials from {name}, or from a file: {name}_FILE."
            )
        return credential

    def current(self) -> str:
        """Return the value as of now; while a file is missing or empty, the last good one."""
        if self._path is not None:
            try:
                found = self._path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                found = ""
            self._value = found or self._value
            self._seen |= {self._value} - {""}
        return self._value

    def renewed(self, used: str) -> bool:
        """Whether there is another value than the one that was refused."""
        return self.current() != used

    @property
    def seen(self) -> frozenset[str]:
        """Every value this process ever had: what may never be logged."""
        return frozenset(self._seen)

    def __repr__(self) -> str:
        """Show only the name."""
        return f"Credential({self.name!r})"
