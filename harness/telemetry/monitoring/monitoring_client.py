"""One GET of Prometheus or Alertmanager: bounded, with an error that names what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

import httpx
import msgspec

from harness.errors import MonitoringError, one_line
from harness.http.client import read_bounded

MAX_BYTES = 32 << 20
"""Of one answer: the rules of a Prometheus of a whole company are some MiB."""
WITHIN_S = 15.0
ERROR_CHARS = 300
_USERINFO = re.compile(r"//[^/@]*@")

T = TypeVar("T")


class MonitoringClient:
    """Asks one server, Prometheus or Alertmanager."""

    def __init__(self, program: str, url: str, client: httpx.Client, *, where: str, token: str = "") -> None:
        """``program`` is its name, ``where`` names it in errors; ``token`` is sent as bearer token, empty for none."""
        self.program = program
        self.url = url.rstrip("/")
        self.client = client
        self.headers = {"authorization": f"Bearer {token}"} if token else {}
        self._where = where

    @property
    def name(self) -> str:
        """What errors call it: where it is described, and its URL without credentials."""
        return f"{self._where}: {_USERINFO.sub('//', self.url)}"

    def get(self, path: str, params: Mapping[str, str | Sequence[str]] | None = None) -> httpx.Response:
        """Return the answer to a GET, whatever its status; raises `MonitoringError`."""
        try:
            response = read_bounded(
                self.client,
                f"{self.url}{path}",
                max_bytes=MAX_BYTES,
                within_s=WITHIN_S,
                params=params,
                headers=self.headers,
            )
        except httpx.TransportError as exc:
            raise self.unreachable(exc) from None
        self.require_access(response)
        return response

    def unreachable(self, exc: httpx.TransportError) -> MonitoringError:
        """Return the error of a server that gives no answer."""
        return MonitoringError(
            f"{self.name} does not answer ({one_line(exc)}). Start {self.program} there, or correct the URL."
        )

    def require_access(self, response: httpx.Response) -> None:
        """Raise `MonitoringError` where the answer is a refusal or leads elsewhere."""
        status = response.status_code
        if status in {401, 403}:
            if self.headers:
                remedy = "It does not accept the token of [telemetry.alerts] token: name a valid one."
            else:
                remedy = 'It is behind a credential: name one, such as [telemetry.alerts] token = "env:NAME".'
            raise MonitoringError(f"{self.name} answered HTTP {status}. {remedy}")
        if response.is_redirect:
            raise MonitoringError(
                f"{self.name} answered HTTP {status}, a redirect. Name the URL to which it leads; where that is a page "
                f"for signing in, name a URL at which {self.program} answers with a token."
            )

    def decoded(self, response: httpx.Response, kind: type[T]) -> T:
        """Read JSON; raises `MonitoringError` for anything else."""
        try:
            return msgspec.json.decode(response.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self.foreign(response) from None

    def foreign(self, response: httpx.Response) -> MonitoringError:
        """Return the error of an answer that the program does not give."""
        content_type = response.headers.get("content-type", "no content type").partition(";")[0]
        path = response.request.url.path
        return MonitoringError(
            f"{self.name} is not {self.program}: {path} was answered with HTTP {response.status_code} and "
            f"{content_type}, in another form than its own. Name the URL of {self.program} itself, with the path "
            "before /api."
        )

    def too_old(self, path: str, since: str) -> MonitoringError:
        """Return the error of a server without an endpoint."""
        return MonitoringError(
            f"{self.name} has no {path} (HTTP 404), which {self.program} has since {since}. Update it, or correct the "
            "URL if the path before /api is missing."
        )
