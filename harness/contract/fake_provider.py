"""A fake provider for tests, built on pytest-httpserver, that validates test and client against the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_httpserver import HTTPServer
from pytest_httpserver.httpserver import METHOD_ALL

from harness.contract.conformance import response_violations
from harness.errors import SpecError, nearest
from harness.http.message import Request, Response

if TYPE_CHECKING:
    from pytest_httpserver import RequestMatcher

    from harness.openapi.spec_document import Spec

HOST = "127.0.0.1"


class FakeProvider(HTTPServer):
    """Answers as the test registers with ``expect_request`` and the like, on a free loopback port.

    Each request and each response is validated against the document. A violation is answered with status 500 and the
    reason, and added to pytest-httpserver's own assertions, as is a request without a registered handler.
    """

    def __init__(self, spec: Spec) -> None:
        """``spec`` is the document; paths are registered as it writes them, without the path of its servers."""
        super().__init__(host=HOST, port=0)
        self.spec = spec

    @property
    def base_url(self) -> str:
        """What the client under test is to call."""
        return self.url_for("").rstrip("/")

    @property
    def complaints(self) -> list[str]:
        """Everything that went wrong so far, one paragraph for each."""
        return [*map(str, self.assertions), *(f"{type(exc).__name__}: {exc}" for exc in self.handler_errors)]

    def create_matcher(self, *args: Any, **kwargs: Any) -> RequestMatcher:
        """Refuse to expect what the document does not describe; raises `SpecError` with the nearest operation."""
        matcher = super().create_matcher(*args, **kwargs)
        if isinstance(matcher.uri, str) and isinstance(matcher.method, str):
            known = [*self.spec.methods]
            any_method = matcher.method == METHOD_ALL
            if not any(self.spec.find(method, matcher.uri) for method in (known if any_method else [matcher.method])):
                label = matcher.uri if any_method else f"{matcher.method} {matcher.uri}"
                raise SpecError(
                    f"fake provider: no operation of {self.spec.source} describes {label}. "
                    f"{nearest(label, self.spec.places)}"
                )
        return matcher

    def dispatch(self, request: Any) -> Any:
        """Answer one request of werkzeug as it was registered, where request and response conform to the document."""
        before = len(self.assertions)
        response = super().dispatch(request)
        pending = getattr(self, "_readiness_check_pending", False)  # older versions of pytest-httpserver have no check
        if pending or len(self.assertions) > before:  # nothing was registered for it
            return response
        if violations := self._violations(request, response):
            text = "\n".join(
                [f"The fake provider of {self.spec.source} received what the document does not allow:", *violations]
            )
            self.add_assertion(text)
            return type(response)(text, status=500, content_type="text/plain; charset=utf-8")
        return response

    def _violations(self, request: Any, response: Any) -> list[str]:
        target = str(request.environ.get("REQUEST_URI") or request.full_path)
        received = Request(
            method=request.method,
            url=f"{self.base_url}{target}",
            headers=tuple(request.headers.items()),
            body=request.get_data(),
        )
        response.direct_passthrough = False  # a file is validated too
        answer = Response(
            status=response.status_code, headers=tuple(response.headers.items()), body=response.get_data()
        )
        found = self.spec.request_violations(received)
        if operation := self.spec.find(received.method, target):
            found += [f"{where}: {violation}" for where, violation in response_violations(self.spec, received, answer)]
            if operation.raw.responses.find_by_status_code(answer.status) is None:
                found.append(f"{operation.label} answering {answer.status}: the document describes no such response")
        return [f"  {violation}" for violation in found]
