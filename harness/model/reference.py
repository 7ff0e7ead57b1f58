"""References to secrets: what configuration may hold in place of a value."""

from __future__ import annotations

import re

KINDS = {
    "env": "the environment variable of that name",
    "file": "the content of the file, without its last line break",
    "fresh": "a random value made for this run and given to the target's processes under that name",
}
_REFERENCE = re.compile(r"(env|file|fresh):(\S+)")

# Shapes that no configuration value has by accident: well-known prefixes, JWTs, PEM blocks, URLs with a password.
_TOKEN_SHAPES = re.compile(
    r"\b(sk|rk|pk)_(live|test)_\w{8,}|\bwhsec_[\w+/=]{8,}|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bxox[abprs]-[\w-]{10,}"
    r"|\bAKIA[A-Z0-9]{16}\b|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY|\bBearer +\S{8,}|://[^/\s:@]+:[^/\s@]+@"
)
_SECRET_NAME = re.compile(
    r"(?i)(?<!public)(^|[_.-])(token|secret|password|passwd|pwd|api_?key|access_?key|private_?key|key)$"
)


class SecretRef(str):
    """Where a secret is found, as written in harness.toml (``env:NAME``); never the secret."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> SecretRef | None:
        """Return the reference that ``text`` is, or None when it is none."""
        return cls(text) if _REFERENCE.fullmatch(text) else None

    @property
    def kind(self) -> str:
        """``env``, ``file`` or ``fresh``."""
        return self.partition(":")[0]

    @property
    def name(self) -> str:
        """The variable's name or the file's path."""
        return self.partition(":")[2]


def looks_like_secret(key: str, value: str) -> bool:
    """Tell whether ``value``, standing at ``key``, looks like a secret written literally."""
    if not value or SecretRef.parse(value) or value.startswith("{"):
        return False
    return bool(_TOKEN_SHAPES.search(value) or _SECRET_NAME.search(key))
