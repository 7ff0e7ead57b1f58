"""References to secrets: what configuration may hold in place of a value."""

from __future__ import annotations

import re

REFERENCE = re.compile(r"(env|file|fresh):\S+|command:\S.*")


class SecretRef(str):
    """Where a secret is found, as written in harness.toml; never the secret.

    ``env:NAME`` is an environment variable, ``file:PATH`` the content of a file without its last line break,
    ``command:WORDS`` what a command prints, likewise, and ``fresh:NAME`` a random value made for this run and given to
    the target's processes under that name.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> SecretRef | None:
        """Read ``text`` as a reference; None when it is not one."""
        return cls(text) if REFERENCE.fullmatch(text) else None

    @property
    def kind(self) -> str:
        """``env``, ``file``, ``command`` or ``fresh``."""
        return self.partition(":")[0]

    @property
    def name(self) -> str:
        """The variable's name, the file's path or the words of the command."""
        return self.partition(":")[2]
