"""One call that was made to the provider, with what it was answered."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from harness.core.cutting import cut
from harness.http.provider_client import json_of
from harness.openapi.operation import Operation
from harness.openapi.response_causes import worded

MOST_SHOWN = 200
"""Characters of an answer that are shown."""


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
    def answer(self) -> str:
        """The status and the first words of what was answered: those of an error, else of the body."""
        words = " ".join(cut(worded(self.response), MOST_SHOWN).split())
        return f"{self.response.status_code}: {words}" if words else str(self.response.status_code)

    @property
    def in_words(self) -> str:
        """The call with its answer."""
        return f"{self.response.request.method} {self.path} answered {self.answer}"
