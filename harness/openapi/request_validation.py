"""Requests held against the spec, in words: the operation, its parameters, its body."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from harness.openapi.spec_document import Spec


def request_violations(
    spec: Spec, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes
) -> list[str]:
    """Return how a request breaks the document, in words; empty when it conforms.

    ``target`` is a URL, or the path and query of one. Whether credentials are there is not looked at.
    """
    operation = spec.find(method, target)
    if operation is None:
        return [f"{method} {urlsplit(target).path}: no operation of {spec.source} describes this call"]
    found = spec.inputs(operation).look(target, headers, body).violations
    return [f"{operation.label}: {violation}" for violation in found]
