"""Which credentials an operation takes: those of its security schemes, where ``[provider.credentials]`` has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from harness.contract.credential_forms import Credential
from harness.errors import SpecError
from harness.http.credential_places import spelled
from harness.http.request_credential import RequestCredential
from harness.openapi.operation import METHODS, Operation
from harness.openapi.security_schemes import chosen
from harness.openapi.spec_document import Spec

Parts = tuple[Credential, ...]
"""What a call carries together, such as the id of an application and its key."""


class OperationCredentials:
    """The credentials by the name of their scheme; an operation that takes none of them takes ``[provider] auth``."""

    def __init__(self, spec: Callable[[], Spec], named: Mapping[str, Credential]) -> None:
        """``spec`` is asked for when an operation is first looked for."""
        self._spec = spec
        self._named = named
        self._made: dict[tuple[str, ...], RequestCredential] = {}

    def names(self, operation: Operation | None) -> tuple[str, ...]:
        """Return the schemes whose credentials an operation takes together; empty for ``[provider] auth``."""
        return chosen(operation.security, self._named) if operation is not None else ()

    def parts(self, names: Iterable[str]) -> Parts:
        """Return the credentials of these schemes."""
        return tuple(self._named[name] for name in names)

    def names_at(self, method: str, url: str) -> tuple[str, ...]:
        """Return the same for the operation of a request; a method that its path does not have takes what others do."""
        methods = dict.fromkeys((method.upper(), *map(str.upper, METHODS)))
        found = (operation for each in methods if (operation := self._at(each, url)) is not None)
        return self.names(next(found, None))

    def choose(self, method: str, url: str) -> RequestCredential | None:
        """Return what a request authenticates with; None for ``[provider] auth``."""
        names = self.names_at(method, url)
        if not names:
            return None
        parts = self.parts(names)
        return self._made.setdefault(names, RequestCredential(lambda: headers_of(parts)))

    def _at(self, method: str, url: str) -> Operation | None:
        with suppress(SpecError, ValueError):  # the checks of the document report the one; the other cannot be sent
            return self._spec().find(method, url)
        return None


def headers_of(parts: Sequence[Credential]) -> dict[str, str]:
    """Return the headers of an honest call."""
    return {name: value for part in parts for name, value in part.headers().items()}


class WrongHeaders(NamedTuple):
    """The headers of a call that does not carry the right credentials."""

    headers: dict[str, str]
    alone: str = ""
    """The name of the one credential that is not the right one; empty where none is, or there is one in all."""


def altered(parts: Parts, change: Callable[[Credential], dict[str, str]]) -> list[WrongHeaders]:
    """Return the headers with every part changed and, of several, with each alone changed beside the right others."""
    all_changed = {name: value for part in parts for name, value in change(part).items()}
    each = [beside(parts, part, change(part)) for part in parts] if len(parts) > 1 else []
    return [WrongHeaders(all_changed), *each]


def beside(parts: Parts, wrong: Credential, headers: dict[str, str]) -> WrongHeaders:
    """Return the headers of one credential beside the right ones of all others."""
    right = headers_of([part for part in parts if part is not wrong])
    return WrongHeaders(right | headers, spelled(wrong.header) if right else "")
