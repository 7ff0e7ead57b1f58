"""Secret values: resolved from references, held so that they cannot be printed or sent by accident."""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from harness.core.foreign_files import read_text
from harness.core.output import announce
from harness.errors import SecretError
from harness.model import SecretRef
from harness.secrets.beginnings import Beginnings
from harness.secrets.command_output import command_output
from harness.secrets.forms import forms_to_redact
from harness.secrets.known_values import KnownValues
from harness.secrets.redaction.cut_secrets import Forms, without_parts
from harness.secrets.redaction.encoded_parts import EncodedParts
from harness.secrets.scan import Scanner


class Secret:
    """A value that shows its name alone."""

    __slots__ = ("_value", "name")

    def __init__(self, name: str, value: str) -> None:
        """``name`` is the reference it was resolved from."""
        self.name = name
        self._value = value

    def reveal(self) -> str:
        """Return the value; use it in as few places, and for as short a time, as possible."""
        return self._value

    def __repr__(self) -> str:
        return f"<secret {self.name}>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self!r} cannot be pickled: a secret does not leave its process.")


class Vault:
    """All secrets of one run."""

    def __init__(
        self,
        *,
        seed: str,
        root: Path,
        shapes: Mapping[str, Callable[[bytes], str]] = MappingProxyType({}),
        printed: dict[str, str] | None = None,
        secret: bool = True,
    ) -> None:
        """``seed`` is what ``fresh:`` values are derived from; ``root`` is where ``file:`` paths and commands start.

        ``shapes`` has, by the NAME of ``fresh:NAME``, what writes 32 random bytes where the value must have some form.
        ``printed`` has what the commands of this run have printed, and takes what others print. Unless they are
        ``secret``, commands print its values as they are.
        """
        self._seed = seed
        self._shapes = shapes
        self._root = root
        self._printed = {} if printed is None else printed
        self._failed: dict[str, str] = {}
        self._known: dict[str, Secret] = {}
        self._forms: dict[str, Forms] = {}
        self._values = KnownValues()
        self._beginnings: Beginnings | None = None
        self._parts: EncodedParts | None = None
        self._scanner: Scanner | None = None
        if secret:
            announce(self)

    def __repr__(self) -> str:
        return f"<vault of {', '.join(sorted(self._known)) or 'nothing'}>"

    def resolve(self, ref: SecretRef, where: str) -> Secret:
        """Return the secret behind ``ref``; raises `SecretError` with ``where`` it is used and what to do next."""
        if ref not in self._known:
            kinds = {"env": self._env, "file": self._file, "command": self._command, "fresh": self._fresh}
            value = kinds[ref.kind](ref.name, where)
            self.add(str(ref), value)
        return self._known[ref]

    def resolve_all(self, references: Sequence[tuple[str, SecretRef]], *, strict: bool) -> None:
        """Resolve every reference, so that all values are known to `redact` and `scanner`.

        With ``strict`` the first that does not resolve raises; without, such are passed over.
        """
        for where, ref in references:
            try:
                self.resolve(ref, f"harness.toml: {where}")
            except SecretError:
                if strict:
                    raise

    def add(self, name: str, value: str) -> Secret:
        """Make a further value known under ``name``."""
        before = self._known.get(name)
        self._known[name] = Secret(name, value)
        if before is None:
            self._values.add(name, value)
        elif before.reveal() != value:
            self._values = KnownValues({known: secret.reveal() for known, secret in self._known.items()})
        self._forms[name] = Forms(_placeholder(name), forms_to_redact(value))
        self._beginnings = self._parts = self._scanner = None
        return self._known[name]

    def exported(self) -> dict[str, str]:
        """Return the environment variables with the run's ``fresh:`` secrets for the target's processes."""
        return {n.partition(":")[2]: s.reveal() for n, s in self._known.items() if n.startswith("fresh:")}

    def redact(self, text: str) -> str:
        """Return ``text`` with every known value, in every encoding, replaced by its name, also what a cut left."""
        return without_parts(self.redact_whole(text), tuple(self._forms.values()), self._encoded_parts)

    def redact_whole(self, text: str) -> str:
        """Return ``text`` with every known value replaced, and nothing else: for contents, which nobody cuts.

        A provider may show the beginning of a key on purpose, and a recording has what it sent.
        """
        return self._values.replace(text, lambda name: self._forms[name].placeholder)

    def unfinished(self, text: str) -> int:
        """Return how many characters at the end of a text may be the beginning of a value whose rest follows."""
        if (beginnings := self._beginnings) is None:  # another thread may add a value meanwhile
            texts = (form for forms in tuple(self._forms.values()) for form in forms.texts)
            self._beginnings = beginnings = Beginnings(texts)
        part = self._encoded_parts().at_end(text, 1)
        return max(beginnings.at_end(text), part.length if part else 0)

    def _encoded_parts(self) -> EncodedParts:
        """Return what finds parts of values in any encoding."""
        if (parts := self._parts) is None:
            values = {_placeholder(name): secret.reveal() for name, secret in tuple(self._known.items())}
            self._parts = parts = EncodedParts(values)
        return parts

    def scanner(self) -> Scanner:
        """Return a search for every known value."""
        if (scanner := self._scanner) is None:
            self._scanner = scanner = Scanner({name: secret.reveal() for name, secret in tuple(self._known.items())})
        return scanner

    def _env(self, name: str, where: str) -> str:
        value = os.environ.get(name, "")
        if not value:
            state = "is empty" if name in os.environ else "is not set"
            raise SecretError(
                f"{where} refers to env:{name}, and that variable {state}. "
                f"Set it before the run (export {name}=...), or refer to a file as file:PATH."
            )
        return value

    def _file(self, name: str, where: str) -> str:
        try:
            value = read_text(self._root / name).removesuffix("\n")
        except (OSError, UnicodeDecodeError) as exc:
            reason = getattr(exc, "strerror", None) or "it is not UTF-8"
            raise SecretError(
                f"{where} refers to file:{name}, which cannot be read: {reason}. Paths start at {self._root}."
            ) from None
        if not value:
            raise SecretError(f"{where} refers to file:{name}, which is empty. Write the secret to it.")
        return value

    def _command(self, name: str, where: str) -> str:
        """Run a command once in a run; it may ask somebody for consent, or count failures."""
        if name not in self._printed and name not in self._failed:
            try:
                self._printed[name] = command_output(name, self._root)
            except ValueError as exc:
                self._failed[name] = str(exc)
        if name in self._failed:
            raise SecretError(f"{where} refers to command:{name}, {self._failed[name]}")
        return self._printed[name]

    def _fresh(self, name: str, where: str) -> str:  # noqa: ARG002 - the same shape as its siblings
        random = hmac.digest(self._seed.encode(), name.encode(), "sha256")
        return self._shapes[name](random) if name in self._shapes else f"fresh_{random.hex()}"


def _placeholder(name: str) -> str:
    """Return what replaces a value, without characters that would end a text in JSON, HTML or a URL."""
    shown = re.sub(r"[^\w./:@ -]+", "_", name) if name.startswith("command:") else name
    return f"[REDACTED {shown}]"
