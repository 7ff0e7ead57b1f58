"""A URL registered with the provider for its webhooks, and taken back at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from harness.contract.caller import Caller
from harness.contract.sample import Sample
from harness.core.cutting import cut
from harness.core.pointers import at_key, mapped
from harness.errors import ProbeError, nearest
from harness.http.provider_client import ProviderClient
from harness.model.config import ProviderWebhooks
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

PLACEHOLDER = "{catcher}"
_WHERE = "harness.toml: [provider.webhooks] register"


class Registration:
    """One registration, by the operation that ``[provider.webhooks]`` names."""

    def __init__(
        self, spec: Spec, client: ProviderClient, settings: ProviderWebhooks, *, keep: Callable[[str], None]
    ) -> None:
        """``client`` authenticates; ``keep`` receives the signing secret from the answer, first of all."""
        self._keep = keep
        self._caller = Caller(spec, client)
        self._settings = settings
        self._made: Sample | None = None

    def begin(self, url: str) -> str:
        """Register ``url``; return why that was not possible, empty when it was, or when there is nothing to do."""
        if self._settings.register is None:
            return ""
        operation = self._caller.operations.get(self._settings.register)
        if operation is None:
            return f"{_WHERE}: {self._settings.register!r}: {nearest(self._settings.register, self._caller.operations)}"
        body = mapped(self._settings.body, lambda v: v.replace(PLACEHOLDER, url) if isinstance(v, str) else v)
        try:
            self._made = self._caller.call(operation, operation.path, body)
        except ProbeError as exc:
            return f"{_WHERE}: {exc}"
        if self._settings.secret_at and self._made.response.is_success:
            return self._hand_over(operation, self._made.document, self._settings.secret_at)
        if not self._made.response.is_success:
            answer = f"{self._made.response.status_code} {cut(self._made.response.text, 200)}"
            return f"{_WHERE}: {operation.label} answered {answer}. Correct [provider.webhooks] body."
        return ""

    def _hand_over(self, operation: Operation, answer: Any, dotted: str) -> str:
        """Store the secret, or return why there is none; of the answer only the names of its keys appear."""
        found = at_key(answer, dotted)
        if isinstance(found, str) and found:
            self._keep(found)
            return ""
        keys = ", ".join(answer) if isinstance(answer, dict) else "no JSON object"
        return (
            f"harness.toml: [provider.webhooks] secret_at: the response of {operation.label} has no text at "
            f"{dotted!r} (it has: {keys}). Set it to the key of the signing secret."
        )

    def end(self) -> None:
        """Take the registration back, where the provider offers that below the path that made it."""
        if self._made is None or not self._made.response.is_success:
            return
        document = self._made.document
        made_id = document.get("id") if isinstance(document, dict) else None
        if made_id is None:
            return
        for deletion in self._deletions(self._made.operation):
            path = f"{self._made.operation.path.rstrip('/')}/{quote(str(made_id), safe='')}"
            try:
                self._caller.call(deletion, path)
            except ProbeError:
                return  # the run is over; the provider forgets an endpoint that never answers

    def _deletions(self, made: Operation) -> Iterator[Operation]:
        below = made.path.rstrip("/") + "/{"
        for operation in self._caller.operations.values():
            rest = operation.path.removeprefix(below)
            if operation.method == "DELETE" and rest != operation.path and rest.count("/") == 0:
                yield operation
