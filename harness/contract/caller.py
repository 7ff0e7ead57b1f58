"""Valid calls that the harness makes by itself: made from the document, authenticated, polite, every answer checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import httpx
import msgspec

from harness.model import Finding, Outcome
from harness.openapi.document import Described, Document
from harness.openapi.spec_document import Spec

ITEM = "contract.fuzz"
LIMITED = frozenset({429, 503})
PATIENCE = 5
"""Calls repeated because the provider asked to wait, and the longest wait in seconds that is put up with."""
LONGEST_WAIT_S = 20.0


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One call that was made, with what it was answered."""

    operation: Described
    path: str
    """Without the base URL; parameters filled in."""
    body: Any
    """JSON; None when none was sent."""
    response: httpx.Response

    @property
    def document(self) -> Any:
        """The JSON of the answer, None when it is none."""
        try:
            return self.response.json()
        except ValueError:
            return None


class Caller:
    """Calls the provider as an honest client would, and notes what of each answer breaks the document."""

    def __init__(
        self,
        spec: Spec,
        client: httpx.Client,
        headers: Mapping[str, str],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``headers`` authenticate."""
        self.spec = spec
        self.document = Document(spec.document)
        self.operations = {o.label: o for o in self.document.operations()}
        self._client = client
        self._headers = dict(headers)
        self._sleep = sleep
        self.calls = 0
        self.violations: dict[tuple[str, str], str] = {}
        """By operation and what is wrong: an example."""

    def call(
        self,
        operation: Described,
        path: str,
        body: Any = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        authenticated: bool = True,
    ) -> Sample:
        """Make one call; 429 and 503 are repeated as ``Retry-After`` asks. Raises `httpx.TransportError`.

        ``content`` is sent as it is, in place of ``body``.
        """
        sent = {**(self._headers if authenticated else {}), **(headers or {})}
        for _ in range(PATIENCE):
            request = self._client.build_request(
                operation.method, path.lstrip("/"), json=body, content=content, params=params, headers=sent
            )
            response = self._client.send(request)
            self.calls += 1
            self._note(operation, response)
            if response.status_code not in LIMITED:
                break
            self._sleep(_asked(response))
        return Sample(operation=operation, path=path, body=body, response=response)

    def complain(self, operation: str, complaint: str, example: str) -> None:
        """Note what is wrong with an operation, once; ``complaint`` says it without anything of the example."""
        self.violations.setdefault((operation, complaint), example)

    def findings(self) -> list[Finding]:
        """Return one finding for each thing that was noted."""
        return [
            broken(operation, "answers", complaint, example)
            for (operation, complaint), example in self.violations.items()
        ]

    def _note(self, operation: Described, response: httpx.Response) -> None:
        called = f"{operation.method} {response.request.url.path} answered {response.status_code}"
        described = self.spec.find(operation.method, response.request.url)
        for violation in described.violations(response) if described else ():
            self.complain(operation.label, violation.partition(":")[0], f"{called}: {violation}")
        if response.status_code in LIMITED and "retry-after" not in response.headers:
            said = f"answers {response.status_code} without Retry-After"
            self.complain(operation.label, said, f"{called} (RFC 6585 section 4, RFC 9110 section 10.2.3)")

    def documented(self, operation: Described, status: int) -> dict[str, Any]:
        """Return the documented response for a status: the exact one, its range, or the default; else an empty one."""
        responses = self.document.responses(operation)
        return next((responses[k] for k in (str(status), f"{status // 100}XX", "default") if k in responses), {})


def broken(
    subject: str,
    check: str,
    cause: str,
    observed: str,
    *,
    expected: str = "what the spec says",
    source: str = "the spec",
) -> Finding:
    """Return a finding that the provider breaks its contract, named after operation, check and cause.

    ``cause`` holds nothing of the example that showed it, which belongs into ``observed``.
    """
    summary = f"{subject}: {cause}"
    found = Finding(
        item=ITEM, outcome=Outcome.FAIL, summary=summary, expected=expected, observed=observed, source=source
    )
    return found.named(subject, check, cause)


def _asked(response: httpx.Response) -> float:
    """Return how many seconds to wait before the call is repeated."""
    told = response.headers.get("retry-after", "1")
    return min(float(told), LONGEST_WAIT_S) if told.isdigit() else 1.0


def same_resource(first: Sample, second: Sample) -> bool:
    """Whether two answers speak of one resource: by ``Location`` or ``id`` where there is one, else by all they say."""
    locations = [s.response.headers.get("location") for s in (first, second)]
    if all(locations):
        return bool(locations[0] == locations[1])
    documents = [s.document for s in (first, second)]
    with suppress(KeyError, TypeError):
        return bool(documents[0]["id"] == documents[1]["id"])
    return bool(documents[0] == documents[1])
