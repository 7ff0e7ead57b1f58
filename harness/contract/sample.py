"""One call that was made to the provider, with what it was answered."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from harness.http.provider_client import json_of
from harness.openapi.operation import Operation


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One call that was made, with what it was answered."""

    operation: Operation
    path: str
    """Without the base URL; parameters filled in."""
    body: Any
    """JSON; None when none was sent."""
    response: httpx.Response

    @property
    def document(self) -> Any:
        """The JSON of the answer; None if it is not JSON."""
        return json_of(self.response)

    @property
    def in_words(self) -> str:
        """The call, its status and the first words of its answer."""
        method, text = self.response.request.method, " ".join(self.response.text[:200].split())
        return f"{method} {self.path} answered {self.response.status_code}" + (f": {text}" if text else "")
