"""Responses seen in passing, held against the spec without the user asking."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

from harness.contract.spec import Spec
from harness.model import Finding, Outcome


class ResponseWatch:
    """An httpx response hook: remembers every response that breaks the spec, and every undocumented call."""

    def __init__(self, spec: Spec, *, item: str) -> None:
        """``item`` is the checklist item that the responses speak to."""
        self._spec = spec
        self._item = item
        self._seen = 0
        self._violations: list[tuple[str, str]] = []

    def __call__(self, response: httpx.Response) -> None:
        """Read and check one response."""
        response.read()
        self._seen += 1
        request = response.request
        operation = self._spec.find(request.method, request.url)
        called = f"{request.method} {request.url.path}"
        if operation is None:
            self._violations.append((called, f"no operation of {self._spec.source} describes this call"))
            return
        where = f"{operation.label} answering {response.status_code}"
        self._violations.extend((where, violation) for violation in operation.violations(response))

    def findings(self) -> Iterator[Finding]:
        """Yield one finding per violation, or one that says how many responses conform; none without a response."""
        for where, violation in self._violations:
            yield self._finding(Outcome.FAIL, f"{where} breaks the spec", violation)
        if self._seen and not self._violations:
            yield self._finding(Outcome.PASS, f"{self._seen} responses conform to the spec", self._spec.source)

    def _finding(self, outcome: Outcome, summary: str, observed: str) -> Finding:
        return Finding(
            item=self._item,
            outcome=outcome,
            summary=summary,
            expected="status, content type, headers and body as the spec describes them",
            observed=observed,
            source=self._spec.source,
        )
