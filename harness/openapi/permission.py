"""What the requests that the harness makes up may do at the provider: one guard, asked before each of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import httpx

from harness.core.pointers import at_key
from harness.errors import SpecError
from harness.http.message import SAFE_METHODS
from harness.http.provider_client import json_of
from harness.model.config import Probes
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

MOST_WRONG_CREDENTIALS = 5
"""Requests of one run with a wrong credential, or with none: vendors lock accounts."""


UNKNOWN_PATH = "/harness-asks-for-a-path-that-no-server-has"
"""Below the base URL; it may be read whatever is selected, and its answer is what a server answers to unknown paths."""


class WrongCredentials:
    """Counts the requests of one run that do not carry the right credential, over all its processes."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is the run's own; each request leaves a file there."""
        self._folder = folder

    def take(self) -> bool:
        """Whether one more may be sent."""
        for number in range(MOST_WRONG_CREDENTIALS):
            try:
                os.close(os.open(self._folder / f"wrong-credential-{number}", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            return True
        return False


class Permission:
    """Decides about each request, by the URL that it really has; thread-safe."""

    def __init__(
        self,
        spec: Callable[[], Spec],
        selected: Callable[[], Collection[str]],
        *,
        probes: Probes,
        destructive: bool,
        wrong_credentials: WrongCredentials | None,
        always: str | None = None,
    ) -> None:
        """``selected`` returns the labels that ``include`` and ``exclude`` leave.

        ``wrong_credentials`` is None where each operation may be tried with those; ``always`` is the path
        of a URL that the user named, which may be read whatever the rest allows.
        """
        self._spec = spec
        self._selected = selected
        self.probes = probes
        self._destructive = destructive
        self._wrong_credentials = wrong_credentials
        self._always = always
        self._created: set[str] = set()
        self._lock = threading.Lock()

    @property
    def spares_credentials(self) -> bool:
        """Whether wrong credentials are sent as rarely as possible."""
        return self._wrong_credentials is not None

    @cached_property
    def labels(self) -> frozenset[str]:
        """The operations that may be called at all; DELETE among them only where anything may be deleted."""
        return frozenset(label for label in self._all_selected if self.allows_method(label.partition(" ")[0]))

    @cached_property
    def chained(self) -> frozenset[str]:
        """The operations of chains: with DELETE where the run may delete what it created."""
        deletes = (label for label in self._all_selected if label.startswith("DELETE "))
        return self.labels | (frozenset(deletes) if self.probes is Probes.WRITE else frozenset())

    def allows_method(self, method: str) -> bool:
        """Whether a request of that method may be sent anywhere."""
        if self.probes is Probes.NONE:
            return False
        if method.upper() in (*SAFE_METHODS, _QUERY):
            return True
        return self.probes is Probes.WRITE and (self._destructive or method.upper() != "DELETE")

    def refusal(self, method: str, url: httpx.URL | str, *, authenticated: bool = True) -> str:
        """Return why a request may not be sent, empty where it may.

        ``authenticated``: it carries the right credential, or there is none.
        """
        operation, path = self._operation(method, url), urlsplit(str(url)).path
        if (method.upper(), path) != ("GET", self._always):
            if refused := self._refused_by_method(method, url):
                return refused
            if operation is None and self.probes is Probes.READ and method.upper() not in _READS:
                return f"the spec does not describe {method.upper()} {path}"
            if not self._is_selected(operation, method, url):
                label = operation.label if operation else f"{method.upper()} {path}"
                return f"include and exclude leave out {label}"
        if authenticated or self._wrong_credentials is None:
            return ""
        return self._refused_credential(method, operation)

    def observe(self, response: httpx.Response) -> None:
        """Note what a request created: that may be deleted (RFC 9110 section 15.3.2)."""
        request = response.request
        if response.status_code != httpx.codes.CREATED or request.method in SAFE_METHODS:
            return
        url = str(request.url)
        found = {url} if request.method == "PUT" else set()
        if location := response.headers.get("location"):
            found.add(urljoin(url, location))
        made_id = at_key(json_of(response), "id") if request.method == "POST" else None
        if isinstance(made_id, str | int) and made_id != "":
            found.add(f"{url.partition('?')[0].rstrip('/')}/{quote(str(made_id), safe='')}")
        with self._lock:
            self._created |= {_place(each) for each in found}

    def secured(self, request: httpx.Request) -> str | None:
        """Return the label of the operation that a request goes to; None where it alone asks for no credential."""
        operation = self._operation(request.method, request.url)
        if (request.method, request.url.path) == ("GET", self._always):
            return f"GET {request.url.path}"
        return operation.label if operation is not None and (operation.is_secured or not self._any_secured) else None

    @cached_property
    def _any_secured(self) -> bool:
        return any(operation.is_secured for operation in self._spec().operations)

    def created(self, url: httpx.URL | str) -> bool:
        """Whether this process created what is at ``url``."""
        with self._lock:
            return _place(str(url)) in self._created

    def _refused_by_method(self, method: str, url: httpx.URL | str) -> str:
        if self.allows_method(method):
            return ""
        if method.upper() != "DELETE" or self.probes is not Probes.WRITE:
            return f'[provider] probes is "{self.probes}", which allows no {method.upper()}'
        return "" if self.created(url) else "[provider] destructive is not set, and this run did not create it"

    def _is_selected(self, operation: Operation | None, method: str, url: httpx.URL | str) -> bool:
        """Whether ``include`` and ``exclude`` leave the operation; of an undescribed one, all others of its path."""
        selected = self._all_selected
        if operation is not None:
            return operation.label in selected
        if len(selected) == len(self._spec().places):
            return True
        if method.upper() in _READS and UNKNOWN_PATH in urlsplit(str(url)).path:
            return True
        known = [found for each in _METHODS if (found := self._operation(each, url))]
        return bool(known) and all(found.label in selected for found in known)

    @cached_property
    def _all_selected(self) -> frozenset[str]:
        return frozenset(self._selected())

    def _operation(self, method: str, url: httpx.URL | str) -> Operation | None:
        try:
            return self._spec().find(method, url)
        except SpecError:
            return None  # which the checks of the document report

    def _refused_credential(self, method: str, operation: Operation | None) -> str:
        assert self._wrong_credentials is not None
        if operation is not None and not operation.is_secured:
            return ""
        if method.upper() != "GET":
            return f"{method.upper()} is not tried with a wrong credential at a provider that may lock the account"
        if not self._wrong_credentials.take():
            return f"{MOST_WRONG_CREDENTIALS} requests of this run had a wrong credential, and vendors lock accounts"
        return ""


_QUERY = "QUERY"
"""Safe by its definition (OpenAPI 3.2, Path Item Object; the IETF's HTTP QUERY method)."""
_READS = frozenset({"GET", "HEAD"})
"""Methods that are tried at a path for which the document does not describe them."""
_METHODS = (*sorted(SAFE_METHODS), "POST", "PUT", "PATCH", "DELETE")


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path.rstrip('/')}"
