"""What the body of a scripted error holds: the provider's own shape, since SDKs judge an error by its body."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.core.encodable import json_bytes
from harness.core.pointers import mapped
from harness.errors import HarnessError
from harness.http.message import Request, Response, is_json, reason_phrase

if TYPE_CHECKING:
    from harness.openapi.error_examples import ErrorExamples

TEXT = "scripted fault"
"""The title of a scripted error."""


class ScriptedBody(NamedTuple):
    """A body with its media type."""

    media_type: str
    content: bytes


SCRIPTED = ScriptedBody("application/problem+json", json_bytes({"title": TEXT}))
"""Where nothing shows the provider's own shape (RFC 9457)."""


class ErrorBodies:
    """The bodies of errors, from harness.toml, else from the document, else a recorded one."""

    def __init__(
        self,
        template: Mapping[str, Any] | str | None = None,
        *,
        described: Callable[[], ErrorExamples | None] = lambda: None,
        recorded: Callable[[], Iterable[Response]] = tuple,
    ) -> None:
        """``template`` is that of harness.toml; ``described`` and ``recorded`` are asked once, where there is none.

        Both may raise `HarnessError`, and are then left out: others report it.
        """
        self._template = template
        self._described_by = described
        self._recorded_in = recorded

    def prepare(self) -> None:
        """Do all that takes time, so that no answer waits for it."""
        if self._template is None and self._described is None:
            assert self._recorded is not None

    def __call__(self, request: Request, status: int) -> ScriptedBody:
        """Return the body of an error that answers a request."""
        if self._template is not None:
            return _filled(self._template, status)
        if self._described and (found := self._described.find(request.method, request.path, status)):
            return ScriptedBody(found.media_type, json_bytes(found.content))
        return self._recorded_for(status) or SCRIPTED

    def _recorded_for(self, status: int) -> ScriptedBody | None:
        by_nearness = sorted(self._recorded, key=lambda r: (r.status != status, r.status // 100 != status // 100))
        return next((ScriptedBody(r.header("content-type"), r.body) for r in by_nearness), None)

    @cached_property
    def _described(self) -> ErrorExamples | None:
        with suppress(HarnessError):
            if (found := self._described_by()) is not None:
                found.prepare()
                return found
        return None

    @cached_property
    def _recorded(self) -> tuple[Response, ...]:
        with suppress(HarnessError):
            return tuple(r for r in self._recorded_in() if r.status >= 400 and is_json(r.header("content-type")))
        return ()


def _filled(template: Mapping[str, Any] | str, status: int) -> ScriptedBody:
    """Return the template with ``{status}`` and ``{title}`` in it; a text that is only the status becomes a number."""
    title = reason_phrase(status) or TEXT

    def put(value: Any) -> Any:
        if value == "{status}":
            return status
        return value.replace("{status}", str(status)).replace("{title}", title) if isinstance(value, str) else value

    if isinstance(template, str):
        kind = "application/xml" if template.lstrip().startswith("<") else "text/plain; charset=utf-8"
        return ScriptedBody(kind, str(put(f" {template}"))[1:].encode())
    return ScriptedBody("application/json", json_bytes(mapped(dict(template), put)))
