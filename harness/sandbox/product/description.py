"""The API's own description, and requests held against it: what it promises and what is checked cannot differ."""

from __future__ import annotations

import json
from functools import cached_property
from importlib import resources
from typing import Any

import jsonschema_rs
import yaml

from harness.sandbox.product.problems import ProblemError


class Description:
    """The OpenAPI document shipped with the product."""

    @cached_property
    def text(self) -> str:
        """The document as written."""
        return resources.files("harness.sandbox").joinpath("openapi.yaml").read_text(encoding="utf-8")

    @cached_property
    def document(self) -> dict[str, Any]:
        """The document as data."""
        document: dict[str, Any] = yaml.load(self.text, yaml.CSafeLoader)
        return document

    @cached_property
    def _validators(self) -> dict[str, Any]:
        components = {"components": self.document["components"]}
        schemas = self.document["components"]["schemas"]
        return {n: jsonschema_rs.Draft202012Validator({**s, **components}) for n, s in schemas.items()}

    def body(self, schema: str, raw: bytes, content_type: str) -> Any:
        """Return the JSON body that conforms to ``schema``; raises 415, 400 or 422."""
        if content_type.partition(";")[0].strip().lower() != "application/json":
            raise ProblemError(415, "Send the body as application/json.")
        try:
            document = json.loads(raw)
            # Half a surrogate pair is no text: it could be neither stored nor answered (RFC 8259 section 8.2).
            json.dumps(document, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise ProblemError(400, "The body is not JSON.") from None
        errors = [
            {"pointer": "".join(f"/{step}" for step in e.instance_path), "detail": e.message[:200]}
            for e in self._validators[schema].iter_errors(document)
        ]
        if errors:
            raise ProblemError(422, "The body does not fit.", errors=errors)
        return document

    def fits(self, schema: str, value: str) -> bool:
        """Whether ``value`` conforms to the named schema."""
        return bool(self._validators[schema].is_valid(value))
