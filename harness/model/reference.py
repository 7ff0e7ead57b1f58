"""References to secrets: what configuration may hold in place of a value."""

from __future__ import annotations

import re

_REFERENCE = re.compile(r"(env|file|fresh):(\S+)")


class SecretRef(str):
    """Where a secret is found, as written in harness.toml; never the secret.

    ``env:NAME`` is an environment variable, ``file:PATH`` the content of a file without its last line break, and
    ``fresh:NAME`` a random value made for this run and given to the target's processes under that name.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> SecretRef | None:
        """Read ``text`` as a reference; None when it is not one."""
        return cls(text) if _REFERENCE.fullmatch(text) else None

    @property
    def kind(self) -> str:
        """``env``, ``file`` or ``fresh``."""
        return self.partition(":")[0]

    @property
    def name(self) -> str:
        """The variable's name or the file's path."""
        return self.partition(":")[2]
